"""The few figures of the README, between `<!-- load:summary -->` and `<!-- /load:summary -->`."""

from .compare import KIND
from .figures import median, table
from .servers import FLOOR, OWN, REFERENCE

SERVERS = {"Roomcast": OWN, "socketioxide": REFERENCE, "Node `socket.io`": "node-ws", "floor": FLOOR}
# What a line says: scenarios, and the figure.
LINES = {
    "acknowledged event of 32 bytes, one at a time": (["echo32"], "cpu_us"),
    "16 at a time": (["echo32x16"], "cpu_us"),
    "1 KiB, text / binary": (["echo1k", "bin1k"], "cpu_us"),
    "broadcast to 1,000": (["bcast1k"], "cpu_us"),
    "to rooms of 10 / to one socket": (["rooms", "private"], "cpu_us"),
    "connect": (["connect"], "cpu_us"),
    "acknowledged event over long-polling": (["polling"], "cpu_us"),
    "idle connection, bytes": (["idle"], "rss_per_conn"),
}


def report(rows):
    rows = [row for row in rows if row.get("kind", KIND) == KIND]
    if not rows:
        return None
    lines = [
        [what, *(" / ".join(rounded(median(rows, key, case=case, server=server)) for case in cases) for server in SERVERS.values())]
        for what, (cases, key) in LINES.items()
    ]
    return table(["", *SERVERS], lines)


def rounded(value):
    """Two digits, or all before the point."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:,.0f}"
