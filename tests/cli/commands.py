"""Every command of `honseki`, with arguments that it takes: what the tests of all commands are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from honseki.cli.main import cli

CODE = "CODE"
"""Stands for the code of a municipality of the inventory."""

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "plan": (CODE, "--no-refresh"),
    "up": (CODE,),
    "status": (CODE,),
    "drift": (CODE,),
    "destroy": (CODE, "--confirm", "NAME"),
    "fleet list": (),
    "fleet check": (),
    "region status": (),
    "region env": (),
    "region start": (),
    "region stop": (),
    "region reset": ("--yes",),
    "engine which": (),
    "check": (CODE,),
    "aws-check": (CODE,),
    "cost": (CODE,),
    "prove": (CODE,),
    "verify-certificate": ("FILE",),
    "entrylog ingest": ("FILE", "--municipality", CODE),
    "entrylog report": (CODE,),
    "entrylog extend": (CODE,),
    "image list": (),
    "image diff": ("app", "plain"),
    "image boot": ("app",),
    "image scan": ("app",),
    "image test": ("app",),
    "image sbom": ("app",),
    "image attest": ("app",),
    "image publish": ("app", "--dry-run"),
    "image retire": ("app", "--dry-run"),
    "rehearse": (CODE,),
}

NOT_RUN: Mapping[str, str] = {
    "engine install": "without an engine it fetches and builds one; tests/engine",
    "fleet sample": "it only writes; tests/fleet",
    "image build": "it fetches packages; tests/images",
    "image lock": "it rewrites the lock file of the checkout; tests/images",
}
"""Commands that these tests leave out, and why."""

NO_LIST: Mapping[str, str] = {
    "plan": "the changes of an operation: a tree",
    "up": "the changes of an operation: a tree",
    "drift": "the changes of an operation: a tree",
    "destroy": "the changes of an operation: a tree",
    "rehearse": "the commands that it is made of have both",
    "fleet check": "problems are errors, and these have --json",
    "fleet sample": "one sentence",
    "region start": "one thing",
    "region stop": "one sentence",
    "region status": "one thing",
    "region reset": "one sentence",
    "region env": "a script for the shell",
    "engine which": "one thing",
    "engine install": "one thing",
    "prove": "a verdict and its parts of several kinds",
    "verify-certificate": "a verdict",
    "entrylog ingest": "what was done with one file",
    "entrylog extend": "what was done",
    "image build": "one thing",
    "image lock": "what was done; git shows the lock file's changes",
    "image boot": "what a machine printed",
    "image scan": "figures of several kinds",
    "image test": "two counts",
    "image sbom": "one file",
    "image attest": "one file",
    "image publish": "what was done",
}
"""Commands that print no list, and what they print; all others have --json and --csv."""


def leaves(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    if isinstance(command, click.Group):
        for name, sub in command.commands.items():
            yield from leaves(sub, (*path, name))
    else:
        yield " ".join(path), command
