"""How things look in a terminal: progress, trees, tables of changes."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from honseki.changes.parts import PARTS
from honseki.changes.review import LINES, review
from honseki.changes.steps import Step
from honseki.engine.operation import Done
from honseki.engine.summary import Setting
from honseki.words import many
from infra.model import Municipality

_STYLES: Mapping[str, str] = {
    "create": "green",
    "update": "yellow",
    "delete": "red",
    "replace": "magenta",
    "import": "cyan",
}


class Reporter:
    """Progress of several tenants at once: live lines for a person, a line now and then for a log."""

    _EVERY_S = 10.0

    def __init__(self, municipalities: Sequence[Municipality], verb: str, live: bool) -> None:
        self._console = Console(stderr=True)
        self._live = live
        self._verb = verb
        self._lock = threading.Lock()
        self._seen: defaultdict[tuple[str, bool], set[str]] = defaultdict(set)
        self._said: dict[str, float] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._tasks = {
            m.code: self._progress.add_task(f"{verb} {m.code} {m.name}", total=None, visible=live)
            for m in municipalities
        }
        self._names = {m.code: m.name for m in municipalities}

    def __enter__(self) -> Reporter:
        if self._live:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._progress.stop()

    def say(self, code: str, line: str) -> None:
        """A line about one tenant."""
        self._console.print(f"{code} {self._names[code]}: {line}", markup=False, highlight=False, soft_wrap=True)

    def step(self, code: str, step: Step) -> None:
        """One more resource is done. Reading the cloud comes first, and is counted by itself."""
        if not step.in_cloud:
            return
        reading = step.op == "refresh"
        with self._lock:
            seen = self._seen[code, reading]
            seen.add(step.urn)
            now = time.monotonic()
            due = now - self._said.setdefault(code, now) >= self._EVERY_S
            if due:
                self._said[code] = now
        line = f"{'reading the cloud' if reading else self._verb}: {many(len(seen), 'AWS resource')}"
        if self._live:
            self._progress.update(self._tasks[code], description=f"{code} {self._names[code]}: {line}, {step.name}")
        elif due:
            self.say(code, f"{line} so far")

    def done(self, code: str, done: Done) -> None:
        """A tenant's operation ended."""
        self.say(code, f"{summary(done)} ({done.seconds:.1f} s)")


_DONE: Mapping[str, tuple[str, str]] = {
    "create": ("created", "created"),
    "update": ("changed", "changed"),
    "replace": ("replaced", "replaced"),
    "delete": ("deleted", "deleted"),
    "import": ("adopted", "adopted"),
}
_PLANNED = {
    op: (f"to {verb}", f"to {verb}")
    for op, verb in (
        ("create", "create"),
        ("update", "change"),
        ("replace", "replace"),
        ("delete", "delete"),
        ("import", "adopt"),
    )
}
_DRIFTED = {"update": ("differs", "differ"), "delete": ("is gone", "are gone")}


_WAITING: Final = "rule not-yet-known: "
"""The policy pack's report of checks that a first deployment can't answer yet (policies/pack/analyzer.py)."""


def warning(text: str, *, full: bool) -> str:
    """What the engine warns of, as a line; whole with `full`. That checks wait for values of AWS is no warning."""
    shown = text if full else text.partition("\n")[0]
    if text.startswith(_WAITING):
        return f"note: {shown.removeprefix(_WAITING).partition(': ')[2]} Nothing to do."
    return f"warning: {shown}"


def summary(done: Done) -> str:
    """`267 AWS resources: 4 to change, 263 unchanged`, in the words of what was done.

    Resources that exist in AWS are counted, in every command: not the stack, its providers or its components.
    """
    words = {"preview": _PLANNED, "drift": _DRIFTED}.get(done.kind, _DONE)
    counts = done.outcome.counts
    same = counts["same"]
    parts = [f"{counts[op]} {one if counts[op] == 1 else more}" for op, (one, more) in words.items() if counts[op]]
    beside = sum(not change.step.in_cloud for change in done.outcome.changed)
    if beside:
        parts.append(f"{many(beside, 'setting')} of the engine {'to change' if done.kind == 'preview' else 'changed'}")
    if not parts:
        return f"{many(same, 'AWS resource')}: {'no drift' if done.kind == 'drift' else 'no changes'}"
    return f"{many(counts.total(), 'AWS resource')}: {', '.join([*parts, *([f'{same} unchanged'] if same else [])])}"


def changes(console: Console, municipality: Municipality, done: Done, *, full: bool) -> None:
    """What is (or would be) changed in one tenant: grouped by what it means, data and terminals first."""
    found = review(done.outcome.changed, municipality, gone=done.kind == "drift")
    lines, cut = found.lines(None if full else LINES)
    _line(console, 0, f"{municipality.code} {municipality.name}: {summary(done)}", "bold")
    for line in lines:
        heading = "bold red" if line.lost else "" if line.op else "bold"
        _line(console, line.depth + 1, line.text, heading if line.depth == 0 else _STYLES.get(line.op, ""))
    if cut:
        command = "drift" if done.kind == "drift" else "plan"
        _line(console, 1, f"In full: honseki {command} {municipality.code} --full", "dim")


def _line(console: Console, depth: int, text: str, style: str) -> None:
    """A line; wrapped and indented in a terminal, whole in a pipe."""
    shown, indent = Text(text, style=style), " " * 2 * depth
    if not console.is_terminal:
        console.print(Text(indent) + shown, soft_wrap=True)
        return
    for number, piece in enumerate(shown.wrap(console, max(20, console.width - len(indent) - 4))):
        console.print(Text(indent + (" " * 4 if number else "")) + piece, soft_wrap=True)


def tenant_tree(
    municipality: Municipality, target: str, resources: Sequence[Mapping[str, Any]], settings: Sequence[Setting]
) -> Tree:
    """One municipality as it was deployed: its settings, its parts, what each is for, and what it is made of."""
    made = parts(resources)
    total = many(sum(len(below) for _, below in made), "AWS resource")
    tree = Tree(heading(municipality, target).append(f", {total}", style="dim"))
    chosen = tree.add(Text("settings, as deployed", style="cyan"))
    for setting in settings:
        line = Text(f"{setting.name}: {setting.deployed or 'nothing deployed shows it'}")
        if not setting.same:
            line.append(f"  (the inventory says {setting.declared}: honseki plan {municipality.code})", style="yellow")
        chosen.add(line)
    for part, below in made:
        branch = tree.add(Text(part["urn"].rpartition("::")[2], style="cyan"))
        branch.add(Text(str(PARTS[_class(part)]), style="italic"))
        counts = Counter(entry["type"].rpartition(":")[2] for entry in below)
        made_of = ", ".join(f"{count} {name}" if count > 1 else name for name, count in sorted(counts.items()))
        branch.add(Text(f"{many(counts.total(), 'AWS resource')}: {made_of}", style="dim"))
    return tree


def heading(municipality: Municipality, target: str) -> Text:
    """Who it is, and where."""
    account = municipality.account_for("aws" if target == "aws" else "rehearsal")
    terminals = many(sum(site.terminals for site in municipality.sites), "terminal")
    sites = many(len(municipality.sites), "site")
    text = Text(f"{municipality.code} {municipality.name} ({municipality.prefecture})", style="bold")
    return text.append(f"  {target}, account {account}, {terminals} at {sites}", style="dim")


def parts(
    resources: Sequence[Mapping[str, Any]],
) -> list[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """The components of a deployed tenant that are parts of it, each with the AWS resources below it; data first."""
    children: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in resources:
        children[entry.get("parent", "")].append(entry)
    order = list(PARTS)
    found = [entry for entry in resources if _class(entry) in PARTS]
    return [
        (entry, [each for each in _below(entry["urn"], children) if each.get("custom")])
        for entry in sorted(found, key=lambda entry: (order.index(_class(entry)), entry["urn"]))
    ]


def counted_parts(resources: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How many AWS resources each kind of part of a deployed tenant has, in both regions together."""
    counts: Counter[str] = Counter()
    for part, below in parts(resources):
        counts[_class(part)] += len(below)
    return counts


def _class(entry: Mapping[str, Any]) -> str:
    return str(entry["type"]).rpartition(":")[2] if entry["type"].startswith("honseki:infra:") else ""


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A plain table."""
    made = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        made.add_column(column)
    for row in rows:
        made.add_row(*(str(cell) for cell in row))
    return made


def _below(urn: str, children: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    found = []
    for entry in children.get(urn, ()):
        found.append(entry)
        found += _below(entry["urn"], children)
    return found
