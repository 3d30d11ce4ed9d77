"""A Pulumi language runtime for Python programs, served by the SDK's own language server.

Two uses: `honseki` serves a program that it holds in memory to the engine (`serve`), and the executable
`pulumi-language-python` in `honseki/engine/bin` lets the plain Pulumi CLI run the checkout where Pulumi's own language
plugin is absent (`main`). An ordinary Pulumi installation brings its own plugin and needs neither.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from honseki import environment, process


def serve(servicer: LanguageServer) -> tuple[Any, int]:
    """Start a gRPC server on a free port of 127.0.0.1; returns (server, port)."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(servicer, server)
    port: int = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


class LazyProgram(LanguageServer):
    """Serves a program that is imported only when the engine asks to run it."""

    def __init__(self, load: Callable[[], Callable[[], None]]) -> None:
        super().__init__(lambda: load()())  # noqa: PLW0108  load is called late, on purpose


class FolderProgram(LanguageServer):
    """Serves whatever folder or file the engine names, as `pulumi-language-python` does."""

    def __init__(self) -> None:
        super().__init__(lambda: None)

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802  gRPC's name
        """Run the entry point that the request names as `__main__`."""
        path = os.path.normpath(os.path.join(request.info.program_directory, request.info.entry_point))  # noqa: PTH118

        def program() -> None:
            folder = path if os.path.isdir(path) else os.path.dirname(path)  # noqa: PTH112, PTH120
            sys.path.insert(0, folder)
            runpy.run_path(path, run_name="__main__")

        self.program = program
        return super().Run(request, context)  # type: ignore[no-untyped-call]

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        """Run a policy pack: the engine asks a language runtime for that where there is one."""
        given = os.environ | dict(entry.split("=", 1) for entry in request.env)  # noqa: TID251  the engine's own
        with process.start(
            environment.python("pulumi.policy", *request.args[:1], request.info.program_directory),
            env=given,
            cwd=request.pwd or None,
            stdout=process.PIPE,
            stderr=process.STDOUT,
        ) as pack:
            assert pack.stdout is not None  # noqa: S101  it is a pipe
            context.add_callback(pack.terminate)
            for line in pack.stdout:
                yield language_pb2.RunPluginResponse(stdout=line)
        yield language_pb2.RunPluginResponse(exitcode=pack.returncode)


def main() -> None:
    """Print the port, then serve until the engine ends us."""
    server, port = serve(FolderProgram())
    print(port, flush=True)
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=None)


if __name__ == "__main__":
    main()
