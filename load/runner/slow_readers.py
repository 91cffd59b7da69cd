"""Receivers that read nothing: the others do not notice, and the server rids itself of them."""

from .figures import median, table, values
from .servers import OWN

KIND = "slow-readers"
MIB = 1024 * 1024
# What is done with some of the receivers, after a while in which all read: arguments.
CASES = {"some do not read": "--patience 60", "control": "--patience 20 --control"}
SLOW, CONTROL = CASES


def measure(bench, options):
    connections = options.connections or 1000
    slow = max(1, connections // 20)
    outbox = options.outbox or MIB
    variables = {"MAX_OUTBOX": str(outbox), "COUNT_REASONS": "1", "PING_INTERVAL": "120000"}
    args = f"slow-readers --connections {connections} --slow {slow} --rate 30 --size 16384"
    for repetition in range(options.reps or 3):
        for case in list(CASES)[:: -1 if repetition % 2 else 1]:
            for server in bench.servers:
                window = {"seconds": options.secs or 5.0, "warmup": options.warm or 1.0}
                bench.run(KIND, server, case, f"{args} {CASES[case]}", variables, outbox=outbox, rep=repetition, **window)


def report(rows, targets, own=OWN):
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    lines, words, passed = [], [], True
    for server in dict.fromkeys(row["server"] for row in rows):
        these = [row for row in rows if row["server"] == server]
        lines += [line_of(row) for row in these]
        faults = faults_of(these, targets["slow_readers"])
        words.append(f"{server}: {'FAIL: ' + '; '.join(faults) if faults else 'PASS'}.")
        if server == own:
            passed = not faults
    head = [
        "server", "readers", "p50 µs, all read", "then", "p99, all read", "then", "CPU, µs a message",
        "RSS before, MiB", "most", "closed", "of them `outbox full`",
    ]  # fmt: skip
    outbox = max(row.get("outbox", 0) for row in rows)
    meaning = (
        "16 KiB to everyone 30 times a second: all read at first; then some read nothing until they are closed, or, as a control, all "
        f"go on reading for as long. `max_outbox`: {outbox:,} bytes. The others wait longer if the median of their p99 is beyond the control's."
    )
    return f"### Slow readers\n\n{meaning}\n\n{table(head, lines)}\n\n{' '.join(words)}", passed


def faults_of(rows, target):
    """What does not hold."""
    slow, control = ([row for row in rows if row["case"] == case] for case in CASES)
    usual, found = (median(those, "some_sleep_p99_us") for those in (control, slow))
    if usual is None or found is None:
        return ["not measured"]
    allowed = max(target["latency_ratio"] * usual, usual + target["latency_slack_us"])
    faults = {
        "a run failed": any("fail" in row for row in rows),
        "the others wait longer": found > allowed,
        "memory beyond the outboxes": any(row["rss_most"] - row["rss_before"] > row["slow"] * row["outbox"] for row in measured(slow)),
        "not all are closed": any(row["closed"] < row["slow"] for row in measured(slow)),
        "another reason": any(row["answers_stats"] and row["outbox_full"] != row["slow"] for row in measured(slow)),
        "readers are closed": any(row["closed"] > 0 for row in measured(control)),
        "messages missing or out of order": sum(values(rows, "reordered")) > 0,
        "errors": sum(values(rows, "errors")) > 0,
    }
    return [words for words, holds in faults.items() if holds]


def measured(rows):
    return [row for row in rows if "fail" not in row]


def line_of(row):
    if "fail" in row:
        return [row["server"], row["case"], row["fail"], *[""] * 8]
    latency = [row[f"{phase}_{quantile}_us"] for quantile in ("p50", "p99") for phase in ("all_read", "some_sleep")]
    readers = f"{row['slow']} of {row['conns']:,} read nothing" if row["case"] == SLOW else "all read on"
    closed = f"{row['closed']} after {row['closed_after_s']} s" if row["case"] == SLOW else "–"
    reasons = row["outbox_full"] if row["case"] == SLOW and row["answers_stats"] else "–"
    memory = [f"{row[key] / MIB:,.1f}" for key in ("rss_before", "rss_most")]
    cells = [f"{value:,.0f}" for value in latency]
    return [row["server"], readers, *cells, f"{row['cpu_us']:.2f}", *memory, closed, reasons]


def wanted(_options):
    return []
