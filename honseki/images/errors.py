"""What is wrong with a built image, said for people."""

from __future__ import annotations

from honseki.errors import Exit, HonsekiError


class ImageError(HonsekiError):
    """A built image isn't what it says, or what was given about it is of no use."""

    exit_code = Exit.BAD_INPUT


class LostError(HonsekiError):
    """The machine doesn't answer any more, or not in time: nothing else can be requested from it."""
