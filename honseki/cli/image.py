"""`honseki image`: hardened disk images, from packages to servers."""

from __future__ import annotations

import click

from honseki.cli import image_publish


@click.group()
def image() -> None:
    """Hardened disk images: described, signed, published, retired.

    \b
    Example: from a built image to what the tenants' servers start from
      honseki image sbom app
      honseki image attest app
      honseki image publish app --write
    """


for command in image_publish.COMMANDS:
    image.add_command(command)
