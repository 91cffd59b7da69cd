"""The fixture application on python-socketio (ASGI, uvicorn with uvloop and httptools)."""
import os

import socketio
import uvicorn

sio = socketio.AsyncServer(
    async_mode="asgi",
    ping_interval=int(os.environ.get("PING_INTERVAL", "25000")) / 1000,
    ping_timeout=int(os.environ.get("PING_TIMEOUT", "20000")) / 1000,
    max_http_buffer_size=10_000_000,
    cors_allowed_origins="*",
    http_compression=False,
)


@sio.on("echo")
async def echo(sid, v):
    return v


@sio.on("broadcast")
async def broadcast(sid, v):
    await sio.emit("b", v)


@sio.on("join")
async def join(sid, r):
    await sio.enter_room(sid, r)
    return ""


@sio.on("leave")
async def leave(sid, r):
    await sio.leave_room(sid, r)
    return ""


@sio.on("room")
async def room(sid, m):
    await sio.emit("r", m["payload"], room=m["room"], skip_sid=sid)


@sio.on("private")
async def private(sid, to, v):
    await sio.emit("p", v, to=to)


app = socketio.ASGIApp(sio)

if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ.get("PORT", "42100")),
        loop="uvloop",
        http="httptools",
        ws="websockets",
        ws_max_size=16_777_216,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        log_level="error",
        access_log=False,
        backlog=4096,
    )
