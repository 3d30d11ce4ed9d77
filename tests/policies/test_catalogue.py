"""The catalogue is whole, strict, and in both languages."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from honseki.cli.main import cli
from honseki.errors import Exit, HonsekiError
from honseki.settings import CHECKOUT
from policies import controls, rules
from policies.controls import CatalogueError, catalogue, load
from policies.rules import ALL
from policies.rules.core import Rule


def test_every_rule_belongs_to_a_control() -> None:
    assert {rule for control in catalogue().controls for rule in control.rules} == {rule.id for rule in ALL}


def test_every_safeguard_has_controls_and_both_languages() -> None:
    assert {control.safeguard for control in catalogue().controls} == {"①", "②", "③", "④"}
    for named in (*((c.title.ja, c.title.en) for c in catalogue().controls), *((r.ja, r.en) for r in ALL)):
        ja, en = named
        assert any(ord(letter) > 0x3000 for letter in ja)
        assert en[0].isupper()
        assert not any(0x3040 <= ord(letter) <= 0x30FF for letter in en)


def test_rules_tell_why_and_how_to_mend() -> None:
    for rule in ALL:
        assert len(rule.why) > 20, rule.id
        assert len(rule.remediation) > 8, rule.id
    assert len({rule.id for rule in ALL}) == len(ALL)


_CONTROL = """
- id: one
  title: {ja: 統制, en: A control}
  safeguard: ①
  sources: [{document: seed, clause: something}]
  shown: [declared]
  rules: [tags]
"""


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("rules: [tags]", "rules: [no-such-rule]", "one: no such rules: no-such-rule; `honseki check --rules` lists"),
        ("rules: [tags]", "rules: [tag]", r"no such rules: tag \(perhaps tags\)"),
        ("rules: [tags]", "rules: [tags", "one.yaml: not YAML"),
        ("- id: one", "id: one", "one.yaml: not"),
        ("rules: [tags]", "rules: []", "go together"),
        ("shown: [declared]", "shown: [guessed]", "shown"),
        ("en: A control", "english: A control", "title"),
        ("document: seed", "document: 戸籍法施行規則", "no line of the seed"),
        ("safeguard: ①", "safeguard: ⑤", "safeguard"),
    ],
)
def test_refuses(before: str, after: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(_CONTROL.replace(before, after), encoding="utf-8")
    with pytest.raises(CatalogueError, match=says):
        load(tmp_path)


def test_refuses_a_catalogue_that_leaves_rules_out_and_ids_that_occur_twice(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(_CONTROL, encoding="utf-8")
    with pytest.raises(CatalogueError, match="rules of no control"):
        load(tmp_path)
    (tmp_path / "two.yaml").write_text(_CONTROL, encoding="utf-8")
    with pytest.raises(CatalogueError, match="the same id twice"):
        load(tmp_path)


def test_no_file_of_rules_is_left_out() -> None:
    told = {rule.id for rule in ALL}
    for path in sorted(Path(rules.__file__).parent.glob("*.py")):
        module = importlib.import_module(f"policies.rules.{path.stem}" if path.stem != "__init__" else "policies.rules")
        left_out = {value.id for value in vars(module).values() if isinstance(value, Rule)} - told
        assert not left_out, (
            f"{path.name} has rules that nobody runs: name it in _MODULES of policies/rules/__init__.py"
        )


def test_readme_counts_the_rules() -> None:
    assert f"# {len(ALL)} rules over" in (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_a_catalogue_that_is_not_right_is_told_by_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(_CONTROL.replace("[tags]", "[no-such-rule]"), encoding="utf-8")
    monkeypatch.setattr(controls, "FOLDER", tmp_path)
    controls.catalogue.cache_clear()
    done = CliRunner().invoke(cli, ["check", "--rules"])
    controls.catalogue.cache_clear()
    assert isinstance(done.exception, HonsekiError)
    assert done.exception.exit_code == Exit.BAD_INPUT
    assert "one.yaml: one: no such rules: no-such-rule" in str(done.exception)
