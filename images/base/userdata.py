#!/usr/bin/python3 -I
"""Fetch what a server can't know from its image (whose it is, where its database is) once per boot: no cloud-init.

From a system credential `user-data` (QEMU: `-smbios type=11,value=io.systemd.credential:user-data=...`), else in EC2
from the instance metadata service, version 2 only
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html). Nothing in it is run.
"""

import http.client
import json
import os
import sys
import time
from pathlib import Path

SERVICE = "169.254.169.254"
PATIENCE_S = 120
LIMIT = 16 * 1024  # bytes; EC2's own limit of user data
TARGET = Path("/run/honseki/user-data")


def asked(method: str, path: str, headers: dict[str, str]) -> bytes:
    """One answer of the metadata service; an empty one where there is no user data."""
    connection = http.client.HTTPConnection(SERVICE, timeout=5)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        content = answer.read(LIMIT + 1)
    finally:
        connection.close()
    if answer.status == 404 and method == "GET":
        return b""
    if answer.status != 200:
        raise OSError(f"{method} {path} was answered with {answer.status}")
    return content


def from_metadata() -> bytes:
    """The user data, however late the network is; the last error after `PATIENCE_S` seconds."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            token = asked("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}).decode()
            return asked("GET", "/latest/user-data", {"X-aws-ec2-metadata-token": token})
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() > until:
                raise SystemExit(f"the metadata service gave no user data in {PATIENCE_S} s: {error}") from error
            time.sleep(1)


def main() -> None:
    """Find the user data, check that it is JSON, and write it whole."""
    given = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"), "user-data")
    vendor = Path("/sys/class/dmi/id/sys_vendor")
    if given.is_file():
        data = given.read_bytes()
    elif vendor.is_file() and vendor.read_text().strip() == "Amazon EC2":
        data = from_metadata()
    else:
        data = b""
    if not data.strip():
        print("no user data: this machine belongs to nobody", file=sys.stderr)
        return
    try:
        json.loads(data)
    except ValueError as error:
        raise SystemExit(f"the user data is not JSON: {error}") from error
    draft = TARGET.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_bytes(data)
    draft.replace(TARGET)


if __name__ == "__main__":
    main()
