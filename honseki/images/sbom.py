"""What is in an image, as a CycloneDX 1.6 bill of materials: every Debian package, by `cyclonedx-python-lib`.

https://cyclonedx.org/docs/1.6/json/. Of the same image (and tracker data) it is the same to the byte: its serial number
comes from the disk's digest, its time is SOURCE_DATE_EPOCH or the day of the package lock.
"""

from __future__ import annotations

import datetime
import json
import logging
import os
import tarfile
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from honseki.images.builder.manifest import RELEASE
from honseki.images.errors import ImageError
from honseki.images.packages import Package, installed, purl, read_lock, read_packages
from honseki.images.vulnerabilities import Tracker, Vulnerability, known

if TYPE_CHECKING:
    from pathlib import Path

    from cyclonedx.model.component import Component

    from honseki.images.builder.build import Built

FILE = "sbom.cdx.json"
ROOT = "root.tar"
_SPACE = uuid.UUID("5b0f6bd6-2a55-5d0c-9b6c-0e4e8d1b6a7e")
"""Our own name space for serial numbers (RFC 9562, version 5)."""
_STATUS = "./var/lib/dpkg/status"
_UNKNOWN = "not known: no data of Debian's security tracker was given"


def make(image: Built, lock: Path | None, tracker: Tracker | None) -> str:
    """The bill of materials, JSON text. Raises `ImageError` if the list of packages isn't the image's own."""
    packages = read_packages(image.folder)
    database, licences = _read_root(image.folder / ROOT)
    if database is not None:
        require_complete(packages, database, str(image.folder))
    hashes = read_lock(lock) if lock is not None and lock.exists() else {}
    found = known(packages, tracker, RELEASE) if tracker is not None else ()
    return _document(image, packages, hashes, licences, found, tracker)


def write(image: Built, text: str) -> Path:
    """Put it beside the disk, whole or not at all."""
    path = image.folder / FILE
    draft = path.with_name(f".{FILE}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return path


def require_complete(listed: Sequence[Package], database: Sequence[Package], where: str) -> None:
    """Compare the list with dpkg's database in the image; any difference is an `ImageError` that names it."""
    missing, extra = sorted(set(database) - set(listed)), sorted(set(listed) - set(database))
    if missing or extra:
        told = [f"without {p.name} {p.version}" for p in missing[:5]] + [
            f"with {p.name} {p.version}" for p in extra[:5]
        ]
        raise ImageError(
            f"packages.json isn't dpkg's database: {len(missing)} are missing, {len(extra)} too many",
            where=where,
            why="; ".join(told),
            do="build the image again",
        )


def _document(
    image: Built,
    packages: Sequence[Package],
    hashes: Mapping[str, tuple[str, str]],
    licences: Mapping[str, Sequence[str]],
    vulnerabilities: Sequence[Vulnerability],
    tracker: Tracker | None,
) -> str:
    from cyclonedx.model import HashAlgorithm, HashType, Property  # noqa: PLC0415  slow to load
    from cyclonedx.model.bom import Bom, BomMetaData  # noqa: PLC0415
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415

    disk = Component(
        name=f"{image.name}/disk.raw",
        version=f"sha256:{image.digest}",
        type=ComponentType.OPERATING_SYSTEM,
        bom_ref="disk",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=image.digest)],
    )
    components = {package: _component(package, hashes, licences) for package in packages}
    knowledge = _UNKNOWN if tracker is None else f"of Debian's security tracker, sha256:{tracker.digest}"
    bom = Bom(
        serial_number=uuid.uuid5(_SPACE, image.digest),
        metadata=BomMetaData(component=disk, timestamp=_time(image)),
        components=components.values(),
        properties=[
            Property(name="honseki:vulnerabilities", value=knowledge),
            Property(name="honseki:lock", value=image.lock or "not known"),
        ],
    )
    bom.register_dependency(disk, components.values())
    for each in vulnerabilities:
        bom.vulnerabilities.add(_vulnerability(each))
    text: str = JsonV1Dot6(bom).output_as_string(indent=2)
    return text + "\n"


def _component(
    package: Package, hashes: Mapping[str, tuple[str, str]], licences: Mapping[str, Sequence[str]]
) -> Component:
    from cyclonedx.contrib.license.factories import LicenseFactory  # noqa: PLC0415
    from cyclonedx.model import HashAlgorithm, HashType, Property  # noqa: PLC0415
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from cyclonedx.spdx import is_supported_id  # noqa: PLC0415
    from packageurl import PackageURL  # noqa: PLC0415

    version, sha256 = hashes.get(package.name, ("", ""))
    named = PackageURL.from_string(purl(package))
    factory = LicenseFactory()
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=named.to_string(),
        purl=named,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 and version == package.version else [],
        licenses=[
            factory.make_with_id(name) if is_supported_id(name) else factory.make_with_name(name)
            for name in licences.get(package.name, ())
        ],
        properties=[
            Property(name="honseki:source", value=package.source),
            Property(name="honseki:source-version", value=package.source_version),
        ],
    )


def _vulnerability(each: Vulnerability) -> Any:
    from cyclonedx.model import XsUri  # noqa: PLC0415
    from cyclonedx.model.impact_analysis import ImpactAnalysisState  # noqa: PLC0415
    from cyclonedx.model.vulnerability import (  # noqa: PLC0415
        BomTarget,
        VulnerabilityAnalysis,
        VulnerabilitySource,
    )
    from cyclonedx.model.vulnerability import Vulnerability as Told  # noqa: PLC0415

    page = f"https://security-tracker.debian.org/tracker/{each.id}"
    detail = f"{each.source}: {each.state}, urgency {each.urgency}"
    return Told(
        bom_ref=f"{each.id} {each.source}",
        id=each.id,
        source=VulnerabilitySource(name="Debian security tracker", url=XsUri(page)),
        description=each.description or None,
        detail=detail,
        recommendation=f"take {each.source} {each.fixed} or later" if each.fixed else None,
        analysis=VulnerabilityAnalysis(state=ImpactAnalysisState.IN_TRIAGE),
        affects=[BomTarget(ref=purl(package)) for package in each.packages],
    )


def _time(image: Built) -> datetime.datetime:
    """SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/), else the day of the lock."""
    given = os.environ.get("SOURCE_DATE_EPOCH")  # noqa: TID251  https://reproducible-builds.org/specs/source-date-epoch/
    if given is not None and given.isdigit():
        return datetime.datetime.fromtimestamp(int(given), datetime.UTC)
    path = image.folder / "manifest.json"
    try:
        manifest = json.loads(path.read_bytes())
        day = manifest.get("manifest", manifest)["packages_of"]
        return datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.UTC)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ImageError(
            "it isn't known as of which day the image's packages are",
            where=str(path),
            why=f"{type(error).__name__}: {error}",
            do="set SOURCE_DATE_EPOCH, or build the image again",
        ) from error


def _read_root(path: Path) -> tuple[tuple[Package, ...] | None, dict[str, tuple[str, ...]]]:
    """dpkg's database in the root (None if the image keeps none), and the licences that copyright files tell."""
    database, texts, links = None, dict[str, str](), dict[str, str]()
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = f"./{member.name.removeprefix('./')}"
                wanted = name.startswith("./usr/share/doc/") and (name.endswith("/copyright") or name.count("/") == 4)
                if member.issym() and wanted:
                    links[name] = member.linkname
                if not member.isfile() or not (wanted or name == _STATUS):
                    continue
                file = archive.extractfile(member)
                text = file.read().decode("utf-8", "replace") if file is not None else ""
                if name == _STATUS:
                    database = installed(text)
                else:
                    texts[name.split("/")[4]] = text
    except FileNotFoundError:
        return None, {}
    except tarfile.TarError as error:
        raise ImageError("the image's root can't be read", where=str(path), why=str(error)) from error
    for name, target in links.items():  # libfoo-dev's documentation is often that of libfoo
        other = target.removesuffix("/copyright").rsplit("/", 1)[-1]
        if other in texts:
            texts.setdefault(name.split("/")[4], texts[other])
    return database, {package: licences_of(text) for package, text in texts.items()}


def licences_of(text: str) -> tuple[str, ...]:
    """The licences in a copyright file, if a machine can read it; none otherwise, which isn't the same as no licence.

    https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
    """
    from debian.copyright import Copyright, MachineReadableFormatError, NotMachineReadableError  # noqa: PLC0415

    logging.getLogger("debian.copyright").setLevel(logging.ERROR)  # it says that it reads http:// as https://
    try:
        document = Copyright(text.splitlines(keepends=True), strict=False)
        licences: list[Any] = [files.license for files in document.all_files_paragraphs()]
        found = {licence.synopsis for licence in licences if licence is not None}
    except (NotMachineReadableError, MachineReadableFormatError, ValueError, TypeError):
        return ()
    return tuple(sorted(name for name in found if name))
