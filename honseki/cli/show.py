"""How things look in a terminal: progress, trees, tables of changes."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from honseki.engine.events import PropertyChange, Step
from honseki.engine.operation import Done
from infra.model import Municipality

PURPOSES: Mapping[str, str] = {
    "honseki:infra:Keys": "暗号鍵 Encryption keys: what is stored can be read by the tenant's own principals only",
    "honseki:infra:Network": "網 Network: isolated, no internet, no other municipality; all traffic is logged",
    "honseki:infra:Attachment": "回線 Attachment: two IP-VPN lines from the municipality's sites, at two locations",
    "honseki:infra:Servers": "サーバ Servers: at least two over the zones, behind an internal balancer",
    "honseki:infra:Database": "データベース Database: over zones, encrypted, recoverable to any moment",
    "honseki:infra:Vault": "保管庫 Vault: locked and encrypted; nobody deletes backups before their time",
    "honseki:infra:Plan": "バックアップ計画 Backup plan: continuous and daily, copied to the other region",
    "honseki:infra:RestoreTest": "復旧試験 Restore test: backups are restored every week, to know that they can be",
    "honseki:infra:Audit": "監査記録 Audit: who did what, kept unalterable for the retention",
    "honseki:infra:Sessions": "遠隔管理 Sessions: recorded maintenance sessions, the only way in",
    "honseki:infra:Workers": "作業者 Workers: the operator by ticket and date; the city reads the history",
    "honseki:infra:Monitoring": "監視 Monitoring: an alarm for each failure that a person must act on",
    "honseki:infra:Account": "アカウント Account: closes what is open by default",
}
"""What each part of a tenant is for, in the two languages of its readers."""

_VERBS: Mapping[str, tuple[str, str]] = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "delete": ("-", "red"),
    "replace": ("±", "magenta"),
    "create-replacement": ("+", "magenta"),
    "delete-replaced": ("-", "magenta"),
    "import": ("=", "cyan"),
}


class Reporter:
    """Progress of several tenants at once: live lines for a person, a line now and then for a log."""

    _EVERY = 25

    def __init__(self, municipalities: Sequence[Municipality], verb: str, live: bool) -> None:
        self._console = Console(stderr=True)
        self._live = live
        self._verb = verb
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
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
        self._console.print(f"{code} {self._names[code]}: {line}", markup=False, highlight=False)

    def step(self, code: str, step: Step) -> None:
        """One more resource is done."""
        with self._lock:
            self._counts[code] += 1
            count = self._counts[code]
        if self._live:
            text = f"{self._verb} {code} {self._names[code]}: {count} resources, {step.name}"
            self._progress.update(self._tasks[code], description=text)
        elif count % self._EVERY == 0:
            self.say(code, f"{self._verb} ... {count} resources")

    def done(self, code: str, done: Done) -> None:
        """A tenant's operation ended."""
        self.say(code, f"{summary(done)} in {done.seconds:.1f} s")


def summary(done: Done) -> str:
    """`98 to create, 2 unchanged` in the words of what was done."""
    words = {"create": "created", "update": "changed", "delete": "deleted", "replace": "replaced", "import": "adopted"}
    if done.kind in ("preview", "drift"):
        words = {"create": "to create", "update": "to change", "delete": "to delete", "replace": "to replace"}
    if done.kind == "drift":
        words = {"update": "differ", "delete": "are gone"}
    counts = Counter(step.op for step in done.outcome.steps)
    parts = [f"{counts[op]} {word}" for op, word in words.items() if counts[op]]
    # A refresh and the update after it report a resource each: it is one resource.
    same = len({step.urn for step in done.outcome.steps} - {step.urn for step in done.outcome.changed})
    if not parts:
        return f"no changes, {same} resources as declared" if done.kind != "drift" else f"no drift in {same} resources"
    return ", ".join(parts) + (f", {same} unchanged" if same else "")


def changes(console: Console, municipality: Municipality, steps: Iterable[Step], *, detail: bool) -> None:
    """What is (or would be) changed in one tenant: a line per resource, its properties below."""
    tree = Tree(Text(f"{municipality.code} {municipality.name}", style="bold"))
    for step in steps:
        sign, colour = _VERBS.get(step.op, ("?", "white"))
        branch = tree.add(Text(f"{sign} {step.name}  {step.type.rpartition(':')[2]}", style=colour))
        for change in step.changes if detail else ():
            branch.add(property_line(change))
    console.print(tree)


def property_line(change: PropertyChange) -> Text:
    """`tags["Name"]: "a" -> "b"`."""
    before, after = _short(change.before), _short(change.after)
    if change.kind.startswith("add"):
        return Text(f"{change.path}: added {after}")
    if change.kind.startswith("delete"):
        return Text(f"{change.path}: removed {before}")
    return Text(f"{change.path}: {before} -> {after}")


def tenant_tree(municipality: Municipality, target: str, resources: Sequence[Mapping[str, Any]]) -> Tree:
    """One municipality as it was deployed: its parts, what each is for, and what it is made of."""
    account = municipality.account_for("aws" if target == "aws" else "rehearsal")
    terminals = sum(site.terminals for site in municipality.sites)
    heading = Text(f"{municipality.code} {municipality.name} ({municipality.prefecture})", style="bold")
    heading.append(
        f"  {target}, account {account}, {terminals} terminals at {len(municipality.sites)} sites", style="dim"
    )
    tree = Tree(heading)
    children: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in resources:
        children[entry.get("parent", "")].append(entry)
    parts = [entry for entry in resources if entry["type"] in PURPOSES]
    for part in parts:
        branch = tree.add(Text(part["urn"].rpartition("::")[2], style="cyan"))
        branch.add(Text(PURPOSES[part["type"]], style="italic"))
        below = _below(part["urn"], children)
        counts = Counter(entry["type"].rpartition(":")[2] for entry in below if entry.get("custom"))
        made_of = ", ".join(f"{count} {name}" if count > 1 else name for name, count in sorted(counts.items()))
        branch.add(Text(f"{sum(counts.values())} resources: {made_of}", style="dim"))
    return tree


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


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
