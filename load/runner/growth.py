"""What a message and a connection cost as their number grows, with the floor and uWebSockets beside."""

from .figures import median, shown, table, user_us, values, verdict
from .servers import FLOOR, OWN

KIND = "growth"
SIZES = [100, 1_000, 10_000, 19_000]
ROOMS = [1, 100, 10_000]
HEARTBEATS = {"PING_INTERVAL": "2000", "PING_TIMEOUT": "20000"}
# By what grows: arguments with the size left open, environment, length of the window.
CURVES = {
    "broadcast": ("broadcast --connections {} --window 1 --size 64", {}, 1.0),
    "rooms": ("rooms --connections {} --window 64 --size 64", {}, 1.0),
    "idle": ("idle --connections {}", HEARTBEATS, 2.0),
    "rooms-per-namespace": ("rooms --connections 1000 --rooms {} --window 64 --size 64", {}, 1.0),
}
UNITS = {"idle": "heartbeat"}


def measure(bench, options):
    for repetition in range(options.reps or 3):
        for curve, (args, variables, scale) in CURVES.items():
            for size in ROOMS if curve == "rooms-per-namespace" else SIZES:
                for server in bench.servers:
                    window = {"seconds": (options.secs or 3.0) * scale, "warmup": options.warm or 1.0}
                    bench.run(KIND, server, curve, args.format(size), variables, rep=repetition, **window)


def report(rows, targets, own=OWN):
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    parts, passed = [], True
    for curve, (args, _, _) in CURVES.items():
        found = [row for row in rows if row["case"] == curve]
        if found:
            text, is_flat = curve_of(found, curve, args, targets["growth"], own)
            parts.append(text)
            passed &= is_flat
    return "\n\n".join(parts), passed


def curve_of(rows, curve, args, target, own):
    unit = UNITS.get(curve, "delivery")
    grows = grown(curve)
    head = ["rooms" if grows == "rooms" else "connections", "server", f"CPU µs/{unit}", "user", "kernel", "RSS bytes/connection", "errors"]
    lines = []
    for size in dict.fromkeys(values(rows, grows)):
        for server in dict.fromkeys(row["server"] for row in rows):
            this = {grows: size, "server": server}
            cpu, user = median(rows, "cpu_us", **this), user_us(rows, **this)
            if cpu is None:
                continue
            counts = [shown(median(rows, key, **this), 0) for key in ("rss_per_conn", "errors")]
            lines.append([f"{size:,}", server, shown(cpu), shown(user), shown(user and cpu - user), *counts])
    words, passed = judge(rows, curve, target, own)
    return f"### Growth: {curve}\n\n`{args.format('N')}`\n\n{table(head, lines)}\n\n{words}", passed


def grown(curve):
    """What the generator calls the number that grows."""
    return "rooms" if curve == "rooms-per-namespace" else "conns"


def judge(rows, curve, target, own):
    """Ours must stay flat from the second size on; with few connections all writes are joined, and memory is the program's."""
    grows, rows = grown(curve), [row for row in rows if row["server"] == own]
    failed = [row.get("fail", f"{row.get('errors')} errors") for row in rows if "fail" in row or row["errors"]]
    if failed:
        return f"FAIL: {failed[0]}.", False
    sizes = sorted(set(values(rows, grows)))[1:]
    if len(sizes) < 2:
        return "No verdict: three sizes of ours are needed.", True

    def along(key):
        return [median(rows, key, **{grows: size}) for size in sizes]

    checks = []
    if curve == "idle":
        # A heartbeat is mostly the kernel's.
        checks.append(growth_of("CPU", "µs", along("cpu_us"), target["ratio"]))
    else:
        users = [user_us(rows, **{grows: size}) for size in sizes]
        words = f"user part {' → '.join(map(shown, users))} µs, at most {target['user_us']} µs more"
        checks.append((words, None not in users and max(users) - users[0] <= target["user_us"]))
    if grows == "conns":
        checks.append(growth_of("memory", "bytes", along("rss_per_conn"), target["ratio"]))
    passed = all(met for _, met in checks)
    text = "; ".join(words for words, _ in checks)
    return f"{verdict(passed)} from {sizes[0]:,} to {sizes[-1]:,}: {text}.", passed


def growth_of(name, unit, figures, limit):
    words = " → ".join(f"{figure:,.0f}" for figure in figures)
    return f"{name} {words} {unit}, at most × {limit}", max(figures) <= figures[0] * limit


def wanted(_options):
    return [FLOOR, "uws"]
