"""Everything that is asked, in the order in which it is asked: lists before what is asked for each of their items."""

from __future__ import annotations

from typing import Final

from honseki.live import channels, network
from honseki.live.ask import Ask

TABLE: Final[tuple[Ask, ...]] = (*network.LISTED, *channels.LISTED, *network.EACH, *channels.EACH)
