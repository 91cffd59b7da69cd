"""What the server's instructions for one message are spent on, counted by callgrind.

Each scenario runs twice, for a short and for a longer time. The difference is that of the messages: starting and connecting are in both.
"""

import re
import shutil
from collections import Counter

from . import build, callgrind
from .figures import table
from .measure import Failed
from .place import WORK
from .scenarios import SCENARIOS
from .servers import OWN

KIND = "profile"
# Seconds; under valgrind a server is some thirty times slower.
WINDOWS = (2.0, 6.0)
# Connections, where they are what is counted.
COUNTS = (300, 1_500)
LEAST_CONNECTIONS = {"idle": 1_000}
CASES = [name for name in SCENARIOS if name not in ("bcast10k", "bcast1k-20Hz")]
# Which part of the program an instruction belongs to: the first whose pattern is found in its source file, or else in its function.
PARTS = {
    "queueing and writing": r"write_through|engine.+(mailbox|outbox|outgoing|flusher|duplex)\b",
    "frames, masks, UTF-8": r"roomcast.websocket|simdutf8|from_utf8|sha1|engine.+(websocket|framed|frame|draft|read_buffer)\b",
    "HTTP": r"httparse|roomcast/src/http|roomcast::(http|serve)|src/serve|engine.+(server|request|respond|ordinary|upgrade|polling|connection|greeting|sid)\b",
    "Engine.IO: sessions and packets": r"roomcast.engineio|roomcast.+engine\b",
    "Socket.IO packets and values": r"roomcast.socketio|serde|itoa|fearless_simd|roomcast.+wire\b",
    "handlers, namespaces, rooms": r"roomcast|bench_fixture|arc.swap|hashbrown",
    "tokio": r"tokio|mio|parking_lot|futures|std::sys.+time|[^a-z]Instant",
    "memory and copies": r"malloc|__mem|mem(move|cmp|set)|__rust_(re|de)?alloc|alloc::|bytes|core::ptr::drop_in_place",
    "glibc around system calls": r"sysdeps|nptl|clock_gettime",
}
# Code that becomes part of whoever uses it.
EVERYWHERE = re.compile(r"^/rustc/|/(smallvec|hashbrown|arrayvec|bytes)-[0-9]")
OTHER = "other"
PATTERNS = {part: re.compile(pattern) for part, pattern in PARTS.items()}


def measure(bench, options):
    if not shutil.which("valgrind"):
        raise SystemExit("valgrind is missing")
    command, environment = bench.servers.pop(OWN)
    program = [str(build.profiled())] if not options.fixture and not options.no_build else command
    bench.patience = 60
    for case in options.scenarios.split(",") if options.scenarios else CASES:
        scenario = SCENARIOS[case]
        found = []
        for turn, seconds in enumerate(WINDOWS):
            out = WORK / f"profile-{case}-{turn}"
            out.unlink(missing_ok=True)
            tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
            bench.servers[OWN] = ([*tool, *program], environment)
            args = re.sub(r"--connections (\d+)", lambda count: f"--connections {connections(case, int(count[1]), turn)}", scenario.args)
            found.append((bench.run(f"{KIND}-run", OWN, case, args, scenario.variables, seconds=seconds), out))
        bench.keep({"kind": KIND, "server": OWN, "case": case, **difference(found)})


def connections(case, count, turn):
    if case == "connect":
        return COUNTS[turn]
    return min(count, LEAST_CONNECTIONS.get(case, count))


def difference(found):
    """Instructions for each message, by part."""
    try:
        (short, first), (long, second) = [(row["n"], by_part(callgrind.read(out))) for row, out in found]
    except (KeyError, OSError, Failed):
        return {"fail": next((row["fail"] for row, _ in found if "fail" in row), "no profile was written")}
    messages = long - short
    return {"messages": messages, "parts": {part: round((second[part] - first[part]) / messages) for part in second}}


def by_part(costs):
    parts = Counter()
    for (file, function), count in costs.items():
        parts[part_of(file, function)] += count
    return parts


def part_of(file, function):
    places = [function] if EVERYWHERE.search(file) else [file, function]
    for place in places:
        for part, pattern in PATTERNS.items():
            if pattern.search(place):
                return part
    return OTHER


def report(rows, _targets, own=OWN):
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    whole = [row for row in rows if "parts" in row]
    head = ["part", *(row["case"] for row in whole)]
    names = [*PARTS, OTHER]
    lines = [[name, *(f"{row['parts'].get(name, 0):,}" for row in whole)] for name in names]
    lines.append(["**all**", *(f"{sum(row['parts'].values()):,}" for row in whole)])
    failed = "".join(f"\n\nFAIL {row['case']}: {row['fail']}." for row in rows if "fail" in row)
    return f"### Instructions for one message\n\n{table(head, lines)}{failed}", not failed


def wanted(_options):
    return []
