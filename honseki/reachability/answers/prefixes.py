"""Prefix lists: names for sets of addresses, AWS's own and customers'."""

from __future__ import annotations

from honseki.reachability.addresses import Span
from honseki.reachability.answers.documents import Documents


def prefix_lists(documents: Documents) -> dict[str, tuple[Span, ...]]:
    """What each prefix list holds. A list whose entries aren't in the answers isn't in it.

    `describe-prefix-lists` gives AWS's lists with their addresses; `describe-managed-prefix-lists` gives all lists,
    under the same name, without addresses. These `get-managed-prefix-list-entries` gives, without saying of which list;
    its answers are looked for as `ManagedPrefixListEntries: [{"PrefixListId": "pl-...", "Entries": [{"Cidr": ...}]}]`.
    https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
    """
    found: dict[str, tuple[Span, ...]] = {}
    for item in documents.every("PrefixLists"):
        cidrs = item.body.get("Cidrs")
        if isinstance(cidrs, list):
            found[item.need("PrefixListId")] = tuple(item.span(cidr) for cidr in cidrs)
    for item in documents.every("ManagedPrefixListEntries"):
        if "Entries" in item.body:
            found[item.need("PrefixListId")] = tuple(item.span(entry.get("Cidr")) for entry in item.parts("Entries"))
    return found
