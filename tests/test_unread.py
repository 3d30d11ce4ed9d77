"""What users edit can't be read by a test that doesn't say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from honseki.settings import CHECKOUT
from stacks import inventory
from tests import unread

EDITED = {
    "an inventory that is loaded": lambda: inventory.load(inventory.FOLDER),
    "a folder that is listed": lambda: list(inventory.FOLDER.iterdir()),
    "a file that is opened": lambda: (inventory.FOLDER / inventory.DEFAULTS).read_text(encoding="utf-8"),
    "waivers": (CHECKOUT / "stacks" / "waivers.yaml").read_bytes,
    "how entry logs are read": lambda: (CHECKOUT / "stacks" / "entrylog.yaml").open().close(),
}


@pytest.mark.parametrize("read", EDITED.values(), ids=EDITED)
def test_a_test_that_reads_it_fails(read: Callable[[], object]) -> None:
    with pytest.raises(unread.ReadByATestError, match=r"tests\.example"):
        read()


def test_one_that_says_so_may_and_nobody_after_it() -> None:
    with unread.allowed():
        assert EDITED["waivers"]()
    with pytest.raises(unread.ReadByATestError):
        EDITED["waivers"]()


def test_what_tests_start_has_the_tests_inventory(tmp_path: Path) -> None:
    from tests.conftest import make_home  # noqa: PLC0415
    from tests.example import FLEET  # noqa: PLC0415

    assert make_home(tmp_path).settings.fleet == FLEET
