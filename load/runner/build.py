"""Builds the generator, this repository's fixture and the peers. What cannot be built is named and left out."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .place import LOAD, ROOT, WORK

NODE_PACKAGES = {
    "node": ["socket.io@4.8.4"],
    "bun": ["bun@1.4.5", "@socket.io/bun-engine@0.1.2", "socket.io@4.8.4"],
    "node-client": ["socket.io-client@4.8.4"],
}
PYTHON_PACKAGES = ["python-socketio==5.18.1", "uvicorn", "uvloop", "httptools", "websockets"]
UWEBSOCKETS = {
    # Environment variable that names a checkout, repository, commit.
    "uWebSockets": ("UWS_SRC", "66dcff3dd48f0c19dd1703426365d062039321d0"),
    "uSockets": ("USOCKETS_SRC", "86097c490263ab662d62e8e7b541390bdec7d149"),
}


def generator():
    """The generator alone."""
    cargo(LOAD, ["--package", "generator"])


def own():
    """The generator and the floors."""
    cargo(LOAD, ["--package", "generator", "--package", "floor"])


def fixture():
    """This repository's fixture; the path of the program."""
    cargo(ROOT, ["--package", "roomcast-conformance", "--bin", "bench_fixture"], target=None)
    return Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release" / "bench_fixture"


def profiled():
    """This repository's fixture with the names of its functions."""
    unstripped = ["--config", "profile.release.strip=false"]
    cargo(ROOT, ["--package", "roomcast-conformance", "--bin", "bench_fixture", *unstripped], WORK / "profiled")
    return WORK / "profiled" / "release" / "bench_fixture"


def clients(wanted):
    """Those of the wanted clients that this machine can build."""
    if "roomcast-client" in wanted:
        cargo(ROOT, ["--package", "roomcast-conformance", "--bin", "bench_client"], target=None)
    if "rust_socketio" in wanted and not compiles(LOAD, ["--package", "peer-rust-socketio"]):
        lacking("rust_socketio", "it does not compile; it needs OpenSSL and its headers")
    if "socket.io-client" in wanted:
        lacking("socket.io-client", node("node-client"))


def peers(wanted):
    """Those of the wanted servers that this machine can build."""
    if any(name.startswith("socketioxide") for name in wanted):
        cargo(LOAD, ["--package", "peer-socketioxide"])
    for folder, servers in (("node", {"node-ws"}), ("bun", {"bun-raw", "bun-engine"})):
        if servers & wanted:
            lacking(folder, node(folder))
    if "python" in wanted:
        lacking("python", python())
    if "uws" in wanted:
        lacking("uws", uwebsockets())


def cargo(folder, args, target=WORK / "target"):
    if not compiles(folder, args, target):
        raise SystemExit(f"`cargo build {' '.join(args)}` failed in {folder}")


def compiles(folder, args, target=WORK / "target"):
    moved = {"CARGO_TARGET_DIR": str(target)} if target else {}
    return succeeds(["cargo", "build", "--release", "--locked", *args], folder, moved)


def node(name):
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    for source in [*(LOAD / "peers" / name).glob("*.js"), LOAD / "peers/node/fixture.js"]:
        shutil.copyfile(source, replaced(folder / source.name))
    if (folder / "node_modules").exists():
        return None
    if not shutil.which("npm"):
        return "npm is missing"
    (folder / "package.json").write_text('{"private":true}')
    installed = succeeds(["npm", "install", "--no-package-lock", "--silent", *NODE_PACKAGES[name]], folder)
    return None if installed else "npm install failed"


def python():
    folder = WORK / "py" / "v"
    if folder.exists():
        return None
    if not succeeds([sys.executable, "-m", "venv", str(folder)], WORK):
        return "a virtual environment could not be made"
    if succeeds([str(folder / "bin" / "pip"), "install", "-q", *PYTHON_PACKAGES], WORK):
        return None
    shutil.rmtree(folder)
    return "pip install failed"


def uwebsockets():
    folder = WORK / "uws"
    folder.mkdir(parents=True, exist_ok=True)
    program, main = folder / "uws-fixture", LOAD / "peers/uws/main.cpp"
    commits = "".join(commit for _, commit in UWEBSOCKETS.values())
    stamp = hashlib.sha256(commits.encode() + main.read_bytes()).hexdigest()
    if program.exists() and stamped(folder) == stamp:
        return None
    earlier = "; an earlier build is used" if program.exists() else ""
    for compiler in ("gcc", "g++"):
        if not shutil.which(compiler):
            return f"{compiler} is missing{earlier}"
    sources = {}
    for name, (variable, commit) in UWEBSOCKETS.items():
        sources[name] = os.environ.get(variable) or fetched(name, commit)
        if not sources[name]:
            return f"{variable} is not set, and {name} {commit[:7]} could not be fetched with git{earlier}"
    sockets = Path(sources["uSockets"]) / "src"
    flags = ["-O3", "-DLIBUS_NO_SSL", f"-I{sockets}"]
    files = [str(file) for file in (*sockets.glob("*.c"), *sockets.glob("eventing/*.c"))]
    objects = [f"{Path(file).stem}.o" for file in files]
    link = ["g++", "-std=c++20", *flags, "-DUWS_NO_ZLIB", f"-I{sources['uWebSockets']}/src", str(main), *objects]
    built = succeeds(["gcc", *flags, "-c", *files], folder) and succeeds([*link, "-o", program.name], folder)
    if not built:
        return f"the compiler failed{earlier}"
    (folder / "stamp").write_text(stamp)
    return None


def stamped(folder):
    stamp = folder / "stamp"
    return stamp.read_text() if stamp.exists() else None


def fetched(name, commit):
    """A checkout of one commit, or nothing."""
    folder = WORK / "src" / name
    if (folder / "src").exists():
        return folder
    if not shutil.which("git"):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    quiet = {"GIT_TERMINAL_PROMPT": "0"}
    origin = f"https://github.com/uNetworking/{name}"
    steps = (["init", "-q"], ["fetch", "-q", "--depth", "1", origin, commit], ["checkout", "-q", commit])
    return folder if all(succeeds(["git", *step], folder, quiet) for step in steps) else None


def replaced(path):
    """The path, without the read-only file of an earlier run."""
    path.unlink(missing_ok=True)
    return path


def lacking(name, reason):
    if reason:
        print(f"{name}: {reason}", file=sys.stderr)


def succeeds(command, folder, variables=None):
    print("+", " ".join(command), file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **(variables or {})}
    return subprocess.run(command, cwd=folder, env=environment, stdout=sys.stderr).returncode == 0
