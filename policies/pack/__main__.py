"""What the engine starts for `--policy-pack policies/pack`: serves the rules for the stack that is worked on."""

import datetime
import os
import sys
from pathlib import Path

# The engine runs this folder, not the package, so the checkout isn't necessarily on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infra.model import Municipality, Target
from policies.pack.analyzer import Analyzer, serve
from policies.waivers import WaiverError, load
from stacks import inventory

CHECKOUT = Path(__file__).resolve().parents[2]
_TARGETS: tuple[Target, ...] = ("rehearsal", "aws")


def municipality_of(stack: str) -> tuple[Municipality, Target]:
    """The municipality and target of a stack named TARGET-CODE."""
    name, _, code = stack.rpartition("-")
    for target in _TARGETS:
        if name == target:
            fleet = Path(os.environ.get("HONSEKI_FLEET") or CHECKOUT / "stacks" / "fleet")
            return inventory.load(fleet, [code]).get(code), target
    raise ValueError(f"{stack!r} is no tenant's stack: it is named TARGET-CODE, for example rehearsal-272191")


try:
    today = datetime.datetime.now(datetime.UTC).date()
    waivers = load(Path(os.environ.get("HONSEKI_WAIVERS") or CHECKOUT / "stacks" / "waivers.yaml"))
except WaiverError as error:
    sys.exit(str(error))
serve(Analyzer(municipality_of, waivers, today))
