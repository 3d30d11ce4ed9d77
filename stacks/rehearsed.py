"""The image of a rehearsal: what is published in the rehearsal region stands where the inventory has its placeholder.

An image's ids are the region's own and end with it, so they are kept with the region's data and never in the inventory.
AWS's tenants, and an inventory that names an image, know nothing of this.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from infra.model import Image, Municipality, Target

__all__ = ["VARIABLE", "image", "instead", "read", "write"]

VARIABLE: Final = "HONSEKI_REHEARSAL_IMAGE"
"""Names the file for programs that the engine starts."""


def write(path: Path, digest: str, ids: Mapping[str, str]) -> None:
    """Write which image is published: its digest, and its id by region. Whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps({"digest": digest, "ids": dict(sorted(ids.items()))}, indent=1) + "\n", "utf-8")
    draft.replace(path)


def read(path: Path | str | None) -> tuple[str, dict[str, str]] | None:
    """The digest, and the id by region; None where nothing is published. Raises `ValueError` for a damaged file."""
    if not path:
        return None
    try:
        document = json.loads(Path(path).read_text("utf-8"))
        return str(document["digest"]), {str(region): str(ami) for region, ami in document["ids"].items()}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} doesn't say which image is published ({error}). Delete it; rehearse again") from error


def image(published: tuple[str, Mapping[str, str]] | None, municipality: Municipality) -> Image | None:
    """The published image in the municipality's two regions; None where it isn't in both."""
    if published is None:
        return None
    digest, ids = published
    placement = municipality.placement
    try:
        return Image(digest=digest, primary=ids[placement.primary.region], recovery=ids[placement.recovery.region])
    except (KeyError, ValidationError):
        return None


def instead(
    municipality: Municipality, target: Target, published: tuple[str, Mapping[str, str]] | None
) -> Municipality:
    """The municipality with the published image in its placeholder's place. Any other is returned as it is."""
    if target != "rehearsal" or municipality.image is None or not municipality.image.is_example:
        return municipality
    found = image(published, municipality)
    return municipality if found is None else municipality.model_copy(update={"image": found})
