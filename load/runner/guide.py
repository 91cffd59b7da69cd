"""Puts tables into the guide and the README, between `<!-- load:KIND -->` and `<!-- /load:KIND -->`."""

import re
from collections import Counter

from . import summary
from .place import GUIDE, README


def write(reports, rows):
    """Replaces what stands between the markers of each report; the rest of the guide stays."""
    for kind, report in reports.items():
        # In the guide, a table stands below a heading of its own.
        body = re.sub(r"^### ", "#### ", report, flags=re.MULTILINE)
        these = [row for row in rows if row.get("kind") == kind]
        put(GUIDE, kind, f"{note(these)}\n\n{body}")
    few = summary.report(rows)
    if few:
        these = [row for row in rows if row.get("kind") == summary.KIND and row["server"] in summary.SERVERS.values()]
        put(README, "summary", f"{few}\n\n{note(these)}")


def put(file, kind, body):
    text = file.read_text()
    marked = re.compile(rf"(<!-- load:{kind} -->\n).*?(<!-- /load:{kind} -->)", re.DOTALL)
    if not marked.search(text):
        raise SystemExit(f"{file} has no markers for {kind}")
    file.write_text(marked.sub(lambda found: f"{found[1]}\n{body}\n\n{found[2]}", text))


def note(rows):
    """When and on what the figures were taken."""
    times = repetitions(rows)
    machines = [row["machine"] for row in rows if row.get("machine")]
    if not machines:
        return f"{times}, on an unknown machine."
    machine = machines[0]
    revisions = ", ".join(f"`{revision}`" for revision in dict.fromkeys(machine["revision"] for machine in machines))
    return (
        f"{times}, at revision {revisions}, on {machine['cores']} cores ({machine['model']}), "
        f"{machine['memory_mib'] // 1024} GiB of memory, Linux {machine['kernel']}."
    )


def repetitions(rows):
    """How often each server was measured: most of them, then the others by name."""
    taken = {}
    for row in rows:
        if "server" in row:
            taken.setdefault(row["server"], Counter())[(row["case"], row.get("threads"), row.get("conns"), row.get("rooms"))] += 1
    counts = {server: min(cases.values()) for server, cases in taken.items()}
    most = max(counts.values(), default=1)
    others = "".join(f", {count} of {server}" for server, count in counts.items() if count != most)
    return f"{most} repetition{'s' if most > 1 else ''}{others}"
