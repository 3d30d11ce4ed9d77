"""All accounts and regions at once, within bounds; and the answers as a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from honseki.errors import HonsekiError
from honseki.live.access import Clients, Open, RoleError
from honseki.live.answers import Answers, Document, Entry, Manifest
from honseki.live.ask import GLOBAL, Ask
from honseki.live.place import Place, unanswered
from honseki.live.table import TABLE

WORKERS: Final = 16
"""Places asked at once. An account's region is asked by one thread, one request at a time: what AWS limits is the rate
per account and region (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html), and it is shared with
whoever else works in that account."""

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class _Part:
    account: str
    region: str
    kept: str
    asks: tuple[Ask, ...]


def collect(
    tenants: Mapping[str, str],
    regions: Sequence[str],
    open_account: Open,
    *,
    asks: Sequence[Ask] = TABLE,
    workers: int = WORKERS,
) -> Answers:
    """Ask everything in `asks` in every tenant's account (`tenants`: code to account id) and in every region.

    The first region answers for the account as a whole. An account that can't be opened, an operation that is denied,
    one that the region doesn't serve: each is an entry with a gap in the manifest, and its document isn't there. Raises
    only what is a mistake of this program.
    """
    begun = _now()
    parts = [part for account in sorted(set(tenants.values())) for part in _parts(account, regions, asks)]
    with ThreadPoolExecutor(workers, thread_name_prefix="live") as pool:
        opened = {
            account: pool.submit(open_account, account) for account in dict.fromkeys(part.account for part in parts)
        }
        # An account is opened before its first place is asked: the pool takes tasks in order, so nothing waits in vain.
        results = list(pool.map(lambda part: _ask(part, opened[part.account]), parts))
    documents: dict[str, dict[str, dict[str, Document]]] = {account: {} for account in opened}
    entries: list[Entry] = []
    for part, (answered, said) in zip(parts, results, strict=True):
        documents[part.account][part.kept] = answered
        entries += said
    return Answers(dict(tenants), documents, Manifest(tuple(entries), begun, _now()))


def write(answers: Answers, folder: Path) -> Path:
    """Lay the documents down in the layout that Batfish reads, and the manifest beside them; returns their folder.

    `FOLDER/aws_configs/accounts/ACCOUNT/REGION/NAME.json`, and `FOLDER/manifest.json`, which comes last. Only the owner
    may read the documents. They aren't indented: Python's writer would take several times as long. Raises
    `HonsekiError` if there are documents already: old and new ones must not be mixed.
    https://pybatfish.readthedocs.io/en/latest/formats.html#amazon-web-services-aws
    """
    configs = folder / "aws_configs"
    if configs.exists():
        raise HonsekiError(
            "the folder already holds a snapshot",
            where=str(configs),
            why="documents that no longer exist in the cloud would stay in it",
            do="choose another folder, or remove this one",
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    configs.mkdir(mode=0o700)
    for account, regions in answers.documents.items():
        for region, named in regions.items():
            place = configs / "accounts" / account / region
            place.mkdir(parents=True)
            for name, document in named.items():
                (place / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False) + "\n")
    manifest = {"tenants": dict(answers.tenants), **answers.manifest.as_json()}
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False) + "\n")
    return configs


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _parts(account: str, regions: Sequence[str], asks: Sequence[Ask]) -> list[_Part]:
    def of(scope: str) -> tuple[Ask, ...]:
        return tuple(ask for ask in asks if ask.scope == scope)

    parts = [_Part(account, regions[0], GLOBAL, of("account"))]
    return parts + [_Part(account, region, region, of("region")) for region in regions]


def _ask(part: _Part, opened: Future[Clients]) -> tuple[dict[str, Document], list[Entry]]:
    try:
        clients = opened.result()
    except RoleError as error:
        return {}, list(unanswered(part.asks, part.account, part.kept, error.code, str(error)))
    return Place(clients, part.account, part.region, part.kept).ask(part.asks)
