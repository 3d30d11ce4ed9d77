"""Files of an image from its templates: strict, and the same bytes everywhere."""

from __future__ import annotations

import fnmatch
import io
import re
import tarfile
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jinja2

from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import File, Image

_CACHES: Final = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
_EDITORS: Final = (".*.sw?", "*~", ".#*", "#*#")
"""What editors (Vim, Emacs) keep beside a file that somebody has open."""


@dataclass(frozen=True)
class Rendered:
    """One entry of the image: bytes, a link's target, or a folder."""

    path: str
    mode: int
    owner: str
    group: str
    content: bytes | None = None
    link: str | None = None


def render(image: Image, variables: Mapping[str, Any]) -> tuple[Rendered, ...]:
    """All declared files. Templates see `image` (the manifest), `settings` and `variables`.

    `ManifestError` names template, line and variable if a template uses what nobody gives.
    """
    given = {"image": image.manifest, "settings": dict(image.manifest.settings), **variables}
    found: dict[str, Rendered] = {}
    for each in image.manifest.files:
        for entry in _entries(each, image.origins[each.path], given):
            found[entry.path] = entry
    return tuple(found[path] for path in sorted(found))


def _entries(each: File, origin: Path, given: Mapping[str, Any]) -> Iterator[Rendered]:
    mode = int(each.mode, 8)
    if each.template is not None:
        content = template(origin / "templates" / each.template, given)
        yield Rendered(each.path, mode, each.owner, each.group, content=content)
    elif each.link is not None:
        yield Rendered(each.path, 0o777, each.owner, each.group, link=each.link)
    elif each.copy_of is not None:
        yield from _copied(origin / each.copy_of, each, mode)
    else:
        yield Rendered(each.path, mode, each.owner, each.group)


def template(file: Path, given: Mapping[str, Any]) -> bytes:
    """One template's text in UTF-8, ending in a newline."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(file.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  configuration files, not HTML
    )
    try:
        text = environment.get_template(file.name).render(given)
    except jinja2.UndefinedError as error:
        name = re.search(r"'([^']+)' is undefined|has no attribute '([^']+)'", str(error))
        variable = next((part for part in name.groups() if part), "") if name else ""
        raise ManifestError(
            f"the template uses {variable or 'a variable'}, which nobody gives",
            where=_place(error, file),
            why=str(error),
            do=f"give {variable or 'it'} under `settings:` in the manifest (a template writes "
            f"settings.{variable or 'NAME'}), or fix the template",
        ) from error
    except jinja2.TemplateSyntaxError as error:
        where = f"{error.filename or file}:{error.lineno}"
        raise ManifestError(
            "the template can't be read", where=where, why=str(error.message), do="fix the template"
        ) from error
    # What is left is what Python says of an expression (`image.name + 1`), of a template that isn't there, isn't UTF-8.
    except (jinja2.TemplateError, ArithmeticError, LookupError, OSError, TypeError, ValueError) as error:
        raise ManifestError(
            "the template can't be rendered",
            where=_place(error, file),
            why=f"{type(error).__name__}: {error}",
            do="fix the template",
        ) from error
    return text.encode()


def _place(error: Exception, file: Path) -> str:
    """Jinja2 rewrites its tracebacks to the templates' own lines; the innermost counts, be it of an included one."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if Path(each.filename).parent == file.parent]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(file)


def passed_over(inside: Path) -> bool:
    """Whether a path within an image's folder is none of the image's: a cache, or what an editor left."""
    return bool(_CACHES & set(inside.parts)) or any(fnmatch.fnmatch(inside.name, each) for each in _EDITORS)


def _copied(source: Path, each: File, mode: int) -> Iterator[Rendered]:
    if source.is_file():
        yield Rendered(each.path, mode, each.owner, each.group, content=source.read_bytes())
        return
    yield Rendered(each.path, 0o755, each.owner, each.group)
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if passed_over(inside):
            continue
        target = f"{each.path}/{inside.as_posix()}"
        if path.is_dir() and not path.is_symlink():
            yield Rendered(target, 0o755, each.owner, each.group)
        elif path.is_file():
            # Of the builder's modes only "may be executed" counts; its umask does not.
            executable = 0o111 if path.stat().st_mode & 0o100 else 0
            yield Rendered(target, mode | executable, each.owner, each.group, content=path.read_bytes())
        else:
            raise ManifestError(
                f"{inside} in what {each.path} copies is neither a file nor a folder",
                where=str(path),
                why="it is a link that leads nowhere or to a folder, or a device, a pipe, a socket",
                do="take it out; a link is declared in the manifest (`link`)",
            )


def pack(entries: tuple[Rendered, ...], epoch: int) -> bytes:
    """The entries as a tar file, all of root's: owners are set inside, where their names are known."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for each in entries:
            info = tarfile.TarInfo(each.path.lstrip("/"))
            info.mtime, info.mode = epoch, each.mode
            if each.link is not None:
                info.type, info.linkname = tarfile.SYMTYPE, each.link
            elif each.content is None:
                info.type = tarfile.DIRTYPE
            else:
                info.size = len(each.content)
            tar.addfile(info, io.BytesIO(each.content or b""))
    return buffer.getvalue()
