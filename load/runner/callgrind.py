"""Reads what callgrind writes."""

import re
from collections import Counter

NAMED = re.compile(r"(fl|fi|fe|fn|cfn|cfi|cfl|ob|cob)=\((\d+)\)(?: (.*))?")


def read(path):
    """The instructions of each pair of source file and function, without those of what it calls."""
    names, costs = {}, Counter()
    file = function = ""
    is_call = False
    for line in path.read_text().splitlines():
        named = NAMED.match(line)
        if named:
            key, number, name = named.groups()
            # Files share one list of names, functions another.
            known = ("functions" if key.endswith("fn") else "objects" if key.endswith("ob") else "files", number)
            if name is not None:
                names[known] = name
            if key == "fn":
                function = names.get(known, "")
            elif key in ("fl", "fi", "fe"):
                file = names.get(known, "")
        elif line.startswith("calls="):
            is_call = True
        elif line and line[0] in "0123456789+-*":
            if not is_call:
                costs[file, function] += int(line.split()[1])
            is_call = False
    return costs
