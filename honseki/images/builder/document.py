"""A YAML file as a mapping, with the line of each value, and nothing in it that a reader would take without a word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from honseki.errors import Exit, HonsekiError


class ManifestError(HonsekiError):
    """A manifest, a template or a lock file has a problem; nothing was built."""

    exit_code = Exit.BAD_INPUT


def problem(file: Path, line: int | None, field: str, reason: str, do: str) -> ManifestError:
    """What is wrong with a field, and where."""
    return ManifestError(f"{field}: {reason}", where=f"{file}:{line}" if line else str(file), do=do)


class Lines:
    """At which line each value of a YAML document stands."""

    def __init__(self, root: yaml.Node) -> None:
        self._lines = dict(_walk(root, ()))

    def of(self, path: tuple[int | str, ...]) -> int | None:
        """Of the value, or of what should hold it."""
        for length in range(len(path), -1, -1):
            if (line := self._lines.get(path[:length])) is not None:
                return line
        return None


def _walk(node: yaml.Node, path: tuple[int | str, ...]) -> Iterator[tuple[tuple[int | str, ...], int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _walk(value, (*path, str(key.value)))
            yield (*path, str(key.value)), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*path, index))


def read(file: Path) -> tuple[dict[str, Any], Lines]:
    """The mapping that a file holds, its lists as tuples, and its lines. Raises `ManifestError`."""
    try:
        text = file.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None:
            _check_nodes(root, file, set())
        data = yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:  # ValueError: not UTF-8
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        raise ManifestError("the manifest can't be read", where=where, why=str(error), do="fix the file") from error
    if root is None or not isinstance(data, dict):
        raise ManifestError("the manifest is not a mapping", where=str(file), do="write `key: value` lines")
    return {key: _tuples(value) for key, value in data.items()}, Lines(root)


def _check_nodes(node: yaml.Node, file: Path, seen: set[int]) -> None:
    """What a reader of YAML would take without a word (a key that is there twice: the last counts; an alias, which may
    hold itself), and days that no calendar has."""
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise problem(file, line, "an alias", "stands for this value elsewhere", "write the value out there")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    raise problem(file, key.start_mark.line + 1, key.value, "is there twice", "keep one of the two")
                keys.add(key.value)
            _check_nodes(value, file, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_nodes(item, file, seen)
    elif isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:timestamp":
        try:
            SafeConstructor().construct_yaml_timestamp(node)
        except ValueError as error:
            raise problem(file, line, str(node.value), str(error), "write a day that the calendar has") from error


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    return {key: _tuples(item) for key, item in value.items()} if isinstance(value, dict) else value
