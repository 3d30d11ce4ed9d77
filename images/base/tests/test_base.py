"""The hardened base on the booted machine. `host` is testinfra's, `machine` the machine, `image` the manifest."""

from __future__ import annotations

import contextlib
import socket

import pytest
from testinfra.host import Host

from honseki.images.boot import Running
from honseki.images.builder.manifest import Image


@pytest.fixture(scope="module", params=["first boot", "after a restart"])
def boot(request: pytest.FixtureRequest, machine: Running) -> str:
    """All checks after the first boot, and again after a restart: a setting that doesn't stay fails then."""
    if request.param == "after a restart":
        machine.reboot()
    return str(request.param)


def test_every_unit_started(boot: str, host: Host) -> None:
    assert host.check_output("systemctl --failed --plain --no-legend") == ""


def test_kernel_got_its_parameters(boot: str, host: Host, image: Image) -> None:
    given = host.check_output("cat /proc/cmdline").split()
    assert set(image.manifest.kernel_parameters) <= set(given)


def test_firewall_drops_what_it_does_not_name(boot: str, host: Host) -> None:
    rules = host.check_output("nft list table inet honseki")
    for chain in ("input", "forward", "output"):
        assert f"hook {chain} priority filter; policy drop" in rules


def test_another_port_is_dropped_even_with_a_server_behind_it(boot: str, host: Host, machine: Running) -> None:
    host.check_output(
        "systemd-run --quiet --unit=probe-server python3 -c "
        "'import socket, time; s = socket.create_server((\"\", 8080)); time.sleep(600)'"
    )
    try:
        host.check_output("for i in $(seq 50); do ss -tln | grep -q :8080 && exit 0; sleep 0.2; done; exit 1")
        before = _dropped(host)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", machine.ports[8080]), 5) as probe:
            probe.settimeout(5)
            assert probe.recv(1) == b""
        assert "DPT=8080" in host.check_output("journalctl -k -b --no-pager -g honseki-in-drop")
        assert _dropped(host) > before
    finally:
        host.check_output("systemctl stop probe-server")


def _dropped(host: Host) -> int:
    return int(host.check_output("journalctl -k -b --no-pager -g DPT=8080 | grep -c DPT=8080 || true"))


def test_audit_rules_are_loaded_and_locked(boot: str, host: Host) -> None:
    loaded = host.check_output("auditctl -l").splitlines()
    written = [
        line for line in host.check_output("cat /etc/audit/audit.rules").splitlines() if line.startswith(("-a", "-w"))
    ]
    assert len(loaded) >= 100
    assert len(loaded) == len(written)
    assert "enabled 2" in host.check_output("auditctl -s")
    assert host.run("auditctl -D").rc != 0


def test_kernel_takes_no_more_modules(boot: str, host: Host) -> None:
    assert host.check_output("cat /proc/sys/kernel/modules_disabled").strip() == "1"


@pytest.mark.parametrize(
    "path", ["/tmp", "/var/tmp", "/dev/shm", "/home", "/srv", "/var", "/var/log", "/var/log/audit"]
)
def test_nothing_is_executed_where_something_can_be_written(boot: str, host: Host, path: str) -> None:
    options = host.check_output("findmnt -no OPTIONS %s", path).split(",")
    assert {"nodev", "nosuid", "noexec"} <= set(options)


def test_the_system_is_read_only(boot: str, host: Host) -> None:
    assert host.run("touch /etc/probe /usr/bin/probe").rc != 0


def test_nobody_can_log_in(boot: str, host: Host) -> None:
    hashes = host.check_output("cut -d: -f2 /etc/shadow").split()
    assert all(each.startswith(("!", "*")) for each in hashes)
    assert host.run("ss -tlnH 'sport = :22'").stdout == ""
    assert not host.exists("sshd")


def test_only_these_programs_run_with_their_owners_rights(boot: str, host: Host, image: Image) -> None:
    found = host.check_output("find / -xdev -perm /6000 -type f; find /usr -xdev -perm /6000 -type f").split()
    assert set(found) <= set(_list(image, "privileged_programs"))


def test_the_integrity_baseline_is_made_and_holds(boot: str, host: Host) -> None:
    host.check_output("for i in $(seq 240); do test -s /var/lib/aide/aide.db && exit 0; sleep 1; done; exit 1")
    if boot == "after a restart":
        assert host.run("aide --config=/etc/aide/aide.conf --check").rc == 0


def _list(image: Image, setting: str) -> tuple[str, ...]:
    value = image.manifest.settings[setting]
    assert isinstance(value, tuple)
    return value
