"""A folder of AWS CLI answers, in the layout that Batfish reads.

    DIR/aws_configs/[accounts/ACCOUNT/]REGION/Vpcs.json
    DIR/aws_configs/Vpcs.json                             one folder with all; the region isn't known

DIR may be `aws_configs` itself. What counts in a file are its outermost fields, not its name (as in Batfish, where
`Reservations-us-west-2.json` is as good as `Reservations.json`).
https://batfish.readthedocs.io/en/latest/formats.html#aws
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from honseki.errors import Exit, HonsekiError

Documents = dict[str, dict[str, dict[str, dict[str, Any]]]]
"""account -> region -> file name without `.json` -> the answer. Account and region are empty where not known."""

_ACCOUNTS = "accounts"
_FOLDER = "aws_configs"


class SnapshotError(HonsekiError):
    """The folder can't be read as a snapshot."""

    exit_code = Exit.BAD_INPUT


def read(folder: Path) -> Documents:
    """All answers in a snapshot folder.

    Raises `SnapshotError` if there is none, or a file in it isn't a JSON object.
    """
    top = folder / _FOLDER if (folder / _FOLDER).is_dir() else folder
    found: Documents = {}
    for account, region, path in _files(top):
        found.setdefault(account, {}).setdefault(region, {})[path.stem] = _answer(path)
    if not found:
        raise SnapshotError(
            "There are no AWS CLI answers in this folder",
            where=str(folder),
            why="no *.json was found at aws_configs/[accounts/ACCOUNT/]REGION/ or aws_configs/",
            do="e.g. `aws ec2 describe-vpcs > aws_configs/ap-northeast-1/Vpcs.json`, and so on for each kind",
        )
    return found


def _files(top: Path) -> Iterator[tuple[str, str, Path]]:
    """(account, region, file), in a stable order."""
    if not top.is_dir():
        return
    yield from (("", "", path) for path in _json(top))
    for region in _folders(top):
        if region.name == _ACCOUNTS:
            for account in _folders(region):
                yield from ((account.name, "", path) for path in _json(account))
                for inner in _folders(account):
                    yield from ((account.name, inner.name, path) for path in _json(inner))
        else:
            yield from (("", region.name, path) for path in _json(region))


def _folders(of: Path) -> list[Path]:
    return sorted(path for path in of.iterdir() if path.is_dir())


def _json(of: Path) -> list[Path]:
    return sorted(path for path in of.iterdir() if path.is_file() and path.suffix == ".json")


def _answer(path: Path) -> dict[str, Any]:
    try:
        # Answers that were redirected on Windows begin with a byte order mark.
        answer = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SnapshotError(
            f"{path.name} can't be read as JSON",
            where=str(path),
            why=str(error),
            do="collect this answer again with `aws ... --output json`, or remove the file",
        ) from error
    if not isinstance(answer, dict):
        raise SnapshotError(
            f"{path.name} isn't an answer of the AWS CLI",
            where=str(path),
            why=f"its outermost value is a {type(answer).__name__}, not an object",
            do="collect this answer again with `aws ... --output json`, or remove the file",
        )
    return answer
