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
    for repetition in range(options.reps or 1):
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
            lines.append([row["case"], row["server"], row["fail"], *[""] * 9, verdict(False)])
            passed &= row["server"] != own
            continue
        pause = pause_of(row)
        is_met = pause <= limit and row["errors"] == 0
        passed &= is_met or row["server"] != own
        lines.append(line_of(row, pause, verdict(is_met)))
    head = [
        "members move", "server", "moves/s", "probe p50 µs, quiet", "moving", "p99.9, quiet", "moving",
        "longest of a window, quiet", "moving", "pause µs", "last delivery p99 µs, quiet → moving", "core taken", "verdict",
    ]  # fmt: skip
    members = max(values(rows, "conns"), default=0)
    words = f"A room of {members:,} members, 5 broadcasts a second. Pause: {MEANING} At most {limit:,} µs."
    return f"### Join and leave\n\n{words}\n\n{table(head, lines)}", passed


MEANING = (
    "the probe's longest latency in a window in which members move, less the same in a window in which none does; "
    "medians of the windows. Core taken: the part of the time in which something else ran on the server's core while the server had work."
)


def pause_of(row):
    quiet, moving = (statistics.median(row[f"longest_{phase}_us"]) for phase in ("quiet", "moving"))
    return max(0.0, moving - quiet)


def line_of(row, pause, word):
    longest = [statistics.median(row[f"longest_{phase}_us"]) for phase in ("quiet", "moving")]
    probe = [row[f"probe_{phase}_{quantile}_us"] for quantile in ("p50", "p999") for phase in ("quiet", "moving")]
    delivery = " → ".join(f"{row[f'delivery_{phase}_p99_us']:,.0f}" for phase in ("quiet", "moving"))
    # Members move in half of the windows.
    moves = 2 * row["per_s"]
    cells = [f"{value:,.0f}" for value in (moves, *probe, *longest, pause)]
    taken = f"{row['srv_waited']:.0%}" if "srv_waited" in row else "–"
    return [row["case"], row["server"], *cells, delivery, taken, word]


def wanted(_options):
    return []
