"""A large room whose members come and go while it is broadcast to."""

import statistics

from .figures import shown, table, values
from .servers import IMITATIONS, OWN

KIND = "join-leave"
# How members move: arguments.
WAYS = {"one by one": "", "all at once": " --everyone"}
# Servers that have the events by which all move at once, and that which tells the longest turn.
WITH_TRIAL_EVENTS = {OWN}
TURNS = {"WATCH_TURNS": "1"}


def measure(bench, options):
    members = options.connections or 10_000
    for repetition in range(options.reps or 3):
        for way, more in WAYS.items():
            for server in bench.servers:
                # The imitations know no `leave`.
                if server in IMITATIONS or (more and server not in WITH_TRIAL_EVENTS):
                    continue
                tells, variables = (" --turns", TURNS) if server in WITH_TRIAL_EVENTS else ("", {})
                args = f"join-leave --connections {members} --rate 5 --windows {options.windows or 5}{more}{tells}"
                window = {"seconds": options.secs or 1.0}
                bench.run(KIND, server, way, args, {"PING_INTERVAL": "60000", **variables}, rep=repetition, **window)


def report(rows, targets, own=OWN):
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    limit = targets["join_leave"]["pause_us"]
    lines, words, passed = [], [], True
    for server, way in dict.fromkeys((row["server"], row["case"]) for row in rows):
        these = [row for row in rows if (row["server"], row["case"]) == (server, way)]
        lines += [line_of(row) for row in these]
        faults, found = faults_of(these, limit, own=server == own)
        words.append(f"{server}, members move {way}: {found}. {'FAIL: ' + '; '.join(faults) if faults else 'PASS'}.")
        passed &= not faults or server != own
    head = [
        "members move", "server", "moves/s", "probe p50 µs, quiet → moving", "probe p99.9", "longest wait of a window, median",
        "of all", "longest turn of a window, median", "of all", "last delivery p99 µs, quiet → moving", "core taken",
    ]  # fmt: skip
    members = max(values(rows, "conns"), default=0)
    meaning = f"A room of {members:,} members, 5 broadcasts a second. {MEANING} Both at most {limit:,} µs."
    return f"### Join and leave\n\n{meaning}\n\n{table(head, lines)}\n\n{'<br>'.join(words)}", passed


def faults_of(rows, limit, own):
    """What does not hold in these repetitions, and the pause and the turn in words."""
    if any("fail" in row for row in rows):
        return ["a run failed"], "not measured"
    quiet, moving = (statistics.median(of_windows(rows, "longest", phase)) for phase in PHASES)
    pause = max(0.0, moving - quiet)
    turns = of_windows(rows, "turns", "moving")
    turn = statistics.median(turns) if turns else None
    faults = {
        "the probe waits too long": pause > limit,
        "turns are too long": turn is not None and turn > limit,
        "no turn was measured": own and turn is None,
        "errors": sum(values(rows, "errors")) > 0,
    }
    words = f"pause {pause:,.0f} µs ({quiet:,.0f} → {moving:,.0f})"
    if turns:
        within = sum(longest <= limit for longest in turns)
        words += f", turn {turn:,.0f} µs, {within} of {len(turns)} windows without a longer one than {limit:,}"
    return [fault for fault, holds in faults.items() if holds], words


def of_windows(rows, key, phase):
    return [value for row in rows for value in row.get(f"{key}_{phase}_us", [])]


MEANING = (
    "Wait: the probe's longest latency in a window. Turn: the most processor time that the server's thread took from one turn of a "
    "task that is always ready to its next, with interrupts and with what the host takes unseen. Core taken: the part of the time in "
    "which something else ran on the server's core while the server had work. Pause: the median of the longest waits of all windows "
    "in which members move, less the same of those in which none does; turn: the median of the longest turns of the former."
)


def line_of(row):
    if "fail" in row:
        return [row["case"], row["server"], row["fail"], *[""] * 8]
    pairs = [[row[f"probe_{phase}_{quantile}_us"] for phase in PHASES] for quantile in ("p50", "p999")]
    windows = [[of_windows([row], key, phase) for phase in PHASES] for key in ("longest", "turns")]
    pairs += [[what(found) if found else None for found in pair] for pair in windows for what in (statistics.median, max)]
    delivery = [row[f"delivery_{phase}_p99_us"] for phase in PHASES]
    # Members move in half of the windows.
    moves = f"{2 * row['per_s']:,.0f}"
    taken = f"{row['srv_waited']:.0%}" if "srv_waited" in row else "–"
    return [row["case"], row["server"], moves, *map(from_to, pairs), from_to(delivery), taken]


PHASES = ("quiet", "moving")


def from_to(pair):
    return " → ".join(shown(value, 0) for value in pair)


def wanted(_options):
    return []
