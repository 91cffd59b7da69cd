"""The table: every server against every scenario, interleaved, then ratios against the targets."""

from .figures import median, ratio, shown, table, user_us, values, verdict, with_spread
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
        head += ["messages/s", f"{latency} p50 µs", "p99", "p99.9", "server load", "reads/message", "errors"]
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
    return [("per_s", 0), *quantiles, ("srv_util", 2), ("reads_per_msg", 2), ("errors", 0)]


def ratios(rows, cases, targets, own):
    """Our figures against the targets, and whether all are met; none if we were not measured."""
    others = list(targets["cpu_per_message"])
    lines = []
    for case in cases:
        figures = [cpu(rows, case, other, targets, own) for other in others]
        limit = targets["user_us_per_delivery"].get(case)
        user = user_us(rows, case=case, server=own) if limit else None
        lines.append((case, [*figures, user is not None and (user, limit)]))
    lines = [(case, figures) for case, figures in lines if any(figures)]
    single = memory(rows, targets["memory_per_connection"], own) + latency(rows, targets["latency_p99"], own)
    every = [figure for _, figures in lines for figure in figures if figure]
    every += [(found, limit) for _, _, found, limit in single]
    if not every:
        return None
    met = sum(found <= limit for found, limit in every)
    head = ["scenario", *(f"CPU × {other}" for other in others), "user µs per delivery", "verdict"]
    names = [*others, "user"]
    cells = [[case, *(compared(figure) for figure in figures), missed(figures, names)] for case, figures in lines]
    text = f"### Against the targets\n\n{met} of {len(every)} are met. In brackets what is allowed.\n\n{table(head, cells)}"
    for case, what, found, limit in single:
        digits = 0 if limit > 100 else 2
        text += f"\n\n{verdict(found <= limit)} {case}: {what} {compared((found, limit), digits)}."
    return text, met == len(every)


def cpu(rows, case, other, targets, own):
    """Our CPU per message against another server's, and the limit."""
    limit = targets["cpu_per_message"][other].get(case)
    ours, theirs = (median(rows, "cpu_us", case=case, server=server) for server in (own, other))
    found = ratio(ours, theirs)
    return limit and found is not None and (found, limit)


def compared(figure, digits=2):
    return f"{shown(figure[0], digits)} ({shown(figure[1], digits)})" if figure else ""


def missed(figures, names):
    """PASS, or whom we cost too much against."""
    found = [name for figure, name in zip(figures, names) if figure and figure[0] > figure[1]]
    return f"FAIL: {', '.join(found)}" if found else "PASS"


def memory(rows, target, own):
    case = target["scenario"]
    found = median(rows, "rss_per_conn", case=case, server=own)
    if found is None:
        return []
    lines = [(case, "RSS bytes per connection", found, target["bytes"])]
    for other, limit in target["ratio"].items():
        against = ratio(found, median(rows, "rss_per_conn", case=case, server=other))
        if against is not None:
            lines.append((case, f"RSS against {other}", against, limit))
    return lines


def latency(rows, target, own):
    case, lines = target["scenario"], []
    for other, limit in target["ratio"].items():
        found = ratio(
            median(rows, "lat_p99_us", case=case, server=own),
            median(rows, "lat_p99_us", case=case, server=other),
        )
        if found is not None:
            lines.append((case, f"latency p99 against {other}", found, limit))
    return lines


def wanted(options):
    """The peers that a run needs."""
    return [FLOOR, REFERENCE] if options.quick else None

