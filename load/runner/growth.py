"""What a message and a connection cost as their number grows, with the floor beside."""

from .figures import median, shown, table, user_us, verdict
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
    for repetition in range(options.reps or 1):
        for curve, (args, variables, scale) in CURVES.items():
            for size in ROOMS if curve == "rooms-per-namespace" else SIZES:
                for server in bench.servers:
                    window = {"seconds": (options.secs or 3.0) * scale, "warmup": options.warm or 1.0}
                    bench.run(KIND, server, curve, args.format(size), variables, size=size, rep=repetition, **window)


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
    grows = "rooms" if curve == "rooms-per-namespace" else "connections"
    head = [grows, "server", f"CPU µs/{unit}", "user", "kernel", "RSS bytes/connection", "errors"]
    lines = []
    for size in dict.fromkeys(row["size"] for row in rows):
        for server in dict.fromkeys(row["server"] for row in rows):
            this = {"size": size, "server": server}
            cpu, user = median(rows, "cpu_us", **this), user_us(rows, **this)
            if cpu is None:
                continue
            memory, errors = median(rows, "rss_per_conn", **this), median(rows, "errors", **this)
            lines.append([f"{size:,}", server, shown(cpu), shown(user), shown(cpu - user), shown(memory, 0), shown(errors, 0)])
    words, passed = judge(rows, curve, target, own)
    return f"### Growth: {curve}\n\n`{args.format('N')}`\n\n{table(head, lines)}\n\n{words}", passed


def judge(rows, curve, target, own):
    """Ours must stay flat from the second size on; with few connections all writes are joined, and memory is the program's."""
    sizes = sorted({row["size"] for row in rows})[1:]
    failed = [row for row in rows if row["server"] == own and ("fail" in row or row.get("errors"))]
    if failed:
        return f"FAIL: {failed[0].get('fail', 'errors')} at {failed[0]['size']:,}.", False
    if len(sizes) < 2 or not any(row["server"] == own for row in rows):
        return "No verdict: two sizes of ours are needed.", True
    least, most = sizes[0], sizes[-1]
    users = [user_us(rows, size=size, server=own) for size in (least, most)]
    memory = [median(rows, "rss_per_conn", size=size, server=own) for size in (least, most)]
    checks = [
        (f"user part {users[0]:.2f} → {users[1]:.2f} µs, at most {target['user_us']} µs more", users[1] - users[0] <= target["user_us"])
    ]
    if curve == "idle":
        words = f"memory {memory[0]:,.0f} → {memory[1]:,.0f} bytes per connection, at most × {target['memory']}"
        checks.append((words, memory[1] <= memory[0] * target["memory"]))
    passed = all(met for _, met in checks)
    text = "; ".join(words for words, _ in checks)
    return f"{verdict(passed)} from {least:,} to {most:,}: {text}.", passed


def wanted(_options):
    return [FLOOR]
