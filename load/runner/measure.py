"""One server, one scenario, one line of figures."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from .place import GENERATOR, ROOT, WORK, free_port

# Beyond the seconds that the scenario itself takes.
PATIENCE = 240
# Seconds in which a program must end when it is asked to.
PATIENT = 3
# Of what went wrong, so many lines are kept.
MOST_ERRORS = 20


class Bench:
    """Starts servers, one at a time, and keeps what is counted."""

    def __init__(self, servers, options):
        self.servers = servers
        self.options = options
        self.rows = []
        self.patience = PATIENT
        self.started = time.time()
        WORK.mkdir(parents=True, exist_ok=True)
        self.out = Path(options.out) if options.out else WORK / f"results-{int(self.started)}.jsonl"
        self.keep(machine())

    def run(self, kind, name, case, args, variables=None, *, seconds, warmup=0.0, pinned=True, **more):
        """Runs the generator with `args` against server `name`; the row, also after a failure."""
        row = {"kind": kind, "server": name, "case": case, **more}
        try:
            row.update(self.figures(name, args.split(), variables or {}, seconds, warmup, pinned))
        except Failed as failed:
            row["fail"] = str(failed)[:200]
        self.keep(row)
        elapsed = time.time() - self.started
        print(f"[{elapsed:6.0f} s] {kind:12} {case:16} {name:16} {brief(row)}", file=sys.stderr, flush=True)
        return row

    def keep(self, row):
        self.rows.append(row)
        with open(self.out, "a") as file:
            file.write(json.dumps(row) + "\n")

    def figures(self, name, args, variables, seconds, warmup, pinned):
        with open(WORK / f"{name}.log", "ab") as log, self.serving(name, variables, log, pinned) as (server, port):
            target = ["--port", str(port), "--pid", str(server.pid)]
            window = ["--seconds", str(seconds), "--warmup", str(warmup)]
            spin = [] if self.options.block or not pinned else ["--spin"]
            generator = [*self.core(self.options.gen_core, pinned), str(GENERATOR)]
            return parsed([*generator, *args, *target, *window, *spin], seconds + warmup)

    @contextmanager
    def serving(self, name, variables, log, pinned=True):
        """Server `name` as a process, and its port, once it listens."""
        command, fixed = self.servers[name]
        port = free_port()
        server = subprocess.Popen(
            [*self.core(self.options.server_core, pinned), *command],
            env={**os.environ, **fixed, **variables, "PORT": str(port)},
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            await_listening(server, port)
            yield server, port
        finally:
            end(server, self.patience)

    def core(self, core, pinned):
        return ["taskset", "-c", str(core)] if pinned and shutil.which("taskset") else []


class Failed(Exception):
    """Why there are no figures."""


def await_listening(server, port):
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            if server.poll() is not None:
                raise Failed("the server ended early") from None
            time.sleep(0.05)
        else:
            time.sleep(0.25)
            return
    raise Failed("the server does not listen")


def parsed(command, seconds):
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE + 2 * seconds)
    except subprocess.TimeoutExpired:
        raise Failed("the generator did not end in time") from None
    lines = run.stdout.strip().splitlines()
    if run.returncode or not lines:
        raise Failed((run.stderr.strip().splitlines() or ["no word from the generator"])[-1])
    figures = json.loads(lines[-1])
    if figures.get("errors"):
        figures["errors_are"] = run.stderr.strip().splitlines()[:MOST_ERRORS]
    return figures


def end(server, patience=PATIENT):
    server.terminate()
    try:
        server.wait(patience)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def brief(row):
    if "fail" in row:
        return row["fail"]
    figures = f"{row['cpu_us']:8.2f} µs {row['per_s']:>9,}/s  errors {row['errors']}"
    return "\n".join([figures, *row.get("errors_are", [])])


def machine():
    """What the figures were taken on."""
    model = next((line.split(":")[1].strip() for line in lines("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = next((int(line.split()[1]) // 1024 for line in lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    described = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return {
        "kind": "machine",
        "cores": os.cpu_count(),
        "model": model,
        "memory_mib": memory,
        "kernel": os.uname().release.split("-")[0],
        "revision": described.stdout.strip(),
    }


def lines(path):
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
