"""Parts that several tests share: a home of their own, a region of their own, the real engine."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from honseki.engine import binary
from honseki.settings import CHECKOUT, Settings
from tests import example, unread
from tests.harness import order, skips
from tests.harness.deployed import Deployments, run_folder
from tests.harness.orphans import Orphans
from tests.harness.seconds import Seconds

_NOT_INHERITED = ("AWS_", "PULUMI_", "HONSEKI_")

# For this process (`stacks.naming` reads it when it is imported) and for all that tests start.
os.environ["HONSEKI_FLEET"] = str(example.FLEET)

unread.watch(CHECKOUT / "stacks" / "fleet", CHECKOUT / "stacks" / "waivers.yaml", CHECKOUT / "stacks" / "entrylog.yaml")


_SLOW_FOLDERS = ("benchmarks", "images", "region")
"""Each of their tests starts something of its own (a region, a database, tools of Debian's): together over a minute."""


hypothesis_settings.register_profile(
    "honseki",
    parent=hypothesis_settings(),  # with `CI` set, Hypothesis has chosen its own profile of that name
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("honseki")
"""How long an example takes says how busy the machine is, and nothing of the code."""


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(skips)
    config.pluginmanager.register(Seconds())
    config.pluginmanager.register(Orphans())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before `-m` is applied."""
    items.sort(key=lambda item: order.rank(item.path))
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in _SLOW_FOLDERS:
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Home:
    """A command line with a home of its own: state, region and passphrase that nothing else uses."""

    path: Path
    env: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        return Settings.resolve(environ=self.env)

    def honseki(self, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "honseki.cli.main", *arguments],
            cwd=CHECKOUT,
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def make_home(path: Path) -> Home:
    path.mkdir(parents=True, exist_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    if "HONSEKI_CACHE" in os.environ:
        env["HONSEKI_CACHE"] = os.environ["HONSEKI_CACHE"]
    env["HONSEKI_HOME"] = str(path)
    env["HONSEKI_FLEET"] = str(example.FLEET)
    # In the package's own interpreter, whatever is active in the shell.
    env["HONSEKI_PYTHON"] = sys.executable
    return Home(path, env)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was loaded to collect the tests stays until the end: the garbage collector needn't look at it each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def deployments(tmp_path_factory: pytest.TempPathFactory, engine: binary.Engine) -> Deployments:
    """Tenants that all test files of this run share: deployed once, copied for each file."""
    return Deployments(run_folder(tmp_path_factory) / "deployed", make_home)


@pytest.fixture(scope="module")
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home for one test file; its region is stopped at the end.

    Empty, or with the tenants that the file's `DEPLOYED` names; their region is to be started.
    """
    made = make_home(tmp_path_factory.mktemp("home") / "honseki")
    if codes := getattr(request.module, "DEPLOYED", ()):
        request.getfixturevalue("deployments").copy(codes, made.path)
    yield made
    made.honseki("region", "stop")


@pytest.fixture(scope="session")
def engine() -> binary.Engine:
    """The real engine; `make test` sees to it that there is one."""
    found = binary.which(Settings.resolve())
    if found is None:
        pytest.fail("there is no Pulumi engine: run `honseki engine install` (make test does)")
    return found
