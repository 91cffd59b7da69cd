"""Receivers that read nothing: the others do not notice, and the server rids itself of them."""

from .figures import table, verdict
from .servers import OWN

KIND = "slow-readers"
MIB = 1024 * 1024


def measure(bench, options):
    connections = options.connections or 1000
    slow = max(1, connections // 20)
    outbox = options.outbox or MIB
    variables = {"MAX_OUTBOX": str(outbox), "COUNT_REASONS": "1", "PING_INTERVAL": "120000"}
    args = f"slow-readers --connections {connections} --slow {slow} --rate 30 --size 16384 --patience 60"
    for repetition in range(options.reps or 1):
        for server in bench.servers:
            window = {"seconds": options.secs or 5.0, "warmup": options.warm or 1.0}
            bench.run(KIND, server, KIND, args, variables, outbox=outbox, rep=repetition, **window)


def report(rows, targets, own=OWN):
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    lines, passed = [], True
    for row in rows:
        if "fail" in row:
            lines.append([row["server"], row["fail"], *[""] * 8, verdict(False)])
            passed &= row["server"] != own
            continue
        faults = faults_of(row, targets["slow_readers"])
        passed &= not faults or row["server"] != own
        lines.append(line_of(row, f"FAIL: {'; '.join(faults)}" if faults else "PASS"))
    head = [
        "server", "slow of all", "p50 µs, all read", "some do not", "p99, all read", "some do not",
        "RSS before, MiB", "most", "closed", "of them `outbox full`", "verdict",
    ]  # fmt: skip
    outbox = max(row.get("outbox", 0) for row in rows)
    words = f"16 KiB to everyone 30 times a second, until the slow ones are closed. `max_outbox`: {outbox:,} bytes."
    return f"### Slow readers\n\n{words}\n\n{table(head, lines)}", passed


def faults_of(row, target):
    """What does not hold."""
    grown = row["rss_most"] - row["rss_before"]
    allowed = target["latency_ratio"] * row["all_read_p99_us"]
    allowed = max(allowed, row["all_read_p99_us"] + target["latency_slack_us"])
    faults = {
        "the others wait longer": row["some_sleep_p99_us"] > allowed,
        "memory beyond the outboxes": grown > row["slow"] * row["outbox"],
        "not all are closed": row["closed"] < row["slow"],
        "another reason": row["answers_stats"] and row["outbox_full"] != row["slow"],
        "messages missing or out of order": row["reordered"] > 0,
        "errors": row["errors"] > 0,
    }
    return [words for words, holds in faults.items() if holds]


def line_of(row, word):
    latency = [row[f"{phase}_{quantile}_us"] for quantile in ("p50", "p99") for phase in ("all_read", "some_sleep")]
    closed = f"{row['closed']} after {row['closed_after_s']} s"
    reasons = row["outbox_full"] if row["answers_stats"] else "–"
    memory = [f"{row[key] / MIB:,.1f}" for key in ("rss_before", "rss_most")]
    cells = [f"{value:,.0f}" for value in latency]
    return [row["server"], f"{row['slow']} of {row['conns']:,}", *cells, *memory, closed, reasons, word]


def wanted(_options):
    return []
