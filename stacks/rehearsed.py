"""The image of a rehearsal: what is published in the rehearsal region stands where the inventory has its placeholder.

An image's ids are the region's own and end with it, so they are kept with the region's data and never in the inventory.
AWS's tenants, and an inventory that names an image, know nothing of this.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from infra.model import Image, Municipality, Target

__all__ = ["VARIABLE", "Rehearsed", "image", "instead", "read", "write"]

VARIABLE: Final = "HONSEKI_REHEARSAL_IMAGE"
"""Names the file for programs that the engine starts."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What is published: the image's digest, and by region its id and the ARN of its key (None: not encrypted)."""

    digest: str
    ids: Mapping[str, str]
    keys: Mapping[str, str | None]


def write(path: Path, published: Rehearsed) -> None:
    """Write which image is published. Whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    content = {"digest": published.digest, "ids": dict(published.ids), "keys": dict(published.keys)}
    draft.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", "utf-8")
    draft.replace(path)


def read(path: Path | str | None) -> Rehearsed | None:
    """What is published; None where nothing is. Raises `ValueError` for a damaged file."""
    if not path:
        return None
    try:
        document = json.loads(Path(path).read_text("utf-8"))
        ids = {str(region): str(ami) for region, ami in document["ids"].items()}
        keys = {str(region): None if key is None else str(key) for region, key in document["keys"].items()}
        return Rehearsed(str(document["digest"]), ids, keys)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} doesn't say which image is published ({error}). Delete it; rehearse again") from error


def image(published: Rehearsed | None, municipality: Municipality) -> Image | None:
    """The published image in the municipality's two regions; None where it isn't in both."""
    if published is None:
        return None
    here, there = municipality.placement.primary.region, municipality.placement.recovery.region
    try:
        return Image(
            digest=published.digest,
            primary=published.ids[here],
            recovery=published.ids[there],
            primary_key=published.keys[here],
            recovery_key=published.keys[there],
        )
    except (KeyError, ValidationError):
        return None


def instead(municipality: Municipality, target: Target, published: Rehearsed | None) -> Municipality:
    """The municipality with the published image in its placeholder's place. Any other is returned as it is."""
    if target != "rehearsal" or municipality.image is None or not municipality.image.is_example:
        return municipality
    found = image(published, municipality)
    return municipality if found is None else municipality.model_copy(update={"image": found})
