"""What the engine starts for `--policy-pack policies/pack`: serves the rules for the stack that is worked on."""

import datetime
import os
import sys
from pathlib import Path

# The engine runs this folder, not the package, so the checkout isn't necessarily on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policies.pack.analyzer import Analyzer, serve
from policies.waivers import WaiverError, load
from stacks.naming import FLEET, municipality_of

try:
    today = datetime.datetime.now(datetime.UTC).date()
    # The engine starts this program: honseki.settings says by the environment which waivers count.
    given = os.environ.get("HONSEKI_WAIVERS")  # noqa: TID251
    waivers = load(Path(given) if given else FLEET.with_name("waivers.yaml"))
except WaiverError as error:
    sys.exit(str(error))
serve(Analyzer(municipality_of, waivers, today))
