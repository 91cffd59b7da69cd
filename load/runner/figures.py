"""Medians and spreads of rows."""

import statistics


def values(rows, key, **wanted):
    """The values of `key` in the rows that have it and all that is wanted."""
    fits = (row for row in rows if all(row.get(name) == value for name, value in wanted.items()))
    return [row[key] for row in fits if key in row]


def median(rows, key, **wanted):
    found = values(rows, key, **wanted)
    return statistics.median(found) if found else None


# The kernel tells user and system time apart in ticks of 10 ms: fewer than these in a window say little.
LEAST_TICKS = 50


def user_us(rows, **wanted):
    """Microseconds per message in the server's own code; none if all repetitions together are too short to tell."""
    keys = ("cpu_us", "user_frac", "n")
    parts = list(zip(*(values(rows, key, **wanted) for key in keys)))
    if sum(cpu * count for cpu, _, count in parts) < LEAST_TICKS * 10_000:
        return None
    return sum(cpu * fraction * count for cpu, fraction, count in parts) / sum(count for _, _, count in parts)


def with_spread(found, digits=2):
    """`median (least–most)`, or the one value that there is."""
    middle = f"{statistics.median(found):,.{digits}f}"
    if len(found) == 1:
        return middle
    return f"{middle} ({min(found):,.{digits}f}–{max(found):,.{digits}f})"


def ratio(one, other):
    return one / other if one is not None and other else None


def shown(value, digits=2):
    return "–" if value is None else f"{value:,.{digits}f}"


def beside(value, limit, digits=2):
    """`value (limit)`, with as many digits as it takes to tell them apart."""
    one, other = shown(value, digits), shown(limit, digits)
    return beside(value, limit, digits + 1) if one == other and value != limit else f"{one} ({other})"


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def verdict(passed):
    return "PASS" if passed else "FAIL"
