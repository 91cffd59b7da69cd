"""Where things are."""

import os
import random
import socket
import tempfile
from pathlib import Path

LOAD = Path(__file__).resolve().parent.parent
ROOT = LOAD.parent
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "guide" / "performance.md"
# Everything that is built or downloaded.
WORK = Path(os.environ.get("BENCH_WORK", Path(tempfile.gettempdir()) / "roomcast-load"))
BINARIES = WORK / "target" / "release"
GENERATOR = BINARIES / "generator"
PORTS = tuple(int(port) for port in os.environ.get("BENCH_PORTS", "30000-30999").split("-"))


def free_port():
    for _ in range(1000):
        port = random.randint(*PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit(f"no free port in {PORTS[0]}-{PORTS[1]}")
