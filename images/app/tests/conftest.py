"""What the checks can be asked: of a root folder (chroot), or of a machine that booted it."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def booted(host: Any) -> Any:
    """The host, where systemd runs on it; a check that needs it is skipped in a chroot."""
    if not host.run_test("test -d /run/systemd/system").succeeded:
        pytest.skip("needs a booted machine")
    return host
