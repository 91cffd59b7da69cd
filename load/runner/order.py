"""Every message once and in its order."""

from .figures import table, verdict
from .servers import OWN

KIND = "order"
ARGS = "order --connections 100 --window 4"


def measure(bench, options):
    for repetition in range(options.reps or 1):
        for server in bench.servers:
            bench.run(KIND, server, KIND, ARGS, seconds=options.secs or 3.0, warmup=options.warm or 0.5, rep=repetition)


def report(rows, _targets, own=OWN):
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    lines, passed = [], True
    for row in rows:
        is_met = "fail" not in row and not (row["reordered"] or row["missing"] or row["errors"])
        passed &= is_met or row["server"] != own
        found = [f"{row[key]:,}" for key in ("n", "reordered", "missing", "errors") if key in row]
        cells = [row["fail"], "", "", ""] if "fail" in row else found
        lines.append([row["server"], *cells, verdict(is_met)])
    head = ["server", "messages checked", "out of order", "missing", "errors", "verdict"]
    return f"### Order\n\n`{ARGS}`\n\n{table(head, lines)}", passed


def wanted(_options):
    return []
