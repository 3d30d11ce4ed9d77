"""A YAML file as plain data, where every value knows its line.

Every scalar stays a text: `011002` is not octal, `no` is not false. What a value means, the model says.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from infra.model.base import unusual
from infra.model.consistency import Path as FieldPath
from infra.model.consistency import field_name

# libyaml's parser is about eight times as fast; PyYAML wheels have it, a build from source may not.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAGS = re.compile(r"tag:yaml\.org,2002:(str|int|float|bool|null|timestamp|map|seq|merge|value)")

_DEEPEST = 32
"""Levels of lists and mappings; the model has six."""

Data = str | None | tuple["Data", ...] | dict[str, "Data"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in the inventory: where, why, and what to do now."""

    file: Path
    line: int | None
    """counted from 1; `None` if it is about the file as a whole"""
    field: str
    """like `lines[1].location`; empty if it is about the file as a whole"""
    reason: str
    hint: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.field + ': ' if self.field else ''}{self.reason}. Do: {self.hint}."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written."""

    file: Path
    line: int | None


@dataclass(slots=True)
class Document:
    """What one file says. `data` is `None` when it can't be used at all; then `problems` says why."""

    file: Path
    data: dict[str, Data] | None = None
    places: dict[FieldPath, Place] = field(default_factory=dict)
    """of every value, by its path; of a mapping's entry, where its key stands"""
    problems: list[Problem] = field(default_factory=list)
    unusual: set[str] = field(default_factory=set)
    """the fields whose text has something in it that can't be seen; that is among the problems"""

    def place(self, path: FieldPath) -> Place:
        """Where that value stands or, if it is missing, what should hold it."""
        for length in range(len(path), 0, -1):
            if (found := self.places.get(path[:length])) is not None:
                return found
        return self.places.get((), Place(self.file, None))

    def problem(self, path: FieldPath, reason: str, hint: str) -> Problem:
        """A problem with that value, with its place."""
        place = self.place(path)
        return Problem(place.file, place.line, field_name(path), reason, hint)


def read(file: Path) -> Document:  # noqa: PLR0911  one for each way in which a file can be unusable
    """Read one YAML file. Never raises: what is wrong is among the document's problems."""
    document = Document(file)

    def unusable(line: int | None, reason: str, hint: str) -> Document:
        document.problems.append(Problem(file, line, "", reason, hint))
        return document

    try:
        raw = file.read_bytes()
    except OSError as error:
        return unusable(None, f"can't be read: {error.strerror}", "check that it is a file that you may read")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return unusable(line, f"is not UTF-8 (byte 0x{raw[error.start]:02x})", "save the file as UTF-8")
    try:
        if (deep := _too_deep(text)) is not None:
            hint = "correct the brackets or the indentation; a municipality's file needs six levels at most"
            return unusable(deep, f"has more than {_DEEPEST} levels, one inside the other", hint)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.reader.ReaderError:
        odd = yaml.reader.Reader.NON_PRINTABLE.search(text)
        row = text.count("\n", 0, odd.start()) + 1 if odd else None
        said = f", U+{ord(odd[0]):04X} {unicodedata.name(odd[0], '')}".rstrip() if odd else ""
        return unusable(row, f"is not YAML: it has a control character{said}", "delete the invisible character")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or str(error).splitlines()[0]
        return unusable(mark.line + 1 if mark else None, f"is not YAML: {said}", "fix the line (or the one before)")
    if root is None:
        return unusable(None, "is empty", "write the municipality's keys, or delete the file")
    _Reader(document).top(root)
    return document


def _too_deep(text: str) -> int | None:
    """The line at which the text has more levels than any inventory needs; None if there is none.

    Composing is recursive, and in libyaml's binding it ends the process rather than raise. The parser isn't: its events
    are counted, but only where the text could be deep (brackets, or much indentation and many markers in a line).
    """
    brackets = text.count("[") + text.count("{")
    widest = max((len(row) - len(row.lstrip(" -?")) for row in text.splitlines()), default=0)
    if brackets + widest <= _DEEPEST:
        return None
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return event.start_mark.line + 1 if event.start_mark is not None else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


class _Reader:
    """Turns nodes into data and notes their places."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.seen: set[int] = set()

    def top(self, root: yaml.Node) -> None:
        self.document.places[()] = Place(self.document.file, root.start_mark.line + 1)
        if not isinstance(root, yaml.MappingNode):
            self._problem((), root, "is not a mapping", "write `key: value` lines, one for each field")
            return
        data = self.value(root, ())
        if isinstance(data, dict):
            self.document.data = data

    def value(self, node: yaml.Node, path: FieldPath) -> Data:
        if id(node) in self.seen:  # the same node again: an alias, which could also contain itself
            self.document.problems.append(
                self.document.problem(path, "is an alias of an anchor", "write the value out")
            )
            return str(node.value) if isinstance(node, yaml.ScalarNode) else None
        self.seen.add(id(node))
        if not _TAGS.fullmatch(node.tag):
            self._problem(path, node, f"has the tag {node.tag}", "write the value without a tag")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            items = []
            for index, item in enumerate(node.value):
                self._note((*path, index), item)
                items.append(self.value(item, (*path, index)))
            return tuple(items)
        if node.tag == "tag:yaml.org,2002:null":
            return None
        return self.text(node, path)

    def text(self, node: yaml.Node, path: FieldPath) -> str:
        """A scalar's text. What can't be seen in it is a problem wherever it stands, in a key too."""
        value = str(node.value)
        if (odd := unusual(value)) is not None:
            self._problem(path, node, *odd)
            self.document.unusual.add(field_name(path))
        return value

    def mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, Data]:
        found: dict[str, Data] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._problem(path, key, "has a key that is not a text", "write keys as plain words")
                continue
            name = str(key.value)
            self.text(key, (*path, name))
            if name in found:
                first = self.document.places[(*path, name)].line
                self._problem((*path, name), key, f"is there twice (before: line {first})", "keep one of the two")
                continue
            self._note((*path, name), key)
            found[name] = self.value(value, (*path, name))
        return found

    def _note(self, path: FieldPath, node: yaml.Node) -> None:
        self.document.places[path] = Place(self.document.file, node.start_mark.line + 1)

    def _problem(self, path: FieldPath, node: yaml.Node, reason: str, hint: str) -> None:
        line = node.start_mark.line + 1
        self.document.problems.append(Problem(self.document.file, line, field_name(path), reason, hint))
