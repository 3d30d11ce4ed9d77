"""The process: `python -m honseki.rehearsal.region.server --home DIR --port N`.

It binds loopback addresses only, keeps its state in `--home`, and ends on SIGTERM or SIGINT after what is under way.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from honseki.rehearsal.region import environment
from honseki.rehearsal.region.store import StoreError

log = logging.getLogger("honseki.region")


def main(arguments: list[str] | None = None) -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description="The Honseki rehearsal region: an AWS emulator on this machine.")
    parser.add_argument("--home", type=Path, required=True, help="folder of the state")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to bind")
    parser.add_argument("--port", type=int, required=True, help="port to bind, 0 for a free one")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    environment.apply()
    from honseki.rehearsal.region import serving  # noqa: PLC0415 - imports moto, which reads the environment now

    try:
        server, state = serving.make(options.home, options.host, options.port)
    except (StoreError, OSError) as error:
        raise SystemExit(f"the rehearsal region can't start: {error}") from error

    def end(signum: int, _: Any) -> None:
        log.info("ending on %s", signal.Signals(signum).name)
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    log.info(
        "serving on http://%s:%s from %s, %d accounts", options.host, server.port, options.home, len(state.accounts())
    )
    server.serve_forever(poll_interval=0.1)
    state.close()
    log.info("ended")


if __name__ == "__main__":
    main()
