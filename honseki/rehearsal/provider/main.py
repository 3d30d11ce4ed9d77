"""The executable `pulumi-resource-aws`: prints its port, serves until the engine that started it is gone."""

import os
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc

from honseki.rehearsal.provider.protocol import provider_pb2_grpc
from honseki.rehearsal.provider.servicer import Servicer

# The engine calls for as many resources at a time as its --parallel says. They wait for the region, not for processors
_THREADS: Final = 64
_WATCH_S: Final = 2.0
_OPTIONS: Final = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


def serve() -> tuple[grpc.Server, int]:
    """A started server on a free port of this machine, and the port."""
    server = grpc.server(ThreadPoolExecutor(_THREADS, thread_name_prefix="call"), options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _is_there(engine: str) -> bool:
    host, _, port = engine.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=_WATCH_S):
            return True
    except (OSError, ValueError):
        return False


def main() -> None:
    """`pulumi-resource-aws [ENGINE-ADDRESS]`. Without an address, to be attached to, it serves until a signal comes."""
    engine = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None)
    parent = os.getppid()
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    server, port = serve()
    print(port, flush=True)
    while not done.wait(_WATCH_S):
        # An engine that was killed can't say goodbye.
        if engine is not None and (os.getppid() != parent or not _is_there(engine)):
            break
    server.stop(grace=1.0).wait()
    # A call that still waits for the region would keep the process; what it did is for recovery to find.
    os._exit(0)


if __name__ == "__main__":
    main()
