"""The command line."""

import argparse
import json
import os
import shlex
import signal
import sys
from pathlib import Path

from . import build, clients, compare, growth, guide, join_leave, order, profile, slow_readers, smoke, soak, workers
from .measure import Bench
from .place import LOAD
from .servers import OWN, PEERS, VARIANTS, present

COMMANDS = {module.KIND: module for module in (compare, growth, workers, order, join_leave, slow_readers, profile, clients, soak, smoke)}


def main():
    options = parser().parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))  # the server is ended on the way out
    targets = json.loads((LOAD / "targets.json").read_text())
    if options.show or options.write_guide:
        return again(options, targets)
    module = COMMANDS[options.command]
    bench = Bench(servers(options, module), options)
    module.measure(bench, options)
    print(f"\nfigures: {bench.out}", file=sys.stderr)
    reported = module.report(bench.rows, targets)
    if reported is None:
        print("Nothing was measured.", file=sys.stderr)
        return 1
    text, passed = reported
    print(text)
    judged = options.command != compare.KIND or options.strict
    return 0 if passed or not judged else 1


def parser():
    line = argparse.ArgumentParser(prog="cargo xtask load", description="Servers under load. See load/README.md.")
    line.add_argument("command", nargs="?", default=compare.KIND, choices=COMMANDS, help="default: table")
    add = line.add_argument
    add("--quick", action="store_true", help="table: few scenarios, one short repetition; floor, reference and ours")
    words = "another server; it reads PORT, PING_INTERVAL and PING_TIMEOUT"
    add("--server", action="append", default=[], metavar="NAME=CMD", help=words)
    add("--only", metavar="NAMES", help="servers, separated by commas; none but --server with an empty list")
    add("--scenarios", metavar="NAMES", help="table (also idle25, idle1), workers and profile: scenarios, separated by commas")
    add("--reps", type=int, metavar="N", help="repetitions")
    add("--secs", type=float, metavar="S", help="length of the measured window")
    add("--warm", type=float, metavar="S", help="before it")
    add("--minutes", type=float, help="soak: default 60")
    add("--connections", type=int, metavar="N", help="join-leave, slow-readers, clients, soak")
    add("--clients", metavar="NAMES", help="clients: which, separated by commas")
    add("--windows", type=int, metavar="N", help="join-leave: windows of each kind, default 5")
    add("--outbox", type=int, metavar="BYTES", help="slow-readers: limit of one client's outbox, default 1 MiB")
    add("--strict", action="store_true", help="table: fail if a target is missed")
    add("--fixture", metavar="PATH", help="this repository's fixture, built elsewhere")
    add("--no-build", action="store_true", help="take what is built")
    add("--block", action="store_true", help="the generator sleeps while nothing comes, instead of asking again and again")
    add("--server-core", type=int, default=0, metavar="N")
    add("--gen-core", type=int, default=min(1, (os.cpu_count() or 1) - 1), metavar="N")
    add("--out", metavar="FILE", help="where the figures go, a line of JSON each")
    add("--show", nargs="+", metavar="FILE", help="print the tables of earlier runs")
    add("--write-guide", nargs="+", metavar="FILE", help="put the tables of earlier runs into docs/guide/performance.md")
    return line


def servers(options, module):
    """The servers of a run by name, built."""
    names = module.wanted(options)
    names = [OWN, *(PEERS | VARIANTS if names is None else names)]
    if options.only is not None:
        names = [name for name in options.only.split(",") if name]
        known = [OWN, *VARIANTS, *PEERS]
        unknown = set(names) - set(known)
        if unknown:
            sys.exit(f"unknown server {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    ours = {OWN: {}} | VARIANTS
    ours = {name: environment for name, environment in ours.items() if name in names}
    peers = [name for name in names if name in PEERS]
    fixture = options.fixture
    if not options.no_build:
        build.own() if peers else build.generator()
        build.peers(set(peers))
        if ours and not fixture:
            fixture = build.fixture()
    chosen, missing = present(peers)
    for name in missing:
        print(f"{name}: not built, left out", file=sys.stderr)
    for name, environment in ours.items():
        chosen[name] = ([str(Path(fixture or "target/release/bench_fixture"))], environment)
    for text in options.server:
        name, _, command = text.partition("=")
        chosen[name] = (shlex.split(command), {})
    return chosen


def again(options, targets):
    rows = [row for name in options.show or options.write_guide for row in read(Path(name))]
    found = {kind: module.report(rows, targets) for kind, module in COMMANDS.items()}
    texts = {kind: report[0] for kind, report in found.items() if report}
    if options.write_guide:
        texts.pop(smoke.KIND, None)
        guide.write(texts, rows)
    else:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        print("\n\n".join(texts.values()))
    return 0


def read(file):
    """The rows of a run, each with the machine that it was taken on."""
    machine = None
    for line in file.read_text().splitlines():
        row = json.loads(line)
        if row.get("kind") == "machine":
            machine = row
        else:
            row["machine"] = machine
        yield row
