"""Messages per second of one worker thread and of two; server and generator share all cores."""

import statistics

from .figures import median, shown, table, values, verdict, with_spread
from .servers import OWN

KIND = "workers"
THREADS = [1, 2]
# At less than this a gain cannot be told from noise.
WORTH_JUDGING = 1.1
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
    lines, passed = [], True
    for case in dict.fromkeys(row["case"] for row in rows):
        for server in dict.fromkeys(row["server"] for row in rows):
            line, gain, best = compared(rows, case, server, cores)
            word = judged(gain, best, targets["workers"]["ratio"]) if server == own else ""
            lines.append([*line, word])
            passed &= word != "FAIL"
    head = [
        "scenario", "server", "messages/s, 1 thread", "2 threads", "ratio", "at best",
        "server cores, 1 thread", "2 threads", "generator cores, 1 thread", "2 threads", "verdict",
    ]  # fmt: skip
    return f"### One worker thread and two, {cores} cores\n\n{table(head, lines)}", passed


def judged(gain, best, limit):
    if gain is None:
        return "FAIL"
    # Where generator and one thread fill the cores, a second thread has nothing to run on.
    return verdict(gain > limit) if best >= WORTH_JUDGING else "cores full"


def compared(rows, case, server, cores):
    this = {"case": case, "server": server}
    rates = [values(rows, "per_s", threads=threads, **this) for threads in THREADS]
    if not all(rates):
        return [case, server, *["–"] * 8], None, None
    loads = [[median(rows, key, threads=threads, **this) for threads in THREADS] for key in ("srv_util", "gen_util")]
    gain = statistics.median(rates[1]) / statistics.median(rates[0])
    best = at_best(loads[0][0], loads[1][0], cores)
    cells = [case, server, *(with_spread(rate, 0) for rate in rates), shown(gain), shown(best)]
    return cells + [shown(load) for both in loads for load in both], gain, best


def at_best(server, generator, cores):
    """How often the messages of one thread fit into the cores; the generator has one thread, the server two."""
    return min(cores / (server + generator), 1 / generator, 2 / server)


def wanted(_options):
    return []
