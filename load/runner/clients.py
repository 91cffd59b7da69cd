"""What 1,000 sockets of a client process cost, each with a connection of its own: ours, the official client, rust_socketio."""

import json
import resource
import select
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from . import build
from .broadcaster import Broadcaster
from .figures import median, shown, table, values, verdict, with_spread
from .measure import Failed, end
from .place import BINARIES, ROOT, WORK
from .servers import OWN

KIND = "clients"
OURS = "roomcast-client"
# By name: command. Ours lies beside the fixture.
PEERS = {
    "socket.io-client": ["node", str(WORK / "node-client" / "client.js")],
    "rust_socketio": [str(BINARIES / "peer-rust-socketio")],
}
SOCKETS = 1000
BROADCASTS_PER_SECOND = 20
# No heartbeat falls into a window.
HEARTBEATS = {"PING_INTERVAL": "300000", "PING_TIMEOUT": "300000"}
# How long a client may take for a command, and a missing broadcast for its way.
PATIENCE, LATE = 60, 3


def measure(bench, options):
    names = [OURS, *PEERS] if options.clients is None else options.clients.split(",")
    if not options.no_build:
        build.clients(set(names))
    fixture, _ = bench.servers[OWN]
    for name in [name for name in names if not is_built(command_of(name, fixture))]:
        print(f"{name}: not built, left out", file=sys.stderr)
        names.remove(name)
    trial = Trial(options.connections or SOCKETS, options.secs or 6.0, 2.0 if options.warm is None else options.warm)
    for repetition in range(options.reps or 3):
        for name in names[:: -1 if repetition % 2 else 1]:
            run(bench, KIND, name, trial, rep=repetition)


class Trial:
    """How many sockets, and the seconds of each window and before it."""

    def __init__(self, sockets, seconds, warmup):
        self.sockets, self.seconds, self.warmup = sockets, seconds, warmup


def run(bench, kind, name, trial, **more):
    """One client process against our fixture; the row, also after a failure."""
    row = {"kind": kind, "server": OWN, "client": name, "case": KIND, "conns": trial.sockets, **more}
    command, _ = bench.servers[OWN]
    with open(WORK / f"{KIND}.log", "ab") as log:
        try:
            with bench.serving(OWN, HEARTBEATS, log) as (_, port):
                program = [*bench.core(bench.options.gen_core, True), *command_of(name, command)]
                client = Client(program, port, trial.sockets, log)
                try:
                    row.update(figures(client, port, trial))
                finally:
                    end(client.process)
        except (Failed, OSError) as failed:
            row["fail"] = str(failed)[:200]
    bench.keep(row)
    print(f"{kind:8} {name:17} {brief(row)}", file=sys.stderr, flush=True)
    return row


def command_of(name, fixture):
    return PEERS[name] if name in PEERS else [str(own(fixture))]


def own(fixture):
    """Our client program, by the command of the fixture."""
    return ROOT / Path(fixture[0]).with_name("bench_client")


def is_built(command):
    program, *files = command
    return bool(shutil.which(program)) and all(Path(file).exists() for file in files)


class Client:
    """A client process that does what it is told, line by line."""

    def __init__(self, command, port, sockets, log):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # for the processes that this one starts
        self.process = subprocess.Popen(
            [*command, str(port), str(sockets)], cwd=ROOT, text=True, bufsize=1, stderr=log,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.answer()

    def told(self, command):
        self.process.stdin.write(f"{command}\n")
        return self.answer()

    def answer(self):
        # There is never more than one line on its way, so none can hide in the stream's buffer.
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            raise Failed("the client does not answer")
        line = self.process.stdout.readline()
        if not line:
            raise Failed("the client ended early")
        return json.loads(line)

    def usage(self):
        """Processor time so far in seconds, and of it the kernel's ticks: user, system."""
        # The kernel's name for "all of the time of process `pid`".
        clock = time.clock_gettime((~self.process.pid << 3) | 2)
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        user, system = stat[stat.rindex(")") + 2 :].split()[11:13]
        return clock, int(user), int(system)

    def resident(self):
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()


def figures(client, port, trial):
    time.sleep(0.5)  # the runtime starts its threads
    before, start = client.resident(), client.usage()
    client.told("connect")
    opened = client.usage()
    time.sleep(0.5)
    connected = client.resident()
    found = {
        "rss_before": before,
        "rss_per_conn": (connected - before) / trial.sockets,
        **spent("connect", start, opened, trial.sockets),
    }
    broadcaster = Broadcaster(port)
    if trial.warmup:
        receive(client, broadcaster, trial.sockets, trial.warmup)
        client.told(f"echo {trial.warmup}")
    found.update(receive(client, broadcaster, trial.sockets, trial.seconds))
    found.update(echo(client, trial.seconds))
    broadcaster.close()
    found["rss_per_conn_used"] = (client.resident() - before) / trial.sockets
    found["n"] = found["receive_n"] + found["echo_n"]
    found["errors"] = found["receive_lost"] + found["echo_lost"]
    return found


def receive(client, broadcaster, sockets, seconds):
    """Broadcasts at a fixed rate, until all have come or the rest is late."""
    count = max(1, round(seconds * BROADCASTS_PER_SECOND))
    earlier, start = client.told("count")["received"], client.usage()
    broadcaster.send(count, BROADCASTS_PER_SECOND)
    came, since = 0, time.monotonic()
    while came < count * sockets and time.monotonic() - since < LATE:
        now = client.told("count")["received"] - earlier
        if now != came:
            came, since = now, time.monotonic()
        time.sleep(0.02)
    lost = count * sockets - came
    return {"receive_n": came, "receive_lost": lost, **spent("receive", start, client.usage(), came)}


def echo(client, seconds):
    start, since = client.usage(), time.monotonic()
    told = client.told(f"echo {seconds}")
    rate = round(told["answered"] / (time.monotonic() - since))
    lost = told["sent"] - told["answered"]
    counts = {"echo_n": told["answered"], "echo_lost": lost, "echo_per_s": rate}
    return {**counts, **spent("echo", start, client.usage(), told["answered"])}


def spent(what, start, stop, count):
    """Microseconds of processor time for each of `count`, and the part of it outside of the kernel."""
    clock, user, system = (after - before for before, after in zip(start, stop))
    return {f"{what}_us": 1e6 * clock / max(1, count), f"{what}_user": user / max(1, user + system)}


def brief(row):
    if "fail" in row:
        return row["fail"]
    costs = "  ".join(f"{what} {row[f'{what}_us']:.2f} µs" for what in ("connect", "receive", "echo"))
    return f"{costs}  {row['rss_per_conn']:,.0f} bytes/socket  lost {row['errors']}"


def report(rows, _targets):
    """Markdown, and whether no message was lost by our client."""
    rows = [row for row in rows if row.get("kind") == KIND]
    if not rows:
        return None
    names = list(dict.fromkeys(row["client"] for row in rows))
    fine = not any("fail" in row or row["errors"] for row in rows if row["client"] == OURS)
    counts = {row["conns"] for row in rows}
    title = f"### A client process with {', '.join(f'{count:,}' for count in sorted(counts))} sockets"
    tables = f"{table(COST, [cost_of(rows, name) for name in names])}\n\n{table(MEMORY, [memory_of(rows, name) for name in names])}"
    failed = [f"{row['client']}: {row['fail']}." for row in rows if "fail" in row]
    judged = [f"{verdict(fine)}: every message came to {OURS}."] if OURS in names else []
    return "\n\n".join([title, tables, *failed, *judged]), fine


COST = [
    "client", "received: CPU µs/message", "user µs", "lost", "asked and answered: CPU µs", "user µs", "lost", "connect: CPU µs",
]  # fmt: skip
MEMORY = ["client", "RSS bytes/socket, connected", "after the messages", "RSS MiB without sockets"]


def cost_of(rows, name):
    cells = [name]
    for what in ("receive", "echo"):
        cells += [spread(rows, f"{what}_us", name), shown(user(rows, what, name))]
        cells.append(f"{sum(values(rows, f'{what}_lost', client=name)):,}")
    return [*cells, spread(rows, "connect_us", name, 0)]


def memory_of(rows, name):
    empty = median(rows, "rss_before", client=name)
    sizes = [spread(rows, key, name, 0) for key in ("rss_per_conn", "rss_per_conn_used")]
    return [name, *sizes, "–" if empty is None else shown(empty / 2**20, 1)]


def spread(rows, key, name, digits=2):
    found = values(rows, key, client=name)
    return with_spread(found, digits) if found else "–"


def user(rows, what, name):
    parts = zip(values(rows, f"{what}_us", client=name), values(rows, f"{what}_user", client=name))
    found = [cost * part for cost, part in parts]
    return statistics.median(found) if found else None


def wanted(_options):
    return []
