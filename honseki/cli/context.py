"""What the commands share: settings, the inventory, and how to say things."""

from __future__ import annotations

import csv
import functools
import io
import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from honseki.cli import streams
from honseki.errors import Exit, HonsekiError
from honseki.settings import Settings

if TYPE_CHECKING:
    from honseki.engine.binary import Engine
    from infra.model import Fleet, Municipality
    from stacks.rehearsed import Rehearsed


def _not_both(context: click.Context, _: click.Parameter, value: bool) -> bool:
    if value and (context.params.get("as_json") or context.params.get("as_csv")):
        raise click.UsageError("--json or --csv, not both")
    return value


json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    callback=_not_both,
    help="One JSON document on standard output, for programs.",
)
csv_option = click.option(
    "--csv",
    "as_csv",
    is_flag=True,
    callback=_not_both,
    help="The list as CSV (UTF-8, a line of headings), for spreadsheets.",
)
codes_argument = click.argument("codes", nargs=-1, metavar="[CODE]...")
all_option = click.option("--all", "everyone", is_flag=True, help="All municipalities of the inventory.")


class BadInventoryError(HonsekiError):
    """The inventory has problems."""

    exit_code = Exit.BAD_INPUT

    def __init__(self, problems: Sequence[Any]) -> None:
        count = len(problems)
        super().__init__(f"the inventory has {count} problem{'s' if count != 1 else ''}; nothing was changed")
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([*(f"{problem}" for problem in self.problems), "", self.what])

    def as_json(self) -> dict[str, Any]:
        """With every problem's fields."""
        fields = ("file", "line", "field", "reason", "hint")
        problems = [{name: _plain(getattr(problem, name)) for name in fields} for problem in self.problems]
        return super().as_json() | {"problems": problems}


class Context:
    """One command's settings and ways to speak. Results go to standard output, everything else to standard error."""

    def __init__(self, target: str | None) -> None:
        self.settings = Settings.resolve(target)
        self._told_cloud = False

    def say(self, line: str) -> None:
        """A line on what goes on."""
        click.echo(line, err=True)

    def banner(self) -> None:
        """Which cloud is meant, before anything is done in it; once, also of a command that is made of others."""
        if self.settings.target == "rehearsal" and not self._told_cloud:
            self._told_cloud = True
            self.say("REHEARSAL: the embedded region on this machine, not AWS.")

    def engine(self) -> Engine:
        """The engine; got first if need be."""
        from honseki.engine import binary  # noqa: PLC0415

        return binary.ensure(self.settings, self.say)

    def fleet(self, codes: Iterable[str] | None = None) -> Fleet:
        """The inventory, or the named part of it. All problems at once as `BadInventoryError`.

        In a rehearsal the published image stands in the place of the inventory's placeholder.
        """
        from infra.model import Fleet  # noqa: PLC0415
        from stacks import rehearsed  # noqa: PLC0415
        from stacks.inventory import InventoryError, load  # noqa: PLC0415
        from stacks.kept import load_kept  # noqa: PLC0415

        try:
            if codes is None:
                found = load_kept(self.settings.fleet, self.settings.cache / "inventory")
            else:
                found = load(self.settings.fleet, codes)
        except InventoryError as error:
            raise BadInventoryError(error.problems) from error
        if self.settings.target != "rehearsal" or (published := self._published()) is None:
            return found
        return Fleet.of(rehearsed.instead(each, "rehearsal", published) for each in found.municipalities)

    def _published(self) -> Rehearsed | None:
        from stacks import rehearsed  # noqa: PLC0415

        try:
            return rehearsed.read(self.settings.rehearsal_image)
        except ValueError as error:
            raise HonsekiError("the rehearsal's image isn't known", why=str(error)) from error

    def chosen(self, codes: Sequence[str], everyone: bool) -> tuple[Municipality, ...]:
        """The municipalities that a command is about; it must say which, or `--all`."""
        if bool(codes) == everyone:
            raise click.UsageError("name municipalities by code (see `honseki fleet list`), or say --all")
        wanted = list(dict.fromkeys(codes))
        return self.fleet(None if everyone else wanted).municipalities

    def declared(self, codes: Sequence[str], everyone: bool) -> tuple[Municipality, ...]:
        """As `chosen`, of which each has what the target needs to be declared."""
        found = self.chosen(codes, everyone)
        self.require_ready(found)
        return found

    def require_ready(self, municipalities: Sequence[Municipality]) -> None:
        """Raise `HonsekiError` if the inventory lacks what the target needs: in AWS accounts, an image, people."""
        from honseki.engine.cloud import require_ready  # noqa: PLC0415

        require_ready(self.settings, municipalities)

    @functools.cached_property
    def is_terminal(self) -> bool:
        """Whether a person looks at the progress."""
        return sys.stderr.isatty()

    def print_csv(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """The table of `--csv` (RFC 4180): a line of headings, then the rows; None is an empty cell."""
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
        click.echo(file.getvalue(), nl=False)

    def print_json(self, value: Any) -> None:
        """The document of `--json`."""
        click.echo(json.dumps(value, ensure_ascii=not streams.is_unicode(), indent=2, default=str))


pass_context = click.make_pass_decorator(Context)


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | str | None) else str(value)
