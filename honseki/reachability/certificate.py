"""Certificates: for each isolated tenant, all that its packets may come to. `checker` checks them without this code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

from honseki.errors import HonsekiError
from honseki.reachability import checker
from honseki.reachability.addresses import Span
from honseki.reachability.document import span_text, to_json
from honseki.reachability.isolation import Isolation

FORMAT: Final = "honseki-certificate/1"

_PORTION: Final = 500
"""Items of a network's document that are digested together; part of what a digest is."""


def certificate(isolation: Isolation, tenants: Iterable[str], network: dict[str, Any] | None = None) -> dict[str, Any]:
    """The certificate's document for these tenants: by tenant, place and destinations there, and the network's digest.

    `network`: the network's document if it is at hand (`document.to_json`).
    """
    texts: dict[tuple[Span, ...], list[str]] = {}

    def said(spans: tuple[Span, ...]) -> list[str]:
        if spans not in texts:
            texts[spans] = [span_text(one) for one in spans]
        return texts[spans]

    return {
        "format": FORMAT,
        "network": digest(to_json(isolation.network) if network is None else network),
        "tenants": {
            tenant: {place: said(spans) for place, spans in isolation.closed(tenant).items()} for tenant in tenants
        },
    }


def digest(network: dict[str, Any]) -> str:
    """SHA-256 of a network's document, kind by kind, whatever its spacing and its order of keys."""
    # A fleet's document is 70 MB of text: in portions it is never all in memory at once, and a quarter faster.
    encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
    digested = hashlib.sha256()
    for kind in sorted(network):
        digested.update(encoder.encode(kind).encode() + b"\n")
        for first in range(0, len(network[kind]), _PORTION):
            digested.update(encoder.encode(network[kind][first : first + _PORTION]).encode() + b"\n")
    return digested.hexdigest()


def verify(network: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """Why a certificate doesn't hold for a network's document; empty if it does.

    Raises `HonsekiError` for what isn't a certificate of this format, or no network's document.
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise HonsekiError(
            "the file isn't a certificate of isolation",
            why=f"its format isn't {FORMAT}",
            do="pass a file that `honseki prove --certificate FILE` wrote",
        )
    if not isinstance(network, dict) or not all(isinstance(items, list) for items in network.values()):
        raise HonsekiError(
            "the file isn't a network",
            why="it isn't an object with a list for each kind",
            do="pass the file that `honseki prove --network FILE` wrote",
        )
    if document["network"] != digest(network):
        return ["the certificate is of another network: the digests differ"]
    return checker.problems(network, document["tenants"])
