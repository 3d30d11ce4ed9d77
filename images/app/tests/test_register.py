"""The reference register service in its image: there, whole, confined, and serving.

A booted machine needs the service's credentials (docs/images.md); its database may be away.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

FOLDER, SETTINGS = "/usr/lib/honseki-register", "/etc/honseki-register"
SERVICE, SOCKET = "honseki-register.service", "honseki-register.socket"
EXPOSURE = 2.0
"""The highest exposure level (systemd-analyze security) that an application may have."""

_PYTHON = f"env PYTHONPATH={FOLDER} /usr/bin/python3 -P -s -B"
# Emulated beside other work, the service takes more than a minute to start again.
_ASK = """
import http.client, json, ssl
context = ssl._create_unverified_context()
connection = http.client.HTTPSConnection("127.0.0.1", 443, context=context, timeout=240)
connection.request("GET", "{path}")
answer = connection.getresponse()
print(json.dumps([answer.status, dict(answer.getheaders()), json.loads(answer.read())]))
"""


def ask(host: Any, path: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """What the service answers on its own machine. The image has no curl."""
    status, headers, body = json.loads(host.check_output("/usr/bin/python3 -c %s", _ASK.format(path=path)))
    return status, headers, body


@pytest.mark.parametrize("package", ["python3-aiohttp", "python3-psycopg"])
def test_what_it_needs_is_installed(host: Any, package: str) -> None:
    assert host.package(package).is_installed


def test_libpq_can_be_found(host: Any) -> None:
    """psycopg loads it by the linker's cache, with ldconfig."""
    assert host.file("/sbin/ldconfig").exists
    assert host.file("/etc/ld.so.cache").size > 0


def test_its_files_are_roots_and_nobody_else_writes_them(host: Any) -> None:
    assert host.file(f"{FOLDER}/service/__main__.py").is_file
    assert host.check_output("find %s %s ! -user root -o ! -group root -o -perm /022", FOLDER, SETTINGS) == ""
    assert host.check_output("find %s -name __pycache__", FOLDER) == ""


def test_nothing_secret_is_in_the_image(host: Any) -> None:
    """What a booted machine was given lies in memory, not on its disk."""
    for folder in ("/etc/credstore", "/usr/lib/credstore", SETTINGS):
        if host.file(folder).exists:
            names = host.check_output("find %s -type f", folder).split()
            assert [name for name in names if not name.endswith("/service.json")] == []


def test_all_of_it_can_be_loaded(host: Any) -> None:
    """With the versions that the image has. psycopg asks ldconfig for libpq, and Python's pipes need /dev/null."""
    if not host.file("/dev/null").exists:
        pytest.skip("needs device nodes: a namespace or a booted machine")
    told = host.check_output(f"{_PYTHON} -m service --help")
    assert "not for real registers" in " ".join(told.split())


@pytest.mark.parametrize("unit", [SERVICE, SOCKET])
def test_its_units_are_enabled(host: Any, unit: str) -> None:
    assert host.check_output("systemctl --root=/ is-enabled %s", unit) == "enabled"


def test_it_serves(booted: Any) -> None:
    assert booted.service(SERVICE).is_running
    assert booted.socket("tcp://0.0.0.0:443").is_listening
    status, headers, body = ask(booted, "/healthz")
    assert (status, body) == (200, {"alive": True})
    assert "not for real registers" in headers["Honseki-Notice"]


def test_it_says_whether_its_database_takes_writes(booted: Any) -> None:
    status, _, body = ask(booted, "/readyz")
    assert (status, body["ready"]) in {(200, True), (503, False)}
    assert ("why" in body) == (status == 503)


def test_nobody_reads_entries_without_a_certificate(booted: Any) -> None:
    status, _, body = ask(booted, "/entries")
    assert (status, "entries" in body) == (403, False)


def test_it_is_confined(booted: Any) -> None:
    told = booted.run("systemd-analyze security --no-pager %s", SERVICE).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)
    assert found is not None
    assert float(found[1]) <= EXPOSURE


def test_its_process_can_do_nothing_else(booted: Any) -> None:
    """As the kernel sees it, whatever the unit says."""
    process = booted.check_output("systemctl show --property=MainPID --value %s", SERVICE)
    lines = booted.check_output("cat /proc/%s/status", process).splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["Uid"].split()[0] != "0"
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    arguments = booted.check_output("cat /proc/%s/cmdline", process).replace("\0", " ").split()
    assert arguments == ["/usr/bin/python3", "-P", "-s", "-B", "-m", "service", "serve"]


def test_it_comes_back_after_a_crash(booted: Any) -> None:
    before = booted.check_output("systemctl show --property=MainPID --value %s", SERVICE)
    booted.check_output("systemctl kill --signal=KILL %s", SERVICE)
    # The socket stays open: a request that comes in between waits for the next process.
    assert ask(booted, "/healthz")[0] == 200
    assert booted.check_output("systemctl show --property=MainPID --value %s", SERVICE) not in {before, "0"}
