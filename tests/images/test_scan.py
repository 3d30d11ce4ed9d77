"""Results, reasons and percentages; and what the manifests say about rules that aren't met."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from honseki.errors import HonsekiError
from honseki.images import scan, scantools
from honseki.images.builder.manifest import load, names
from honseki.images.scan import Rule, Scan, Score
from tests.images.conftest import Tools

RULE = "xccdf_org.ssgproject.content_rule_"
RESULTS = f"""<?xml version="1.0"?>
<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" id="b">
  <Rule id="{RULE}one"><title>The <b>first</b></title></Rule>
  <Rule id="{RULE}two"><title>The second</title></Rule>
  <TestResult id="t">
    <rule-result idref="{RULE}two" severity="high"><result>fail</result></rule-result>
    <rule-result idref="{RULE}one" severity="low"><result>pass</result></rule-result>
    <rule-result idref="{RULE}three"><result>error</result></rule-result>
    <rule-result idref="{RULE}four"><result>notapplicable</result></rule-result>
    <rule-result idref="{RULE}five"><result>notselected</result></rule-result>
    <rule-result idref="{RULE}six"><result>notchecked</result></rule-result>
  </TestResult>
</Benchmark>
"""


@pytest.fixture
def found(tmp_path: Path) -> tuple[Rule, ...]:
    (tmp_path / "results.xml").write_text(RESULTS)
    return scan.rules(tmp_path / "results.xml")


def test_results_are_read_with_title_and_severity(found: tuple[Rule, ...]) -> None:
    assert [each.name for each in found] == ["four", "one", "six", "three", "two"]
    assert found[4] == Rule("two", "The second", "high", "fail")
    assert found[1].title == "The first"


def test_a_check_that_broke_counts_as_failed(found: tuple[Rule, ...]) -> None:
    score = scan.score("p", found)
    assert (score.passed, score.failed, score.not_applicable, score.not_checked) == (1, 2, 1, 1)
    assert score.percent == 33.3
    assert scan.score("p", found, frozenset({"one", "two"})).percent == 50.0


def test_nothing_that_applies_is_no_full_score() -> None:
    assert Score("p", 0, 0, 9, 0).percent == 0.0


def test_each_failing_rule_has_its_reason_or_is_unexplained(found: tuple[Rule, ...]) -> None:
    unmet = {"two": "there is no mail", "one": "was not met once", "elsewhere": "of a profile that wasn't evaluated"}
    failing, stale, kernel = scan.reasons({"p": found}, unmet)
    done = Scan("i", "d", (scan.score("p", found),), 80, (), (), failing, stale, 40.0, {}, kernel)
    assert {each.rule: each.reason for each in failing} == {"two": "there is no mail", "three": None}
    assert [each.rule for each in done.unexplained] == ["three"]
    assert stale == ("one",)
    said = json.loads(json.dumps(done.as_json()))
    assert said["unexplained"] == ["three"]
    assert said["scores"]["p"]["percent"] == 33.3


def test_a_rule_that_fails_in_one_profile_and_passes_in_another_is_listed_with_the_one() -> None:
    results = {"p": (Rule("a", "A", "low", "pass"),), "q": (Rule("a", "A", "low", "fail"),)}
    failing, stale, _ = scan.reasons(results, {"a": "q wants 1, p wants 2"})
    assert [(each.rule, each.profiles) for each in failing] == [("a", ("q",))]
    assert stale == ()
    both = {name: (Rule("a", "A", "low", "fail"),) for name in ("p", "q")}
    assert scan.reasons(both, {})[0][0].profiles == ("p", "q")


def test_the_kernels_configuration_is_counted_and_listed_apart() -> None:
    results = tuple(
        Rule(name, "", "low", said)
        for name, said in (
            ("a", "pass"),
            ("kernel_config_bug", "pass"),
            ("kernel_config_gcc_plugin_latent_entropy", "fail"),
            ("kernel_config_hibernation", "error"),
            ("kernel_module_udf_disabled", "fail"),
        )
    )
    score = scan.score("p", results)
    assert (score.passed, score.failed, score.kernel_passed, score.kernel_failed) == (1, 1, 1, 2)
    assert score.percent == 50.0
    failing, _, kernel = scan.reasons({"p": results}, {})
    assert [each.rule for each in failing] == ["kernel_module_udf_disabled"]
    assert kernel == ("kernel_config_gcc_plugin_latent_entropy", "kernel_config_hibernation")


def test_a_profile_within_a_wanted_one_is_not_evaluated_again() -> None:
    known = {
        "level1": (frozenset({"a"}), {"v": "1"}),
        "level2": (frozenset({"a", "b"}), {"v": "1", "w": "2"}),
        "other": (frozenset({"a"}), {"v": "9"}),
    }
    assert scan.plan(known, ["level1", "level2"]) == {"level1": "level2", "level2": "level2"}
    assert scan.plan(known, ["level1"]) == {"level1": "level1"}
    assert scan.plan(known, ["other", "level2"]) == {"other": "other", "level2": "level2"}
    with pytest.raises(HonsekiError, match="no profile level9") as error:
        scan.plan(known, ["level1", "level9"])
    assert "level1, level2, other" in error.value.do


@pytest.mark.parametrize("text", ["", "<a", "<a/>"])
def test_results_that_hold_nothing_are_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.xml").write_text(text)
    with pytest.raises(HonsekiError, match=r"can't be read|hold no rule"):
        scan.rules(tmp_path / "results.xml")


def test_lynis_report() -> None:
    report = "hardening_index=81\nwarning[]=NETW-2705|No 2 responsive nameservers|-|-|\nsuggestion[]=X-1|Do it|-|-|\n"
    assert scan.lynis(report) == (81, ("NETW-2705 No 2 responsive nameservers",), ("X-1 Do it",))
    with pytest.raises(HonsekiError, match="no index"):
        scan.lynis("started\n")


def test_profiles_of_a_data_stream(tmp_path: Path) -> None:
    value = "xccdf_org.ssgproject.content_value_"
    (tmp_path / "ds.xml").write_text(
        '<c><Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2">'
        '<Profile id="xccdf_org.ssgproject.content_profile_p"><title>P</title>'
        f'<select idref="{RULE}a" selected="true"/><select idref="{RULE}b" selected="false"/>'
        f'<refine-value idref="{value}v" selector="strict"/></Profile></Benchmark></c>'
    )
    assert scan.profiles(tmp_path / "ds.xml") == {"p": (frozenset({"a"}), {"v": "strict"})}


def test_the_content_comes_from_the_next_release_of_the_same_archive() -> None:
    text = (
        "Types: deb\nURIs: http://a.example/debian\nSuites: trixie trixie-updates\nComponents: main\n\n"
        "Types: deb\nURIs: http://a.example/debian-security\nSuites: trixie-security\nComponents: main\n"
    )
    assert scantools.for_release(text, "sid") == (
        "Types: deb\nURIs: http://a.example/debian\nSuites: sid\nComponents: main\n"
    )
    with pytest.raises(HonsekiError, match="no main archive"):
        scantools.for_release("Types: deb\nURIs: http://a.example\nSuites: trixie-security\nComponents: main\n", "x")


def test_every_hardened_image_says_why_a_rule_is_not_met() -> None:
    for name in set(names()) - {"plain"}:
        unmet = load(name).manifest.unmet
        assert unmet
        assert all(len(reason) > 40 for reason in unmet.values())


def test_lynis_has_its_folders_though_a_package_lacks_them(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("usr/share/lynis/include", "usr/share/lynis/db", "usr/share/openscap", "lib/x86_64-linux-gnu"):
        (tree / name).mkdir(parents=True)
    for name in ("etc/lynis/default.prf", "usr/sbin/lynis", "usr/bin/oscap", scantools.CONTENT):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    scantools._choose(tree, tmp_path / "small")
    assert (tmp_path / "small" / "lynis" / "plugins").is_dir()


def test_sources_without_the_scanners_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: Tools) -> None:
    sources = tmp_path / "own.sources"
    sources.write_text("Types: deb\nURIs: http://127.0.0.1:9/debian\nSuites: trixie\nComponents: main\n")
    monkeypatch.setenv("HONSEKI_APT_SOURCES", str(sources))
    said = "E: Unable to locate package lynis"
    tools.fake("apt-get", f'case "$*" in *install*) echo "{said}" >&2; exit 100;; esac')
    with pytest.raises(HonsekiError, match="don't have openscap-scanner, openscap-common, lynis") as error:
        scantools.tools(tmp_path / "cache", lambda _: None)
    assert (error.value.where, error.value.why) == (str(sources), said)
