"""What the hardened base's templates become, without building it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from honseki.images.builder import disk
from honseki.images.builder.document import ManifestError
from honseki.images.builder.manifest import Image, Port, load
from honseki.images.builder.render import render
from honseki.images.builder.root import _inside


@pytest.fixture(scope="module")
def base() -> Image:
    return load("base")


def rendered(image: Image) -> dict[str, str]:
    entries = render(image, {"disk": disk.layout(image)})
    return {each.path: each.content.decode() for each in entries if each.content is not None}


def test_only_the_manifests_ports_are_let_in(base: Image) -> None:
    closed = rendered(base)["/etc/nftables.conf"]
    ports = (Port(port=443, purpose="the register"),)
    opened = rendered(base.model_copy(update={"manifest": base.manifest.model_copy(update={"ports": ports})}))
    rule = 'tcp dport 443 ct state new accept comment "the register"'
    chain = re.compile(r"chain input \{.*?\n    \}", re.DOTALL)
    inner = [match[0] for text in (closed, opened["/etc/nftables.conf"]) if (match := chain.search(text))]
    assert rule not in inner[0]
    assert rule in inner[1]
    assert "dport 22" not in closed
    for hook in ("input", "forward", "output"):
        assert f"hook {hook} priority filter; policy drop;" in closed


def test_audit_rules_are_locked_last_and_the_same_at_both_places(base: Image) -> None:
    files = rendered(base)
    rules = files["/etc/audit/audit.rules"]
    assert rules.rstrip().endswith("\n-e 2")
    assert rules == files["/etc/audit/rules.d/audit.rules"]
    watched = re.findall(r"-F path=(\S+) -F perm=x", rules)
    assert set(base.manifest.settings["privileged_programs"]) <= set(watched)  # type: ignore[arg-type]


def test_sudo_grants_nothing(base: Image) -> None:
    lines = [line for line in rendered(base)["/etc/sudoers"].splitlines() if line and not line.startswith("#")]
    assert all(line.startswith(("Defaults ", "@includedir ")) for line in lines)


def test_every_writable_file_system_runs_no_programs(base: Image) -> None:
    lines = [line.split() for line in rendered(base)["/etc/fstab"].splitlines() if not line.startswith("#")]
    options = {words[1]: set(words[3].split(",")) for words in lines}
    writable = {mount for mount, each in options.items() if "rw" in each}
    assert {"/home", "/srv", "/tmp", "/var", "/var/log", "/var/log/audit", "/var/tmp", "/dev/shm"} <= writable  # noqa: S108
    assert all({"nodev", "nosuid", "noexec"} <= options[mount] for mount in writable)
    assert "ro" in options["/"]
    assert "ro" in options["/usr"]


def test_modules_are_refused_only_after_what_needs_them(base: Image) -> None:
    files = rendered(base)
    assert "kernel.modules_disabled = 1\n" in files["/etc/sysctl.d/90-honseki.conf"]
    late = files["/etc/systemd/system/systemd-sysctl.service.d/honseki.conf"]
    after = re.search(r"^After=(.*)$", late, re.MULTILINE)
    assert after is not None
    wanted = {"systemd-udev-settle.service", "systemd-modules-load.service", "local-fs.target", "nftables.service"}
    assert wanted <= set(after[1].split())


def test_modes_are_set_after_their_owners_and_a_later_manifest_wins(base: Image, tmp_path: Path) -> None:
    script = _inside(base, ())
    assert "chown root:sudogrp /usr/bin/sudo && chmod 4110 /usr/bin/sudo || fail mode /usr/bin/sudo\n" in script
    for name, more in (("low", ""), ("high", "base: low\n")):
        (tmp_path / name).mkdir()
        mode = "4755" if name == "low" else "0755"
        (tmp_path / name / "manifest.yaml").write_text(
            f"name: {name}\ntitle: {{ja: 試, en: Test}}\n{more}packages_of: 2026-11-25\n"
            f'modes:\n  - {{path: /usr/bin/su, mode: "{mode}"}}\n'
            "partitions:\n  - {name: root, mount: /, size_mib: 64}\n"
        )
    assert [each.mode for each in load("high", tmp_path).manifest.modes] == ["0755"]
    (tmp_path / "high" / "manifest.yaml").write_text(
        "name: high\nbase: low\ntitle: {ja: 試, en: Test}\npackages_of: 2026-11-25\n"
        "modes:\n  - {path: /usr/bin/su, mode: 755}\n"
    )
    with pytest.raises(ManifestError, match=r"modes\.0\.mode"):
        load("high", tmp_path)


def test_the_benchmark_sees_the_log_files_whose_owner_and_mode_it_checks(base: Image) -> None:
    """The pattern is that of ssg-debian's rsyslog_files_permissions: with one blank before the file it finds none."""
    lines = re.compile(r'^\s*[^(\s|#|\$)]+\s+.*(?:\bFile="|\s|\/|-)(\/[^:;\s"]+).*$', re.MULTILINE)
    files = rendered(base)
    seen = lines.findall(files["/etc/rsyslog.conf"])
    assert seen == ["/var/log/auth.log", "/var/log/syslog"]
    for path in seen:
        assert f"f {path} 0640 root adm" in files["/etc/tmpfiles.d/honseki.conf"]


def test_two_checks_of_forwarding_each_see_the_one_action(base: Image) -> None:
    """Patterns of ssg-debian's rsyslog_remote_tls and rsyslog_remote_loghost: the selector has a line of its own."""
    conf = rendered(base)["/etc/rsyslog.conf"]
    assert re.search(r'^\s*action\(type="omfwd"(.+?)\)', conf, re.MULTILINE)
    assert re.search(r'^\s*\*\.\*\s+action\(\s*.*\btype\b="omfwd"\s*.*\btarget\b="\S+"\s*.*\)\s*$', conf, re.M | re.S)


def test_audit_watches_have_the_form_that_the_benchmark_looks_for(base: Image) -> None:
    """A pattern of ssg-debian for each path, with or without the slash at a folder's end as it is there."""
    rules = rendered(base)["/etc/audit/rules.d/audit.rules"]
    paths = ("/etc/apparmor", "/etc/apparmor.d", "/etc/pam.d/", "/etc/network/", "/etc/NetworkManager", "/etc/hostname")
    for path in paths:
        assert re.search(rf"^-w\s+{re.escape(path)}\s+-p\s+wa\b", rules, re.MULTILINE), path
