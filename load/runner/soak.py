"""Mixed traffic for long: nothing may grow, nothing may be left."""

import statistics

from .figures import table, verdict
from .servers import OWN

KIND = "soak"
MIB = 1024 * 1024
# Minutes after which the memory must have settled.
SETTLED = 5.0
VARIABLES = {"PING_INTERVAL": "2000", "PING_TIMEOUT": "2000"}
ROWS = 12


def measure(bench, options):
    minutes = options.minutes or 60.0
    for server in bench.servers:
        args = f"soak --connections {options.connections or 200} --sample {max(1.0, minutes / 4):.1f}"
        bench.run(KIND, server, f"{minutes:g} min", args, VARIABLES, seconds=minutes * 60)


def report(rows, targets, own=OWN):
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    parts, passed = [], True
    for row in rows:
        title = f"### Soak: {row['server']}, {row['case']}"
        if "fail" in row:
            parts.append(f"{title}\n\nFAIL: {row['fail']}.")
            passed &= row["server"] != own
            continue
        faults = faults_of(row, targets["soak"]["memory"])
        passed &= not faults or row["server"] != own
        parts.append(f"{title}\n\n{samples_of(row)}\n\n{words_of(row, faults)}")
    return "\n\n".join(parts), passed


def samples_of(row):
    samples = row["samples"]
    step = max(1, len(samples) // ROWS)
    picked = [*samples[step - 1 :: step]]
    if picked[-1] is not samples[-1]:
        picked.append(samples[-1])
    lines = [[f"{at / 60:.1f}", f"{memory / MIB:.2f}", files, threads] for at, memory, files, threads in picked]
    return table(["minute", "RSS, MiB", "open files", "threads"], lines)


def settled_and_end(row):
    """Resident bytes after five minutes, or halfway in a shorter run, and at the end; medians of three samples."""
    samples = row["samples"]
    at = min(SETTLED * 60, samples[-1][0] / 2)
    settled = [memory for seconds, memory, _, _ in samples if seconds >= at][:3]
    end = [memory for _, memory, _, _ in samples[-3:]]
    return statistics.median(settled), statistics.median(end), at / 60


def faults_of(row, limit):
    settled, end, _ = settled_and_end(row)
    faults = {
        f"memory beyond × {limit}": end > settled * limit,
        "files are left": row["files_after"] > row["files_before"],
        "sessions are left": row["sessions_after"] > 0,
        "sockets are left": row["sockets_after"] > 0,
        "rooms are left": row["rooms_after"] > 0,
        "errors": row["errors"] > 0,
    }
    return [words for words, holds in faults.items() if holds]


def words_of(row, faults):
    settled, end, minute = settled_and_end(row)
    held = "sessions, sockets and rooms after all have left"
    left = f"{row['sessions_after']}, {row['sockets_after']} and {row['rooms_after']} {held}"
    if not row["answers_stats"]:
        left = "the server does not tell what it holds"
    return (
        f"{verdict(not faults)}{': ' if faults else ''}{'; '.join(faults)}. "
        f"RSS {settled / MIB:.2f} MiB after {minute:.1f} minutes, {end / MIB:.2f} MiB at the end (× {end / settled:.3f}). "
        f"Files {row['files_before']} before, {row['files_after']} after; {left}. "
        f"{row['ended']:,} WebSockets and {row['visits']:,} polling sessions came and went, {row['n']:,} messages arrived, "
        f"{row['errors']} errors, server load {row['srv_util']:.2f} cores, answer p99 {row['lat_p99_us']:,.0f} µs."
    )


def wanted(_options):
    return []
