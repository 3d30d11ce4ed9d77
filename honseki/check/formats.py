"""A report for programs: JSON, SARIF 2.1.0 and JUnit XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

from honseki.check.run import Placed, Report
from policies.controls import catalogue
from policies.rules import ALL
from policies.rules.core import Rule

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
"""https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html"""

_LEVELS: Final[Mapping[str, str]] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SCORES: Final[Mapping[str, str]] = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}
"""`security-severity`, by which code-scanning systems sort."""


def as_json(report: Report) -> dict[str, Any]:
    """Everything: totals, per municipality, each finding with rule, place, why and how to fix."""
    return {
        "target": report.target,
        "date": report.today.isoformat(),
        "municipalities": len(report.tenants),
        "resources": sum(tenant.resources for tenant in report.tenants),
        "rules": len(ALL),
        "checks": sum(tenant.checks for tenant in report.tenants),
        "findings": [_finding(each) for each in report.findings],
        "open": len(report.open),
        "expired_waivers": len(report.expired),
        "unused_waivers": [waiver.model_dump(mode="json") for waiver in report.unused],
        "not_yet_known": [
            {"tenant": each.tenant, "rule": each.rule, "urn": each.urn, "why": each.why}
            for tenant in report.tenants
            for each in tenant.undecided
        ],
        "seconds": round(report.seconds, 2),
    }


def _finding(each: Placed) -> dict[str, Any]:
    rule, finding, waiver = each.rule, each.finding, each.decided.waiver
    return {
        "tenant": finding.tenant,
        "rule": finding.rule,
        "title": {"ja": rule.ja, "en": rule.en},
        "severity": rule.severity,
        "controls": [control.id for control in catalogue().of_rule(finding.rule)],
        "what": finding.what,
        "urn": finding.urn,
        "property": finding.path,
        "file": each.position.file if each.position else None,
        "line": each.position.line if each.position else None,
        "why": rule.why,
        "remediation": rule.remediation,
        "accepted": each.decided.accepted,
        "waiver": waiver.model_dump(mode="json") if waiver else None,
        "waiver_says": each.decided.says,
    }


def as_sarif(report: Report) -> dict[str, Any]:
    """One run of SARIF: all rules, a result per finding; a waived one carries a suppression."""
    index = {rule.id: i for i, rule in enumerate(ALL)}
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "honseki",
                        "rules": [_sarif_rule(rule) for rule in ALL],
                    }
                },
                "originalUriBaseIds": {"CHECKOUT": {"description": {"text": "the root of the checkout"}}},
                "results": [_sarif_result(each, index) for each in report.findings],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    controls = [control.id for control in catalogue().of_rule(rule.id)]
    return {
        "id": rule.id,
        "shortDescription": {"text": f"{rule.en} ({rule.ja})"},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.remediation},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"security-severity": _SCORES[rule.severity], "tags": ["security", *controls]},
    }


def _sarif_result(each: Placed, index: Mapping[str, int]) -> dict[str, Any]:
    finding, rule = each.finding, each.rule
    at = f"{finding.path}: " if finding.path else ""
    location: dict[str, Any] = {
        "logicalLocations": [
            {"fullyQualifiedName": finding.urn, "kind": "resource", "name": finding.urn.rpartition("::")[2]}
        ]
    }
    if each.position is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": each.position.file, "uriBaseId": "CHECKOUT"},
            "region": {"startLine": each.position.line},
        }
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[rule.severity],
        "message": {"text": f"{finding.tenant}: {at}{finding.what}. Fix: {rule.remediation}"},
        "locations": [location],
        "partialFingerprints": {"honseki/v1": f"{finding.rule}|{finding.urn}|{finding.path}"},
    }
    if each.decided.accepted:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": each.decided.says}]
    return result


def as_junit(report: Report) -> str:
    """One test suite per municipality, one test case per rule; a finding is a failure, a waived one is skipped.

    https://github.com/testmoapp/junitxml (what CI systems read of it)
    """
    root = ET.Element("testsuites", name="honseki check", time=f"{report.seconds:.3f}")
    for tenant in report.tenants:
        code = tenant.municipality.code
        suite = ET.SubElement(root, "testsuite", name=f"{code} {tenant.municipality.name}")
        failures = skipped = 0
        for rule in ALL:
            case = ET.SubElement(suite, "testcase", classname=code, name=rule.id)
            found = [each for each in tenant.findings if each.finding.rule == rule.id]
            waiting = [each for each in tenant.undecided if each.rule == rule.id]
            bad = [each for each in found if each.counts]
            if bad:
                failures += 1
                text = "\n".join(_line(each) for each in bad)
                ET.SubElement(case, "failure", message=bad[0].finding.what, type=rule.severity).text = text
            elif found or waiting:
                skipped += 1
                why = found[0].decided.says if found else f"not yet known: {waiting[0].why}"
                ET.SubElement(case, "skipped", message=why)
        suite.set("tests", str(len(ALL)))
        suite.set("failures", str(failures))
        suite.set("errors", "0")
        suite.set("skipped", str(skipped))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _line(each: Placed) -> str:
    at = f" ({each.position})" if each.position else ""
    what = f"{each.finding.urn} {each.finding.path}{at}: {each.finding.what}"
    return f"{what}\nWhy: {each.rule.why}\nFix: {each.rule.remediation}"
