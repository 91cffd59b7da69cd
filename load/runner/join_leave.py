"""A large room whose members come and go while it is broadcast to."""

import statistics

from .figures import table, values, verdict
from .servers import IMITATIONS, OWN

KIND = "join-leave"
# How members move: arguments.
WAYS = {"one by one": "", "all at once": " --everyone"}
# Servers that have the events by which all move at once.
WITH_EVERYONE = {OWN}


def measure(bench, options):
    members = options.connections or 10_000
    for repetition in range(options.reps or 3):
        for way, more in WAYS.items():
            for server in bench.servers:
                # The imitations know no `leave`.
                if server in IMITATIONS or (more and server not in WITH_EVERYONE):
                    continue
                args = f"join-leave --connections {members} --rate 5 --windows {options.windows or 5}{more}"
                window = {"seconds": options.secs or 1.0}
                bench.run(KIND, server, way, args, {"PING_INTERVAL": "60000"}, rep=repetition, **window)


def report(rows, targets, own=OWN):
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    limit = targets["join_leave"]["pause_us"]
    lines, passed = [], True
    for row in rows:
        if "fail" in row:
            lines.append([row["case"], row["server"], row["fail"], *[""] * 8, verdict(False)])
            passed &= row["server"] != own
            continue
        pauses = [pause_of(row, what) for what in (statistics.median, max)]
        is_met = max(pauses) <= limit and row["errors"] == 0
        passed &= is_met or row["server"] != own
        lines.append(line_of(row, pauses, verdict(is_met)))
    head = [
        "members move", "server", "moves/s", "probe p50 µs, quiet → moving", "probe p99.9", "longest of a window, median",
        "longest of all", "pause µs, median", "pause µs, longest", "last delivery p99 µs, quiet → moving", "core taken", "verdict",
    ]  # fmt: skip
    members = max(values(rows, "conns"), default=0)
    words = f"A room of {members:,} members, 5 broadcasts a second. Pause: {MEANING} At most {limit:,} µs."
    return f"### Join and leave\n\n{words}\n\n{table(head, lines)}", passed


MEANING = (
    "the probe's longest latency in a window in which members move, less the same in a window in which none does; "
    "of the medians of the windows, and of the longest of all windows. "
    "Core taken: the part of the time in which something else ran on the server's core while the server had work."
)


def pause_of(row, what):
    quiet, moving = (what(row[f"longest_{phase}_us"]) for phase in ("quiet", "moving"))
    return max(0.0, moving - quiet)


def line_of(row, pauses, word):
    pairs = [[row[f"probe_{phase}_{quantile}_us"] for phase in PHASES] for quantile in ("p50", "p999")]
    pairs += [[what(row[f"longest_{phase}_us"]) for phase in PHASES] for what in (statistics.median, max)]
    delivery = [row[f"delivery_{phase}_p99_us"] for phase in PHASES]
    # Members move in half of the windows.
    moves = f"{2 * row['per_s']:,.0f}"
    taken = f"{row['srv_waited']:.0%}" if "srv_waited" in row else "–"
    found = [f"{pause:,.0f}" for pause in pauses]
    return [row["case"], row["server"], moves, *map(from_to, pairs), *found, from_to(delivery), taken, word]


PHASES = ("quiet", "moving")


def from_to(pair):
    return " → ".join(f"{value:,.0f}" for value in pair)


def wanted(_options):
    return []
