"""Messages per second of one worker thread and of two; server and generator share all cores."""

import statistics

from .figures import median, shown, table, values, with_spread
from .servers import OWN

KIND = "workers"
THREADS = [1, 2]
# With less than this left, of all cores, a second thread has nothing to run on.
ROOM = 0.1
# More is under way than in the table, so that neither program waits for the other.
CASES = {
    "echo32": "echo --connections 100 --window 64 --size 32",
    "echo64k": "echo --connections 20 --window 8 --size 65536",
    "broadcast": "broadcast --connections 1000 --window 16 --size 64",
    "rooms": "rooms --connections 1000 --window 1024 --size 64",
    "private": "private --connections 1000 --window 1024 --size 64",
    "polling": "polling --connections 500 --size 32",
}


def measure(bench, options):
    names = options.scenarios.split(",") if options.scenarios else list(CASES)
    for repetition in range(options.reps or 3):
        for name in names:
            for threads in THREADS[:: -1 if repetition % 2 else 1]:
                for server in bench.servers:
                    window = {"seconds": options.secs or 3.0, "warmup": options.warm or 1.0}
                    variables = {"TOKIO_WORKER_THREADS": str(threads)}
                    more = {"pinned": False, "threads": threads, "rep": repetition}
                    bench.run(KIND, server, name, CASES[name], variables, **window, **more)


def report(rows, targets, own=OWN):
    cores = next((row["cores"] for row in rows if row.get("kind") == "machine"), 1)
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    lines, words = [], []
    for case in dict.fromkeys(row["case"] for row in rows):
        for server in dict.fromkeys(row["server"] for row in rows):
            rates = [values(rows, "per_s", threads=threads, case=case, server=server) for threads in THREADS]
            loads = loads_of(rows, case, server)
            word = judged(rates, loads[-1][0], cores, targets["workers"]["ratio"]) if server == own else ""
            words += [word]
            shown_rates = [with_spread(rate, 0) if rate else "–" for rate in rates]
            gain = statistics.median(rates[1]) / statistics.median(rates[0]) if all(rates) else None
            lines.append([case, server, *shown_rates, shown(gain), *(shown(load) for both in loads for load in both), word])
    head = ["scenario", "server", *both("messages/s"), "ratio"]
    head += [*both("server cores"), *both("generator cores"), *both("idle cores"), "verdict"]
    return f"### One worker thread and two, {cores} cores\n\n{MEANING}\n\n{table(head, lines)}", is_passed(words)


MEANING = (
    "PASS: every repetition with two threads is above every one with one. No difference: the ranges overlap. "
    "Cores full: with one thread, generator, server and the kernel's interrupts leave less than a tenth of the cores idle."
)


def both(what):
    return [f"{what}, 1 thread", f"{what}, 2 threads"]


def loads_of(rows, case, server):
    """Cores that the server, the generator and nobody used, each with one thread and with two."""
    keys = ("srv_util", "gen_util", "idle_cores")
    return [[median(rows, key, threads=threads, case=case, server=server) for threads in THREADS] for key in keys]


def judged(rates, idle, cores, limit):
    one, two = rates
    if not one or not two or max(two) < limit * min(one):
        return "FAIL"
    if min(two) > limit * max(one):
        return "PASS"
    return "cores full" if idle is not None and idle < ROOM * cores else "no difference"


def is_passed(words):
    return "FAIL" not in words and ("PASS" in words or not any(words))


def wanted(_options):
    return []
