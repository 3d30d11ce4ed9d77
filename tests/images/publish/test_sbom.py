"""The bill of materials, against CycloneDX's schema and dpkg's database; vulnerabilities of a made-up tracker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from honseki.images import sbom
from honseki.images.builder.build import Built
from honseki.images.errors import ImageError
from honseki.images.packages import installed, read_packages
from honseki.images.vulnerabilities import Tracker, judge, known, read_tracker

from . import made

TRACKER = {
    "glibc": {
        "CVE-2026-1": {"description": "d", "releases": {"trixie": {
            "status": "resolved", "fixed_version": "2.36-9+deb12u11", "urgency": "high"}}},
        "CVE-2026-2": {"releases": {"trixie": {"status": "resolved", "fixed_version": "2.36-9+deb12u9"}}},
        "CVE-2026-3": {"releases": {"trixie": {"status": "open", "urgency": "unimportant"}}},
        "CVE-2026-4": {"releases": {"bookworm": {"status": "open"}}},
        "CVE-2026-5": {"releases": {"trixie": {"status": "resolved", "fixed_version": "0"}}},
        "CVE-2026-6": {"releases": {"trixie": {"status": "undetermined"}}},
    },
    "nothing-of-ours": {"CVE-2026-7": {"releases": {"trixie": {"status": "open"}}}},
}  # fmt: skip


@pytest.fixture
def image(tmp_path: Path) -> Built:
    return made.image(tmp_path, made.content("a"))


@pytest.fixture
def tracker(tmp_path: Path) -> Tracker:
    path = tmp_path / "tracker.json"
    path.write_text(json.dumps(TRACKER))
    return read_tracker(path)


def by_name(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {component["name"]: component for component in document["components"]}


def test_it_follows_the_schema_and_is_complete(image: Built, tmp_path: Path, tracker: Tracker) -> None:
    text = sbom.make(image, made.lock(tmp_path / "packages.lock"), tracker)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    found = by_name(document)
    assert {(p.name, p.version) for p in installed(made.STATUS)} == {(n, c["version"]) for n, c in found.items()}
    bash = found["bash"]
    assert bash["purl"] == "pkg:deb/debian/bash@5.2.15-2%2Bb13?arch=amd64"
    assert bash["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    licences = [{"license": {"id": "MIT"}}, {"license": {"name": "GPL-3+"}}]
    assert sorted(bash["licenses"], key=str) == licences == sorted(found["libc6"]["licenses"], key=str)
    assert "licenses" not in found["tzdata"]
    assert "hashes" not in found["libc6"]
    assert {"name": "honseki:source-version", "value": "5.2.15-2"} in bash["properties"]
    assert document["metadata"]["component"]["version"] == f"sha256:{image.digest}"


def test_it_is_the_same_every_time(image: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sbom.make(image, None, None)
    assert sbom.make(image, None, None) == first
    assert json.loads(first)["metadata"]["timestamp"] == "2026-11-01T00:00:00+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert json.loads(sbom.make(image, None, None))["metadata"]["timestamp"] == "1970-01-02T00:00:00+00:00"


def test_without_the_trackers_data_vulnerabilities_are_not_known(image: Built) -> None:
    document = json.loads(sbom.make(image, None, None))
    stated = {each["name"]: each["value"] for each in document["properties"]}
    assert stated["honseki:vulnerabilities"].startswith("not known")
    assert stated["honseki:lock"] == "reviewed"
    assert "vulnerabilities" not in document


def test_vulnerabilities_by_source_and_version(image: Built, tracker: Tracker) -> None:
    found = known(read_packages(image.folder), tracker, "trixie")
    assert {(v.id, v.state, v.fixed) for v in found} == {
        ("CVE-2026-1", "fixable", "2.36-9+deb12u11"),
        ("CVE-2026-3", "open", None),
        ("CVE-2026-6", "undetermined", None),
    }
    document = json.loads(sbom.make(image, None, tracker))
    [first] = [v for v in document["vulnerabilities"] if v["id"] == "CVE-2026-1"]
    assert first["affects"] == [{"ref": by_name(document)["libc6"]["bom-ref"]}]
    assert "2.36-9+deb12u11" in first["recommendation"]
    stated = {each["name"]: each["value"] for each in document["properties"]}
    assert tracker.digest in stated["honseki:vulnerabilities"]


@pytest.mark.parametrize(
    ("version", "fixed", "state"),
    [
        ("1.0~rc1-1", "1.0-1", "fixable"),
        ("1:0.1", "2.0", None),
        ("1.10", "1.9", None),
        ("1.9", "1.10", "fixable"),
        ("1.0-1+deb12u1", "1.0-1+deb12u2", "fixable"),
        ("1.0", "0", None),
        ("1.0", "", "undetermined"),
        ("1.0", "no version!", "undetermined"),
    ],
)
def test_versions_compare_as_debian_says(version: str, fixed: str, state: str | None) -> None:
    assert judge(version, {"status": "resolved", "fixed_version": fixed}) == state


@pytest.mark.parametrize("change", ["drop", "alter", "add"])
def test_a_list_that_is_not_the_database_is_refused(image: Built, change: str) -> None:
    listed = [dict(each) for each in made.PACKAGES]
    if change == "drop":
        listed.pop()
    elif change == "alter":
        listed[0]["version"] = "1"
    else:
        listed.append(listed[0] | {"name": "more"})
    (image.folder / "packages.json").write_text(json.dumps(listed))
    with pytest.raises(ImageError, match="isn't dpkg's database"):
        sbom.make(image, None, None)


ODD = [
    *("", "[]", "{}", '{"a": {}}', '{"a": []}', "<html>", '{"a": {"CVE-1": 5}}', '{"a": {"CVE-1": {"releases": []}}}'),
    *('{"a": {"CVE-1": {"releases": {"trixie": "x"}}}}', '{"a": {"CVE-1": {"releases": {}}}, "b": {"CVE-2": "x"}}'),
]


@pytest.mark.parametrize("content", ODD)
def test_what_is_no_tracker_data_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tracker.json"
    path.write_text(content)
    with pytest.raises(ImageError, match="no data of Debian's security tracker"):
        read_tracker(path)


@pytest.mark.parametrize("text", ["Copyright 1999 somebody", "Format: x\n\nFiles: *\n", ""])
def test_a_copyright_file_that_no_machine_reads(text: str) -> None:
    assert sbom.licences_of(text) == ()
