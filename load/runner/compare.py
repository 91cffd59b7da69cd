"""The table: every server against every scenario, interleaved, then ratios against the targets."""

from .figures import beside, median, ratio, shown, table, user_us, values, verdict, with_spread
from .scenarios import ALL, SCENARIOS
from .servers import FLOOR, NO_POLLING, OWN, REFERENCE

KIND = "table"


def measure(bench, options):
    names = options.scenarios.split(",") if options.scenarios else chosen(options.quick)
    repetitions = options.reps or (1 if options.quick else 3)
    seconds = options.secs or (1.5 if options.quick else 3.0)
    warmup = options.warm or (0.5 if options.quick else 1.0)
    for repetition in range(repetitions):
        for name in names:
            scenario = ALL[name]
            args = scenario.quick_args if options.quick and scenario.quick_args else scenario.args
            # The other way round each time: what drifts does not favour the same server.
            for server in list(bench.servers)[:: -1 if repetition % 2 else 1]:
                if name == "polling" and server in NO_POLLING:
                    continue
                window = {"seconds": seconds * scenario.scale, "warmup": warmup}
                bench.run(KIND, server, name, args, scenario.variables, rep=repetition, **window)


def chosen(quick):
    return [name for name, scenario in SCENARIOS.items() if scenario.quick or not quick]


def report(rows, targets, own=OWN):
    """Markdown, and whether every target is met."""
    rows = [row for row in rows if row.get("kind", KIND) == KIND]
    cases = [case for case in ALL if any(row["case"] == case for row in rows)]
    if not cases:
        return None
    judged = ratios(rows, cases, targets, own)
    parts = [judged[0]] if judged else []
    parts += [f"### {case}\n\n`{ALL[case].args}`\n\n{servers_of(rows, case)}" for case in cases]
    return "\n\n".join(parts), judged is None or judged[1]


def servers_of(rows, case):
    """The figures of each server in one scenario."""
    is_idle = case.startswith("idle")
    latency = "last" if case.startswith("bcast") else "lat"
    head = ["server", "CPU µs/message", "user µs", f"× {FLOOR}", f"× {REFERENCE}"]
    if is_idle:
        head += ["RSS bytes/connection", "errors"]
    else:
        each = ["lat p99 µs"] if latency == "last" else []
        head += ["messages/s", *each, f"{latency} p50 µs", f"{latency} p99", f"{latency} p99.9", "server load", "reads/message", "errors"]
    lines = []
    for server in dict.fromkeys(row["server"] for row in rows if row["case"] == case):
        this = {"case": case, "server": server}
        found = values(rows, "cpu_us", **this)
        if not found:
            reasons = values(rows, "fail", **this)
            lines.append([server, "–", reasons[0] if reasons else ""] + [""] * (len(head) - 3))
            continue
        line = [server, with_spread(found), shown(user_us(rows, **this))]
        middle = median(rows, "cpu_us", **this)
        others = (median(rows, "cpu_us", case=case, server=other) for other in (FLOOR, REFERENCE))
        line += [shown(ratio(middle, other)) for other in others]
        line += [shown(median(rows, key, **this), digits) for key, digits in columns(is_idle, latency)]
        lines.append(line)
    return table(head, lines)


def columns(is_idle, latency):
    if is_idle:
        return [("rss_per_conn", 0), ("errors", 0)]
    quantiles = [(f"{latency}_{quantile}_us", 0) for quantile in ("p50", "p99", "p999")]
    each = [("lat_p99_us", 0)] if latency == "last" else []
    return [("per_s", 0), *each, *quantiles, ("srv_util", 2), ("reads_per_msg", 2), ("errors", 0)]


def ratios(rows, cases, targets, own):
    """Our figures against the targets, and whether all are met; none if we were not measured."""
    if not any(row["server"] == own for row in rows):
        return None
    others = [other for other in targets["cpu_per_message"] if any(row["server"] == other for row in rows)]
    lines, met, count = [], 0, 0
    for case in cases:
        figures = {other: cpu(rows, case, other, targets, own) for other in others}
        limit = targets["user_us_per_delivery"].get(case)
        figures["user"] = limit and (user_us(rows, case=case, server=own), limit)
        met += sum(is_met(figure) for figure in figures.values() if figure)
        count += sum(bool(figure) for figure in figures.values())
        lines.append([case, *(compared(figure) for figure in figures.values()), faults(rows, case, figures, own)])
    single = memory(rows, targets["memory_per_connection"], own) + latency(rows, targets["latency_p99"], own)
    met += sum(is_met(figure) for _, figure in single)
    count += len(single)
    head = ["scenario", *(f"CPU × {other}" for other in others), "user µs per delivery", "verdict"]
    text = f"### Against the targets\n\n{met} of {count} are met. In brackets what is allowed.\n\n{table(head, lines)}"
    for what, figure in single:
        text += f"\n\n{verdict(is_met(figure))} {what} {compared(figure, 0 if figure[1] > 100 else 2)}."
    is_sound = not any(line[-1].startswith("FAIL") for line in lines)
    return text, met == count and is_sound


def is_met(figure):
    """A figure that could not be taken is not met."""
    found, limit = figure
    return found is not None and found <= limit


def cpu(rows, case, other, targets, own):
    """Our CPU per message against another server's, and the limit; none where there is no limit."""
    limit = targets["cpu_per_message"][other].get(case)
    ours, theirs = (median(rows, "cpu_us", case=case, server=server) for server in (own, other))
    return limit and (ratio(ours, theirs), limit)


def compared(figure, digits=2):
    return beside(*figure, digits) if figure else ""


def faults(rows, case, figures, own):
    """PASS, or what of ours went wrong and whom we cost too much against."""
    mine = [row for row in rows if row["server"] == own and row["case"] == case]
    found = [row["fail"] if "fail" in row else f"{row[fault]} {fault}" for row in mine for fault in FAULTS if row.get(fault)]
    found += [name for name, figure in figures.items() if figure and not is_met(figure)]
    return f"FAIL: {', '.join(found)}" if found else "PASS"


# None of these may be in a row of ours.
FAULTS = ["fail", "errors", "reordered"]


def memory(rows, target, own):
    case = target["scenario"]
    if not any(row["case"] == case for row in rows):
        return []
    found = median(rows, "rss_per_conn", case=case, server=own)
    lines = [(f"{case}: RSS bytes per connection", (found, target["bytes"]))]
    return lines + against(rows, case, "rss_per_conn", "RSS", target["ratio"], own)


def latency(rows, target, own):
    return against(rows, target["scenario"], "lat_p99_us", "latency p99", target["ratio"], own)


def against(rows, case, key, what, limits, own):
    """Our median of `key` against those of others that were measured."""
    lines = []
    for other, limit in limits.items():
        ours, theirs = (median(rows, key, case=case, server=server) for server in (own, other))
        if theirs is not None:
            lines.append((f"{case}: {what} against {other}", (ratio(ours, theirs), limit)))
    return lines


def wanted(options):
    """The peers that a run needs."""
    return [FLOOR, REFERENCE] if options.quick else None

