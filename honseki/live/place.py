"""One account in one region: its documents, asked one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import jmespath
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from honseki.live.access import Clients
from honseki.live.answers import Document, Entry, Gap, Reason
from honseki.live.ask import Ask, Each

_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
    }
)
_NOT_SERVED: Final = frozenset(
    {"InvalidAction", "RehearsalNotServed", "UnknownOperationException", "UnsupportedOperation"}
)
_TOKENS: Final = ("NextToken", "nextToken")

_KEYS: Final = frozenset({"PreSharedKey", "authKey"})
_IN_XML: Final = re.compile(r"(<(pre_shared_key|bgp_auth_key|auth_key)>)[^<]*(</\2>)")
REMOVED: Final = "removed by honseki"


class Place:
    """Asks in one account and region, never more than one request at a time. Used by one thread."""

    def __init__(self, clients: Clients, account: str, region: str, kept: str) -> None:
        """`kept`: the region under which the answers are kept, when they are about the whole account."""
        self._clients, self._account, self._region, self._kept = clients, account, region, kept
        self._made: dict[str, Any] = {}
        self._calls = 0

    def ask(self, asks: Sequence[Ask]) -> tuple[dict[str, Document], list[Entry]]:
        """The documents that were answered, and an entry for each that was asked."""
        documents: dict[str, Document] = {}
        entries = []
        for ask in asks:
            begun = self._calls
            document, gaps = self._each(ask, ask.each, documents) if ask.each else self._list(ask)
            items = 0
            if document is not None:
                documents[ask.name] = without_keys(document) if ask.secret else document
                listed = next(iter(document.values()))
                items = len(listed) if isinstance(listed, list) else 1
            entries.append(Entry(self._account, self._kept, ask.name, self._calls - begun, items, tuple(gaps)))
        return documents, entries

    def _list(self, ask: Ask) -> tuple[Document | None, list[Gap]]:
        try:
            answer = self._call(ask, ask.members)
        except (ClientError, BotoCoreError) as error:
            return None, [_gap(ask, error)]
        # Its own list first; AWS leaves an empty list out in some protocols.
        return {ask.result: answer.pop(ask.result, []), **answer}, []

    def _each(self, ask: Ask, each: Each, documents: Mapping[str, Document]) -> tuple[Document | None, list[Gap]]:
        of = documents.get(each.of)
        if of is None:
            text = f"it is asked for each of {each.of}, which wasn't answered"
            return None, [Gap(ask.operation, "failed", "NotAsked", text)]
        answers: list[Any] = []
        gaps: list[Gap] = []
        for item in jmespath.search(each.items, of) or ():
            about = ", ".join(item.values())
            try:
                answer = self._call(ask, {**ask.members, **item})
            except ClientError as error:
                if error.response["Error"].get("Code") not in each.absent:
                    gaps.append(_gap(ask, error, about))
                    continue
                answer = {}
            except BotoCoreError as error:
                gaps.append(_gap(ask, error, about))
                continue
            gaps += _truncated(ask, answer, about)
            answers += answer.get(ask.result, []) if each.merged else [{**item, **answer}]
        return {ask.result if each.merged else ask.name: answers}, gaps

    def _call(self, ask: Ask, members: Mapping[str, Any]) -> dict[str, Any]:
        """All pages as one answer, as the AWS CLI puts them together."""
        client, name = self._client(ask.service), xform_name(ask.operation)
        # botocore's paginator leaves out by what AWS says that it cut an answer short.
        if client.can_paginate(name) and not ask.truncated:
            size = {"PageSize": ask.page} if ask.page else {}
            pages = client.get_paginator(name).paginate(**members, PaginationConfig=size)
            whole: dict[str, Any] = pages.build_full_result()
            return whole
        call = getattr(client, name)
        answer: dict[str, Any] = call(**members)
        while (token := next((key for key in _TOKENS if answer.get(key)), None)) is not None:
            following = call(**members, **{token: answer.pop(token)})
            answer |= following | {ask.result: answer[ask.result] + following[ask.result]}
        return {key: value for key, value in answer.items() if key not in ("ResponseMetadata", *_TOKENS)}

    def _client(self, service: str) -> Any:
        if service not in self._made:
            made = self._clients(service, self._region)
            made.meta.events.register_first("before-send", self._count)
            self._made[service] = made
        return self._made[service]

    def _count(self, **_: Any) -> None:
        self._calls += 1


def unanswered(asks: Sequence[Ask], account: str, kept: str, code: str, text: str) -> Iterator[Entry]:
    """The entries of an account that couldn't be opened: everything in it was to be asked, nothing is known."""
    reason: Reason = "denied" if code in _DENIED else "failed"
    for ask in asks:
        yield Entry(account, kept, ask.name, 0, 0, (Gap("AssumeRole", reason, code, text),))


def without_keys(value: Any) -> Any:
    """`value` without the keys of VPN tunnels and BGP sessions, which AWS tells whoever may describe them.

    A snapshot is read by people and programs that have no business with them. Everything else stays as it is.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnConnection.html (CustomerGatewayConfiguration),
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TunnelOption.html (PreSharedKey),
    https://docs.aws.amazon.com/directconnect/latest/APIReference/API_VirtualInterface.html (authKey)
    """
    if isinstance(value, dict):
        return {key: REMOVED if key in _KEYS and member else without_keys(member) for key, member in value.items()}
    if isinstance(value, list):
        return [without_keys(member) for member in value]
    return _IN_XML.sub(rf"\g<1>{REMOVED}\g<3>", value) if isinstance(value, str) else value


def _truncated(ask: Ask, answer: Mapping[str, Any], about: str = "") -> list[Gap]:
    if not ask.truncated or not answer.get(ask.truncated):
        return []
    return [Gap(ask.operation, "truncated", ask.truncated, "AWS holds more than it lists", about)]


def _gap(ask: Ask, error: ClientError | BotoCoreError, about: str = "") -> Gap:
    if not isinstance(error, ClientError):
        return Gap(ask.operation, "failed", type(error).__name__, str(error), about)
    said = error.response["Error"]
    code = str(said.get("Code", ""))
    reason: Reason = "denied" if code in _DENIED else "not-served" if code in _NOT_SERVED else "failed"
    return Gap(ask.operation, reason, code, str(said.get("Message", "")), about)
