"""What was asked and what came back. Frozen; no I/O."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Document = Mapping[str, Any]
"""One answer as the AWS CLI prints it as JSON, all pages together; timestamps are ISO 8601 texts."""

Reason = Literal["denied", "not-served", "failed", "truncated"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was asked and not answered. `item` is what it was asked about, empty for the whole document."""

    operation: str
    reason: Reason
    code: str
    text: str
    item: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the manifest: a document that was asked for.

    `calls` are the HTTP requests that it took, tries again included; `items` is the length of its list. With a gap
    about the whole document there is no such document in the answers: what isn't known is never an empty list. With
    gaps about items, the others are in it.
    """

    account: str
    region: str
    name: str
    calls: int
    items: int
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was asked, answered and denied; one entry for every account, region and document, in that order.

    `begun` and `ended` are ISO 8601, UTC: what changed in between may be incomplete. `calls` doesn't count the one
    AssumeRole of each account.
    """

    entries: tuple[Entry, ...]
    begun: str = ""
    ended: str = ""

    @property
    def complete(self) -> bool:
        """Everything that was asked was answered."""
        return not self.missing

    @property
    def missing(self) -> tuple[Entry, ...]:
        """The entries with gaps: what a verdict can't rest on."""
        return tuple(entry for entry in self.entries if entry.gaps)

    @property
    def calls(self) -> int:
        """HTTP requests in all."""
        return sum(entry.calls for entry in self.entries)

    @property
    def items(self) -> int:
        """Items of all documents."""
        return sum(entry.items for entry in self.entries)

    def reasons(self) -> dict[str, int]:
        """How many gaps there are of each reason."""
        return dict(Counter(gap.reason for entry in self.entries for gap in entry.gaps))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "begun": self.begun,
            "ended": self.ended,
            "complete": self.complete,
            "calls": self.calls,
            "items": self.items,
            "gaps": self.reasons(),
            "entries": [dataclasses.asdict(entry) for entry in self.entries],
        }


@dataclass(frozen=True, slots=True)
class Answers:
    """All documents by account, region and name, and the manifest without which they can't be judged.

    `tenants` is the account of each tenant that was asked about. What is about an account as a whole is under the
    region `ask.GLOBAL`.
    """

    tenants: Mapping[str, str]
    documents: Mapping[str, Mapping[str, Mapping[str, Document]]]
    manifest: Manifest
