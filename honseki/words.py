"""How counts are written for people."""

from __future__ import annotations


def many(count: int, noun: str) -> str:
    """The count with its noun: `1 resource`, `2 resources`, `1,741 municipalities`."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou"):
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}s"
