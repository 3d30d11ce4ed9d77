"""What is requested from AWS, as data: one `Ask` per document. The lists are in `network` and `channels`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Scope = Literal["region", "account"]

GLOBAL: Final = "aws-global"
"""Where the answers about a whole account are kept, beside its regions: AWS's own name for that
(https://docs.aws.amazon.com/general/latest/gr/rande.html#global-endpoints)."""


@dataclass(frozen=True, slots=True)
class Each:
    """An operation that AWS offers for one thing at a time only, asked for every item of another document.

    `items` is a JMESPath over the document `of`; it yields a request's members (`{Bucket: "a"}`), which stand in the
    answer too, so that it says what it is about. `absent` are the errors by which AWS says that the thing has none
    of this (a bucket without a policy): the item is then in the document, without an answer.

    `merged`: the lists of all answers become one, as if AWS had a list operation; else there is one element an item.
    """

    of: str
    items: str
    absent: tuple[str, ...] = ()
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """One document: the operation ("DescribeVpcs"), its fixed members, and where in the answer its list is.

    `page`: items per request, the most that AWS takes (0: AWS decides, or the operation has no pages). `truncated`: the
    member by which AWS says of one item's answer that it left something out although there is no further page.
    `secret`: the answer may hold keys of a tunnel or a session, which are taken out.
    """

    name: str
    service: str
    operation: str
    result: str
    page: int = 0
    members: Mapping[str, Any] = field(default_factory=dict)
    scope: Scope = "region"
    each: Each | None = None
    truncated: str = ""
    secret: bool = False
