"""One more connection to the server under a client trial: it asks for broadcasts, and gets them, too."""

import os
import socket
import time
from base64 import b64encode

from .measure import Failed

VALUE = "b" * 64
# Until a broadcast has come back to who asked for it.
PATIENCE = 20


class Broadcaster:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        key = b64encode(os.urandom(16)).decode()
        head = [
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: Upgrade",
            "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
        ]  # fmt: skip
        self.socket.sendall("\r\n".join([*head, "", ""]).encode())
        while self.stream.readline().strip():
            pass
        self.write("40")
        self.await_packets("40", 1)

    def send(self, count, per_second):
        """Asks for `count` broadcasts and waits until the last has come."""
        start = time.monotonic()
        for number in range(count):
            time.sleep(max(0, start + number / per_second - time.monotonic()))
            self.write(f'42["broadcast","{VALUE}"]')
        self.await_packets(f'42["b","{VALUE}"]', count)

    def await_packets(self, start, count):
        while count:
            packet = self.read()
            if packet == "2":
                self.write("3")
            count -= packet.startswith(start)

    def write(self, text):
        payload = text.encode()
        # A text frame, masked with zeros: it stays as it is.
        self.socket.sendall(bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload)

    def read(self):
        head = self.stream.read(2)
        if len(head) < 2 or head[0] != 0x81:
            raise Failed("the server ended the broadcaster's connection")
        length = head[1]
        if length == 126:
            length = int.from_bytes(self.stream.read(2), "big")
        return self.stream.read(length).decode()

    def close(self):
        self.stream.close()
        self.socket.close()
