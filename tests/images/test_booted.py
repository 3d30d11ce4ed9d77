"""The application server, built and booted once: its own tests and its base's, in one boot and one restart."""

from __future__ import annotations

import json

import pytest

from honseki.images import tools
from tests.conftest import Home


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_the_image_holds_what_its_tests_say(home: Home) -> None:
    if lacking := tools.absent((*tools.BUILDING, *tools.BOOTING)):
        pytest.skip(f"this machine lacks {', '.join(lacking)}: make image-tools")
    built = home.honseki("image", "build", "app", "--today", timeout=900)
    assert built.returncode == 0, built.stderr
    # Emulated: five to seven minutes. More than the limits of its boot and restart, which say what is wrong.
    done = home.honseki("image", "test", "app", "--json", timeout=1800)
    assert done.stdout, done.stderr
    said = json.loads(done.stdout)
    assert said["failed"] == [], done.stdout + done.stderr
    assert said["passed"] >= 30
    assert done.returncode == 0
