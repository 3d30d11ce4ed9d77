"""What README and docs/ say can be done: commands parse, links lead somewhere, paths and settings exist."""

from __future__ import annotations

import importlib.util
import itertools
import re
import shlex
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from honseki.cli.main import cli
from honseki.declare.evaluate import evaluate
from honseki.settings import CHECKOUT
from infra.model.graph import Node
from policies.rules import ALL, core
from policies.rules.subject import Subject
from stacks.inventory import load
from tests.example import CODES, FLEET

PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
PAGES += [CHECKOUT / "benchmarks" / "README.md"]
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
_FOLDERS = ("benchmarks", "docs", "honseki", "images", "infra", "policies", "stacks", "tests")
_PLACEHOLDER = re.compile(r"CODE|NAME|SEED|[<>]|\bN\b|PLACE|\.\.\.")
"""What stands for something else in a path."""


@cache
def _tokens(page: Path) -> tuple[Token, ...]:
    def flat(tokens: list[Token]) -> Iterator[Token]:
        for token in tokens:
            yield token
            yield from flat(token.children or [])

    return tuple(flat(_MARKDOWN.parse(page.read_text("utf-8"))))


def _shell(page: Path) -> list[str]:
    """Command lines: fences without a language, and inline code. A comment after two spaces is not one's part."""
    lines = []
    for token in _tokens(page):
        if token.type == "fence" and token.info.strip() in ("", "sh"):
            text = re.sub(r"\\\n", " ", token.content)
            lines += [re.split(r"\s{2,}#", line)[0].strip() for line in text.splitlines()]
        elif token.type == "code_inline":
            lines.append(token.content.strip())
    return lines


def _commands(page: Path, program: str) -> list[list[str]]:
    """The arguments of each call of a program, also behind others (`&&`, `||`, `$(...)`, `VARIABLE=value`)."""
    found = []
    for line in _shell(page):
        if program not in line:
            continue
        lexer = shlex.shlex(line.replace('"$(', "; ").replace(')"', ";"), posix=True, punctuation_chars=";&|()")
        lexer.whitespace_split = True
        for operator, group in itertools.groupby(lexer, lambda word: set(word) <= set(";&|()")):
            words = [word for word in group if not operator]
            while words and re.match(r"[A-Z_]+=", words[0]):
                words = words[1:]
            if words and words[0].removeprefix(".venv/bin/") == program:
                found.append(words[1:])
    return found


def problem(arguments: list[str]) -> str | None:
    """Why the command line doesn't take these arguments; None if it does. Values aren't looked at, choices are."""
    command: click.Command = cli
    name = "honseki"
    while True:
        context = click.Context(command, info_name=name)
        try:
            options, rest, _ = command.make_parser(context).parse_args(list(arguments))
        except click.UsageError as error:
            return f"{name}: {error.format_message()}"
        for parameter in command.params:
            value = options.get(str(parameter.name))
            if isinstance(kind := parameter.type, click.Choice) and value and value not in kind.choices:
                return f"{name}: {value!r} is not one of {', '.join(map(str, kind.choices))}"
        if not isinstance(command, click.Group) or not rest:
            return f"{name}: too many arguments: {rest}" if rest else None
        if rest[0].isupper():  # `honseki COMMAND`
            return None
        inner = command.get_command(context, rest[0])
        if inner is None:
            return f"{name} has no command {rest[0]!r}"
        command, name, arguments = inner, f"{name} {rest[0]}", rest[1:]


@_PAGE
def test_commands_of_honseki_parse(page: Path) -> None:
    wrong = [f"honseki {shlex.join(each)}: {why}" for each in _commands(page, "honseki") if (why := problem(each))]
    assert not wrong


@pytest.mark.parametrize(
    "line",
    ["honseki flet list", "honseki plan --frobnicate", "honseki --target gcp up", "honseki destroy 272191 273414"],
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    assert problem(shlex.split(line)[1:]) is not None


@_PAGE
def test_modules_that_are_run_exist(page: Path) -> None:
    for arguments in _commands(page, "python"):
        if arguments[:1] == ["-m"] and arguments[1].partition(".")[0] in _FOLDERS:
            assert importlib.util.find_spec(arguments[1]), arguments[1]


@_PAGE
def test_make_has_the_targets(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    for arguments in _commands(page, "make"):
        named = {each for each in arguments if "=" not in each}
        assert named <= targets, named - targets


def slug(heading: str) -> str:
    """GitHub's anchor of a heading: lower case, letters, digits, hyphens and underscores kept, spaces to hyphens."""
    kept = (each for each in heading.strip().lower() if each in " -_" or unicodedata.category(each)[0] in "LMN")
    return "".join(kept).replace(" ", "-")


@cache
def _anchors(page: Path) -> frozenset[str]:
    tokens = _MARKDOWN.parse(page.read_text("utf-8"))
    names: list[str] = []
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(each.content for each in inline.children or [])
            name = slug(text)
            names.append(f"{name}-{names.count(name)}" if name in names else name)
    return frozenset(names)


def _dead_links(page: Path) -> Iterator[str]:
    for token in _tokens(page):
        target = token.attrs.get("href") if token.type == "link_open" else None
        if not isinstance(target, str) or re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{target}: no such file"
        elif anchor and anchor not in _anchors(file):
            yield f"{target}: no such heading"


@_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    assert not list(_dead_links(page))


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# A b, c\n[x](#a-b-c) [y](#no) [z](none.md) [w](a.md#a-b-c) [v](https://example.com/none)\n")
    assert list(_dead_links(page)) == ["#no: no such heading", "none.md: no such file"]


@_PAGE
def test_paths_exist(page: Path) -> None:
    missing = []
    for token in _tokens(page):
        if token.type == "code_inline" and re.fullmatch(rf"({'|'.join(_FOLDERS)})/[\w./*{{}},<>-]*", token.content):
            paths = _braces(token.content)
            missing += [p for p in paths if not _PLACEHOLDER.search(p) and not list(CHECKOUT.glob(p.rstrip("/")))]
    assert not missing


def _braces(path: str) -> list[str]:
    """`a{b,c}` as the shell takes it."""
    found = re.fullmatch(r"(.*)\{(.*)\}(.*)", path)
    return [f"{found[1]}{each}{found[3]}" for each in found[2].split(",")] if found else [path]


@_PAGE
def test_settings_exist(page: Path) -> None:
    named = set(re.findall(r"\bHONSEKI_[A-Z_]+\b", page.read_text("utf-8")))
    assert named <= _settings(), named - _settings()


@cache
def _settings() -> frozenset[str]:
    folders = [CHECKOUT / folder for folder in _FOLDERS if folder != "stacks"]  # stacks/ holds what users edit
    files = [each for folder in folders for each in folder.rglob("*") if each.suffix in (".py", ".sh")]
    return frozenset(name for file in files for name in re.findall(r"\bHONSEKI_[A-Z_]+\b", file.read_text("utf-8")))


def test_readme_is_short_and_its_table_names_rules_that_exist() -> None:
    text = (CHECKOUT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 120
    rows = [line for line in text.splitlines() if re.match(r"\| [①②③④]", line)]
    assert [row[2] for row in rows] == list("①②③④")
    rules = {each.id for each in ALL}
    for row in rows:
        named = set(re.findall(r"`([a-z-]+)`", row.split("|")[3]))
        assert named, row
        assert named <= rules, named - rules


def test_readme_counts_the_resources() -> None:
    text = (CHECKOUT / "README.md").read_text("utf-8")
    graphs = [evaluate(each, "rehearsal") for each in load(FLEET, CODES).each()]
    izumi, *small = ((len(graph), sum(node.type.startswith("aws:") for node in graph)) for graph in graphs)
    backup = sorted(aws for _, aws in small)
    assert f"has {izumi[1]} resources in AWS" in text
    assert f"has {backup[0]} to {backup[-1]}." in text
    assert {total - aws for total, aws in (izumi, *small)} == {40}
    assert "counts 40 more" in text


def _sentences(page: Path) -> Iterator[str]:
    """Of paragraphs and list items; inline code is one word. Tables and fences hold none."""
    table = False
    for token in _MARKDOWN.parse(page.read_text("utf-8")):
        table = token.type == "table_open" or (table and token.type != "table_close")
        if token.type == "inline" and not table:
            words = {"code_inline": "code", "softbreak": " "}
            text = "".join(words.get(each.type, each.content) for each in token.children or [])
            yield from re.split(r"(?<=[.:;?!])\s+", text)


@pytest.mark.parametrize("page", [p for p in PAGES if p.parent.name != "benchmarks"], ids=lambda page: page.stem)
def test_sentences_are_short(page: Path) -> None:
    """Some 20 words are the aim; at 30 every reader goes back to the beginning."""
    assert not [each for each in _sentences(page) if len(each.split()) > 30]


def test_the_example_of_a_rule_is_one() -> None:
    """The first Python block of engineer.md with `@rule`: run as it stands, on the tenant that it is about."""
    fences = (each for each in _tokens(CHECKOUT / "docs" / "engineer.md") if each.type == "fence")
    source = next(each.content for each in fences if each.info == "python" and "@rule(" in each.content)
    names = {name: getattr(core, name) for name in ("Found", "rule")} | {"Iterator": Iterator, "Node": Node}
    scope: dict[str, Any] = {**names, "Subject": Subject}
    exec(source, scope)  # noqa: S102  our own documentation
    example = next(each for each in scope.values() if isinstance(each, core.Rule))
    (izumi,) = load(FLEET, ["272191"]).each()
    graph = evaluate(izumi, "rehearsal")
    found = core.check(Subject(graph, izumi, "rehearsal"), [example])
    assert (found.checks, found.findings) == (2, ())
