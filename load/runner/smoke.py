"""Every scenario for a moment: does it still work?"""

import re

from . import clients
from .scenarios import SCENARIOS
from .servers import OWN

KIND = "smoke"
CONNECTIONS = 100
# Trials: arguments, environment, seconds.
# The sockets of slow readers are cut seconds after their sessions end: --told does not wait for that.
TRIALS = {
    "order": ("order --connections 50", {}, 0.3),
    "join-leave": ("join-leave --connections 100 --windows 1", {}, 0.3),
    "everyone": ("join-leave --connections 100 --windows 1 --everyone --turns", {"WATCH_TURNS": "1"}, 0.3),
    "slow-readers": (
        "slow-readers --connections 40 --slow 2 --rate 100 --size 65536 --patience 60 --told",
        {"MAX_OUTBOX": "1048576", "COUNT_REASONS": "1"},
        0.3,
    ),
    "soak": ("soak --connections 30", {"PING_INTERVAL": "500", "PING_TIMEOUT": "500"}, 2.0),
}
# These must be zero in every row that has them.
FAULTS = ["errors", "reordered", "missing", "sessions_after", "sockets_after", "rooms_after"]


def measure(bench, _options):
    for name, scenario in SCENARIOS.items():
        variables = {**scenario.variables, "PING_INTERVAL": "200"} if name == "idle" else scenario.variables
        for server in bench.servers:
            bench.run(KIND, server, name, small(scenario.args), variables, seconds=0.3, warmup=0.1)
    for name, (args, variables, seconds) in TRIALS.items():
        for server in bench.servers:
            bench.run(KIND, server, name, args, variables, seconds=seconds)
    if OWN in bench.servers and clients.own(bench.servers[OWN][0]).exists():
        clients.run(bench, KIND, clients.OURS, clients.Trial(CONNECTIONS, 0.3, 0.0))


def small(args):
    """The same with fewer connections."""
    return re.sub(r"--connections (\d+)", lambda found: f"--connections {min(int(found[1]), CONNECTIONS)}", args)


def report(rows, _targets, **_own):
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    lines = [(row, faults_of(row)) for row in rows]
    failed = sum(bool(faults) for _, faults in lines)
    text = "\n".join(
        f"{'FAIL' if faults else 'PASS'} {row['server']} {row['case']}{': ' if faults else ''}{', '.join(faults)}"
        for row, faults in lines
    )
    return f"{text}\n{len(lines) - failed} passed, {failed} failed", not failed


def faults_of(row):
    if "fail" in row:
        return [row["fail"]]
    faults = [f"{row[name]} {name}" for name in FAULTS if row.get(name)]
    if not row["n"]:
        faults.append("no message")
    if row.get("slow", 0) != row.get("outbox_full", 0):
        faults.append(f"{row['outbox_full']} of {row['slow']} slow readers closed")
    return faults


def wanted(_options):
    return []
