"""Medians and spreads of rows."""

import statistics


def values(rows, key, **wanted):
    """The values of `key` in the rows that have it and all that is wanted."""
    fits = (row for row in rows if all(row.get(name) == value for name, value in wanted.items()))
    return [row[key] for row in fits if key in row]


def median(rows, key, **wanted):
    found = values(rows, key, **wanted)
    return statistics.median(found) if found else None


def user_us(rows, **wanted):
    """Microseconds per message in the server's own code."""
    parts = zip(values(rows, "cpu_us", **wanted), values(rows, "user_frac", **wanted))
    found = [cpu * fraction for cpu, fraction in parts]
    return statistics.median(found) if found else None


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


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def verdict(passed):
    return "PASS" if passed else "FAIL"
