"""Where an image comes from, signed: an in-toto statement about its disk in a DSSE envelope.

Statement: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, its predicate
https://slsa.dev/spec/v1.0/provenance, envelope and what exactly is signed
https://github.com/secure-systems-lab/dsse/blob/master/protocol.md. The key is Ed25519 (RFC 8032), by `cryptography`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from honseki.errors import Exit, HonsekiError, RefusedError
from honseki.images.blocks import BLOCK
from honseki.images.builder.inputs import place
from honseki.images.packages import Package, purl, read_lock, read_packages

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from honseki.images.builder.build import Built

FILE = "provenance.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://honseki.invalid/image-build/v1"
"""Names the builder of this project (honseki.images.builder). `.invalid` because nothing is served there (RFC 2606)."""

_INPUTS = ("manifest.json", "packages.lock", "packages.json", "files.json", "report.json", "sbom.cdx.json")
"""Files in the image's folder that say what went in, and what came out."""


class ProvenanceError(HonsekiError):
    """Where the image comes from can't be shown: nobody signed, the wrong one did, or it is about another disk."""

    exit_code = Exit.REFUSED


# --- keys


def own_key(home: Path) -> Ed25519PrivateKey:
    """This home's signing key, made when it is first asked for; only its owner reads it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  slow to load
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    private, public = key_paths(home)
    if not private.exists():
        private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = Ed25519PrivateKey.generate()
        draft = private.with_name(f".{private.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        try:
            os.link(draft, private)
        except FileExistsError:
            pass  # somebody else was first; theirs counts
        finally:
            draft.unlink()
    key = read_private(private)
    if not public.exists():
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return key


def key_paths(home: Path) -> tuple[Path, Path]:
    """Where this home's key lies: the private one and the public one."""
    return home / "keys" / "images.key.pem", home / "keys" / "images.pub.pem"


def read_private(path: Path) -> Ed25519PrivateKey:
    """An Ed25519 private key from a PEM file (PKCS 8, without passphrase)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise _bad_key(path, str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _bad_key(path, "it is a key of another kind")
    return key


def read_public(path: Path) -> Ed25519PublicKey:
    """An Ed25519 public key from a PEM file."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise _bad_key(path, str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise _bad_key(path, "it is a key of another kind")
    return key


def _bad_key(path: Path, why: str) -> ProvenanceError:
    return ProvenanceError(
        "the key can't be used",
        where=str(path),
        why=why,
        do="give an Ed25519 key in PEM: openssl genpkey -algorithm ed25519; openssl pkey -pubout",
    )


def key_id(key: Ed25519PublicKey) -> str:
    """Names a key: the SHA-256 of its 32 bytes. A hint for people; it is never trusted."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


# --- the statement


def statement(image: Built, lock: Path | None = None) -> dict[str, Any]:
    """What is known of the image's making: from its folder and the lock file, so that two makers agree to the byte.

    `lock` is used only if it is the one that the builder's report names: it may have been written anew since.
    `internalParameters.lock` says which kind of lock the packages are of: `reviewed` or `derived`.
    """
    manifest, report = _read(image, "manifest.json"), _read(image, "report.json")
    used = report.get("packages_lock_sha256", report.get("lock_sha256"))
    if lock is not None and (not lock.exists() or used != _digest_of(lock)):
        lock = None
    hashes = read_lock(lock) if lock is not None else {}
    files = [
        {"name": name, "digest": {"sha256": _digest_of(image.folder / name)}}
        for name in _INPUTS
        if (image.folder / name).exists()
    ]
    sources = [
        {"uri": place(path), "digest": {"sha256": digest}} for path, digest in sorted(report.get("sources", {}).items())
    ]
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": f"{image.name}/disk.raw", "digest": {"sha256": image.digest}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"image": image.name, "packages_of": report.get("packages_of")},
                "internalParameters": {"settings": manifest.get("settings", {}), "lock": report.get("lock", "")},
                "resolvedDependencies": [*files, *sources, *_dependencies(read_packages(image.folder), hashes)],
            },
            "runDetails": {"builder": {"id": BUILD_TYPE, "version": report.get("tools", {})}},
        },
    }


def _dependencies(packages: Sequence[Package], hashes: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for package in packages:
        dependency: dict[str, Any] = {"uri": purl(package)}
        version, sha256 = hashes.get(package.name, ("", ""))
        if sha256 and version == package.version:
            dependency["digest"] = {"sha256": sha256}
        found.append(dependency)
    return found


def _read(image: Built, name: str) -> Any:
    try:
        return json.loads((image.folder / name).read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ProvenanceError(
            "the image's folder is damaged", where=str(image.folder / name), why=str(error)
        ) from error


def _digest_of(path: Path) -> str:
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while content := file.read(BLOCK):
            whole.update(content)
    return whole.hexdigest()


# --- the envelope


def _signed(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: the type is signed too, so no other kind of document passes for it."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(about: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The statement in an envelope that the key signed."""
    payload = json.dumps(about, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    signature = {
        "keyid": key_id(key.public_key()),
        "sig": base64.b64encode(key.sign(_signed(payload))).decode(),
    }
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [signature],
    }


def attest(image: Built, key: Ed25519PrivateKey, lock: Path | None = None) -> Path:
    """Sign where the image comes from; the envelope lies beside the disk, and its path is returned.

    Raises `ProvenanceError` if the disk isn't the one that the folder is named after.
    """
    _require_disk(image)
    path = image.folder / FILE
    draft = path.with_name(f".{FILE}.{os.getpid()}")
    draft.write_text(json.dumps(seal(statement(image, lock), key), indent=2) + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def opened(envelope: Any, trusted: Sequence[Ed25519PublicKey], where: str) -> dict[str, Any]:
    """The statement in an envelope, if one of the trusted keys signed it. Nothing in it is read before that."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    try:
        payload = base64.b64decode(envelope["payload"], validate=True)
        signatures = [base64.b64decode(each["sig"], validate=True) for each in envelope["signatures"]]
        kind = envelope["payloadType"]
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise _unproven("it is no DSSE envelope", where) from error
    if kind != PAYLOAD_TYPE:
        raise _unproven(f"its payload is {kind!r}, not {PAYLOAD_TYPE}", where)
    for key in trusted:
        for signature in signatures:
            try:
                key.verify(signature, _signed(payload))
            except InvalidSignature:
                continue
            about = json.loads(payload)
            if isinstance(about, dict):
                return about
    raise _unproven("none of the trusted keys signed it", where)


def verify(image: Built, trusted: Sequence[Ed25519PublicKey]) -> dict[str, Any]:
    """The statement about this image, checked: signature, kind, subject, the disk itself and the files named in it.

    Raises `ProvenanceError` saying what isn't so.
    """
    path = image.folder / FILE
    where = str(path)
    try:
        envelope = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise _unproven("there is none", where) from None
    except (OSError, ValueError) as error:
        raise _unproven(str(error), where) from error
    about = opened(envelope, trusted, where)
    if about.get("_type") != STATEMENT_TYPE or about.get("predicateType") != PREDICATE_TYPE:
        raise _unproven("it is a statement of another kind", where)
    subjects = [subject.get("digest", {}).get("sha256") for subject in about.get("subject", [])]
    names = [subject.get("name") for subject in about.get("subject", [])]
    if subjects != [image.digest] or names != [f"{image.name}/disk.raw"]:
        raise _unproven(f"it is about {names} {subjects}, not about {image.name} {image.digest}", where)
    _require_disk(image)
    for named in about["predicate"]["buildDefinition"]["resolvedDependencies"]:
        if "name" in named:
            _require_file(image, named["name"], named["digest"]["sha256"])
    return about


def require_reviewed(image: Built, about: Mapping[str, Any]) -> None:
    """Raises `RefusedError` unless the verified statement says that the image's packages are the reviewed ones.

    Whoever publishes to AWS calls this: what a rehearsal resolved by itself was seen by nobody.
    """
    lock = about["predicate"]["buildDefinition"]["internalParameters"].get("lock")
    if lock == "reviewed":
        return
    changed = [str(each) for each in image.lock_differences]
    why = f"{len(changed)} packages aren't as reviewed: " + "; ".join(changed[:5]) if changed else ""
    raise RefusedError(
        f"the image's lock is {lock or 'not known'}, and AWS gets images of reviewed packages only",
        where=str(image.folder / "report.json"),
        why=why or "it was built before images said of which lock they are",
        do=f"honseki image lock {image.name}, review and commit what changed, then build, attest and publish that",
    )


def _require_file(image: Built, name: str, wanted: str) -> None:
    file = image.folder / name
    if not file.exists() or _digest_of(file) != wanted:
        raise _unproven("the file isn't the one that was signed for", str(file))


def _require_disk(image: Built) -> None:
    found = _digest_of(image.disk)
    if found != image.digest:
        raise _unproven(f"the disk's SHA-256 is {found}, not {image.digest}: it was changed", str(image.disk))


def _unproven(why: str, where: str) -> ProvenanceError:
    return ProvenanceError(
        "where the image comes from isn't proven",
        where=where,
        why=why,
        do="build and sign it again: honseki image build, honseki image attest; or name the signer's key with --trust",
    )
