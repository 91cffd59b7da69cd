"""What can be put under load, and how it is started."""

import shutil
from pathlib import Path

from .place import BINARIES, LOAD, WORK

FLOOR, REFERENCE, OWN = "floor-batch", "socketioxide", "roomcast"
BUN = WORK / "bun" / "node_modules" / "bun" / "bin" / "bun.exe"

# Name: command, environment.
PEERS = {
    "floor-epoll": ([BINARIES / "floor"], {"IO": "epoll"}),
    "floor-batch": ([BINARIES / "floor"], {"IO": "epoll-batch"}),
    "floor-uring": ([BINARIES / "floor"], {"IO": "uring"}),
    "tokio-lean": ([BINARIES / "floor"], {"IO": "tokio"}),
    "tokio-lean-batch": ([BINARIES / "floor"], {"IO": "tokio-batch"}),
    "uws": ([WORK / "uws" / "uws-fixture"], {}),
    "bun-raw": ([BUN, WORK / "bun" / "raw.js"], {}),
    "socketioxide": ([BINARIES / "peer-socketioxide"], {}),
    "socketioxide-ct": ([BINARIES / "peer-socketioxide"], {"RT": "current"}),
    "bun-engine": ([BUN, WORK / "bun" / "server.js"], {}),
    "node-ws": (["node", WORK / "node" / "server.js"], {}),
    "python": ([WORK / "py" / "v" / "bin" / "python", LOAD / "peers" / "python" / "server.py"], {}),
}

# Ours, used in another way: values are read into a tree and written anew; axum serves instead of our listener.
VARIANTS = {
    "roomcast-value": {"READ_VALUES": "1"},
    "roomcast-axum": {"UNDER_AXUM": "1"},
}

# They speak WebSocket only.
NO_POLLING = {"floor-uring", "tokio-lean", "tokio-lean-batch", "uws", "bun-raw"}
# They do what the measured events need and no more.
IMITATIONS = {"floor-epoll", "floor-batch", *NO_POLLING}


def present(names):
    """Those of the named peers that are installed; the others by name."""
    found, missing = {}, []
    for name in names:
        command, environment = PEERS[name]
        program, *files = [str(part) for part in command]
        if shutil.which(program) and all(Path(file).exists() for file in files):
            found[name] = ([program, *files], environment)
        else:
            missing.append(name)
    return found, missing
