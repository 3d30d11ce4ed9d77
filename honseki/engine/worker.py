"""One operation on one stack, in a process of its own (`python -m honseki.engine.worker`).

Of its own since several updates in one Python process have failed before (https://github.com/pulumi/pulumi/issues/7782).

Protocol. Standard input: one line of JSON, a `Request`; the pipe is then kept open, and its end means that whoever
asked has died: the engine is stopped gracefully, so that what it is doing is finished and recorded. Standard
output, a line each: `P <pid>` of the engine, `E <event>` as the engine wrote it to its event log, and last
`X <exit code> <JSON string: the tail of the engine's output>`.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from honseki import process

_POLL_S = 0.03
_TAIL_BYTES = 6000


@dataclass(frozen=True)
class Request:
    """What to run: the engine's binary, its sub-command with flags, the folder, the stack whose program it may run."""

    engine: str
    arguments: tuple[str, ...]
    cwd: str
    stack: str

    def line(self) -> str:
        """As it goes over the pipe."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, line: str) -> Request:
        """The inverse of `line`."""
        fields = json.loads(line)
        return cls(fields["engine"], tuple(fields["arguments"]), fields["cwd"], fields["stack"])


def main() -> None:
    """Serve the program, run the engine, pass its events on, and exit as it did."""
    # The engine gets its interrupt from whoever asked; this process has to outlive it to serve the program.
    # A handler, not SIG_IGN: that would be inherited by the engine.
    signal.signal(signal.SIGINT, lambda *_: None)
    # This process lives for one operation and keeps all it makes; looking for garbage is a third of its time.
    gc.disable()
    request = Request.parse(sys.stdin.readline())

    from honseki.engine.language import LazyProgram, serve  # noqa: PLC0415  after the request: it takes 0.2 s

    server, port = serve(LazyProgram(lambda: _load(request.stack)))
    with tempfile.TemporaryDirectory(prefix="honseki-") as scratch:
        events = Path(scratch, "events.jsonl")
        output = Path(scratch, "output.txt")
        with output.open("wb") as out:
            engine = process.start(
                [request.engine, *request.arguments, f"--client=127.0.0.1:{port}", f"--event-log={events}"],
                env=os.environ,  # noqa: TID251  this process's own was made for the engine (honseki.settings)
                cwd=request.cwd,
                stdout=out,
                stderr=process.STDOUT,
            )
        _tell(f"P {engine.pid}")
        threading.Thread(target=_stop_with_parent, args=(engine,), daemon=True).start()
        # Import the program while the engine starts: on a second core this is free.
        threading.Thread(target=_warm_up, daemon=True).start()
        for line in _follow(events, engine):
            _tell(f"E {line}")
        code = engine.wait()
        tail = output.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
        _tell(f"X {code} {json.dumps(tail)}")
    server.stop(grace=None)
    sys.stdout.flush()
    # Not sys.exit: waiting for gRPC's threads and freeing every object takes longer than ending the process.
    os._exit(0)


def _warm_up() -> None:
    from stacks import program  # noqa: F401, PLC0415


def _load(stack: str) -> Callable[[], None]:
    _lighten_the_sdk()
    from stacks.program import declare  # noqa: PLC0415

    return lambda: declare(stack)


def _lighten_the_sdk() -> None:
    """Leave out what the SDK does for each resource and nobody reads; half of the time of a large `up`."""
    import pulumi  # noqa: PLC0415
    from pulumi.runtime import resource  # noqa: PLC0415
    from pulumi.runtime.proto.source_pb2 import StackTrace  # noqa: PLC0415

    # Every debug line is a call to the engine that is waited for, 4 for each resource; the engine drops them unless it
    # was asked for debug output, which this worker never does.
    pulumi.log.debug = lambda *_, **__: None
    # The whole Python stack of each resource goes into the state, which is written anew at every step: two thirds of
    # it would be frames of asyncio and gRPC. The frame that names the declaration's line is kept.
    whole = resource._get_stack_trace
    resource._get_stack_trace = lambda: StackTrace(frames=whole().frames[:1])


def _tell(line: str) -> None:
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody listens any more; `_stop_with_parent` sees to the rest.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123


def _stop_with_parent(engine: process.Child[bytes]) -> None:
    while sys.stdin.read(4096):
        pass
    if engine.poll() is None:
        engine.send_signal(signal.SIGINT)


def _follow(path: Path, engine: process.Child[bytes]) -> Iterator[str]:
    """The complete lines of a file that another process writes, until that process has ended."""
    file: IO[str] | None = None
    rest = ""
    while True:
        ended = engine.poll() is not None
        if file is None and path.exists():
            file = path.open()
        while file is not None and (chunk := file.read(1 << 16)):
            *lines, rest = (rest + chunk).split("\n")
            yield from lines
        if ended:
            return
        time.sleep(_POLL_S)


if __name__ == "__main__":
    main()
