"""One connection from a machine to a server on 127.0.0.1: QEMU starts this program for each (`guestfwd=...-cmd:`).

With `cmd:` a process per connection, its bytes on stdin and stdout
(https://www.qemu.org/docs/master/system/invocation.html).
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path


def command(port: int) -> str:
    """The words that QEMU splits at spaces and starts."""
    return f"{sys.executable} {Path(__file__)} {port}"


def main(port: int) -> None:
    """Copy both ways until either side ends."""
    with socket.create_connection(("127.0.0.1", port)) as server:

        def back() -> None:
            while data := server.recv(1 << 16):
                while data:
                    data = data[os.write(1, data) :]
            os._exit(0)

        threading.Thread(target=back, daemon=True).start()
        while data := os.read(0, 1 << 16):
            server.sendall(data)


if __name__ == "__main__":
    main(int(sys.argv[1]))
