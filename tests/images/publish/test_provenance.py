"""The signed statement of where an image comes from: what is in it, and everything that must not pass."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from honseki.errors import RefusedError
from honseki.images import provenance
from honseki.images.builder.build import Built
from honseki.images.provenance import ProvenanceError

from . import made


@pytest.fixture
def key(tmp_path: Path) -> Ed25519PrivateKey:
    return provenance.own_key(tmp_path)


@pytest.fixture
def image(tmp_path: Path, key: Ed25519PrivateKey) -> Built:
    made_image = made.image(tmp_path, made.content("a0b"))
    provenance.attest(made_image, key, made.lock(tmp_path / "packages.lock"))
    return made_image


def test_it_says_what_went_in(image: Built, key: Ed25519PrivateKey) -> None:
    about = provenance.verify(image, [key.public_key()])
    assert about["subject"] == [{"name": "app/disk.raw", "digest": {"sha256": image.digest}}]
    build = about["predicate"]["buildDefinition"]
    inputs = {each.get("uri") or each["name"]: each.get("digest") for each in build["resolvedDependencies"]}
    assert inputs["pkg:deb/debian/bash@5.2.15-2%2Bb13?arch=amd64"] == {"sha256": "ab" * 32}
    assert inputs["pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64"] is None  # the lock has another version's
    assert {"manifest.json", "packages.json", "files.json", "report.json"} <= inputs.keys()
    assert inputs["images/app/manifest.yaml"] == {"sha256": "ef" * 32}
    assert build["internalParameters"] == {"settings": {"a": 1}, "lock": "reviewed"}
    assert about["predicate"]["runDetails"]["builder"]["version"] == {"mmdebstrap": "1.3.5"}


def test_a_lock_that_was_written_anew_since_is_not_taken_for_the_builders(image: Built, tmp_path: Path) -> None:
    lock = tmp_path / "packages.lock"
    lock.write_text(made.LOCK.replace("ab", "00"))
    build = provenance.statement(image, lock)["predicate"]["buildDefinition"]
    assert not any("digest" in each for each in build["resolvedDependencies"] if each.get("uri", "").startswith("pkg:"))


@pytest.mark.parametrize(
    ("change", "what"),
    [({"lock": "derived"}, "the image's lock is derived"), ({"lock": None}, "the image's lock is not known")],
)
def test_aws_gets_images_of_reviewed_packages_only(
    tmp_path: Path, key: Ed25519PrivateKey, change: dict[str, str | None], what: str
) -> None:
    """A derived lock was seen by nobody; and the statement that says so is signed, so the report can't be edited."""
    image = made.image(tmp_path, made.content("a0c"))
    report = json.loads((image.folder / "report.json").read_text())
    report = {name: value for name, value in (report | change).items() if value is not None}
    report["lock_differences"] = [{"name": "bash", "reviewed": "5.2", "used": "5.3"}]
    (image.folder / "report.json").write_text(json.dumps(report))
    provenance.attest(image, key, made.lock(tmp_path / "packages.lock"))
    with pytest.raises(RefusedError, match=what) as error:
        provenance.require_reviewed(image, provenance.verify(image, [key.public_key()]))
    assert "bash: 5.2 -> 5.3" in error.value.why
    (image.folder / "report.json").write_text(json.dumps(report | {"lock": "reviewed"}))
    with pytest.raises(ProvenanceError, match="isn't proven"):
        provenance.verify(image, [key.public_key()])


def test_signing_twice_is_the_same(image: Built, key: Ed25519PrivateKey, tmp_path: Path) -> None:
    before = (image.folder / provenance.FILE).read_bytes()
    provenance.attest(image, key, tmp_path / "packages.lock")
    assert (image.folder / provenance.FILE).read_bytes() == before


def test_the_key_is_its_owners_and_stays(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    private, public = provenance.key_paths(tmp_path)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert provenance.own_key(tmp_path).private_bytes_raw() == key.private_bytes_raw()
    assert provenance.read_public(public) == key.public_key()


def forged(change: Callable[[dict[str, Any]], None]) -> Callable[[Built, Ed25519PrivateKey], None]:
    """Change what was signed, and leave the signature as it is."""

    def do(image: Built, _: Ed25519PrivateKey) -> None:
        path = image.folder / provenance.FILE
        envelope = json.loads(path.read_text())
        about = json.loads(base64.b64decode(envelope["payload"]))
        change(about)
        envelope["payload"] = base64.b64encode(json.dumps(about).encode()).decode()
        path.write_text(json.dumps(envelope))

    return do


def sealed(change: Callable[[dict[str, Any]], None]) -> Callable[[Built, Ed25519PrivateKey], None]:
    """Change the statement, and have the right key sign it."""

    def do(image: Built, key: Ed25519PrivateKey) -> None:
        about = provenance.statement(image)
        change(about)
        (image.folder / provenance.FILE).write_text(json.dumps(provenance.seal(about, key)))

    return do


def flipped(name: str) -> Callable[[Built, Ed25519PrivateKey], None]:
    def do(image: Built, _: Ed25519PrivateKey) -> None:
        content = bytearray((image.folder / name).read_bytes())
        content[-1] ^= 1
        (image.folder / name).write_bytes(content)

    return do


def envelope_of(**fields: Any) -> Callable[[Built, Ed25519PrivateKey], None]:
    def do(image: Built, _: Ed25519PrivateKey) -> None:
        path = image.folder / provenance.FILE
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))

    return do


WRONG: dict[str, tuple[Callable[[Built, Ed25519PrivateKey], None], str]] = {
    "a forged statement": (forged(lambda a: a["subject"][0].update(name="evil")), "none of the trusted keys"),
    "no signature": (envelope_of(signatures=[]), "none of the trusted keys"),
    "a signature of something else": (envelope_of(signatures=[{"sig": "AAAA"}]), "none of the trusted keys"),
    "another type of payload": (envelope_of(payloadType="text/plain"), "its payload is 'text/plain'"),
    "no envelope": (lambda image, _: (image.folder / provenance.FILE).write_text("[]"), "no DSSE envelope"),  # type: ignore[dict-item]
    "nothing": (lambda image, _: (image.folder / provenance.FILE).unlink(), "there is none"),
    "another image's": (sealed(lambda a: a["subject"][0]["digest"].update(sha256="0" * 64)), "not about app"),
    "another kind of statement": (sealed(lambda a: a.update(predicateType="x")), "another kind"),
    "a changed disk": (flipped("disk.raw"), "it was changed"),
    "a changed list of packages": (flipped("packages.json"), "isn't the one that was signed for"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_must_not_pass(image: Built, key: Ed25519PrivateKey, what: str) -> None:
    change, why = WRONG[what]
    change(image, key)
    with pytest.raises(ProvenanceError) as caught:
        provenance.verify(image, [key.public_key()])
    assert why in caught.value.why


def test_a_wrong_key(image: Built) -> None:
    with pytest.raises(ProvenanceError) as caught:
        provenance.verify(image, [Ed25519PrivateKey.generate().public_key()])
    assert "none of the trusted keys" in caught.value.why


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("-----BEGIN NOTHING-----")
    with pytest.raises(ProvenanceError, match="can't be used"):
        provenance.read_public(path)


def test_a_changed_disk_is_not_signed(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    image = made.image(tmp_path, made.content("c"))
    image.disk.write_bytes(b"other")
    with pytest.raises(ProvenanceError):
        provenance.attest(image, key)
    assert not (image.folder / provenance.FILE).exists()
