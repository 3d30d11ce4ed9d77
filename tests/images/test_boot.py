"""QEMU's command line, and the shell's protocol against a real `sh` at the other end of a socket."""

from __future__ import annotations

import base64
import fcntl
import itertools
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from honseki.errors import HonsekiError
from honseki.images import boot, relay
from honseki.images.boot import Inward, Machine, Outward, Running
from honseki.images.builder.manifest import load
from honseki.images.errors import LostError
from honseki.settings import CHECKOUT


def options(line: list[str], name: str) -> list[str]:
    return [value for option, value in itertools.pairwise(line) if option == name]


def test_the_disk_is_never_written_and_the_network_reaches_nothing(tmp_path: Path) -> None:
    machine = Machine(Path("/images/a,b/disk.raw"), inward=(Inward(443),), tools=Path("/tools.ext"))
    line = boot.command(machine, tmp_path, [(40443, 443)])
    drives = options(line, "-drive")
    assert "if=virtio,format=raw,snapshot=on,file=/images/a,,b/disk.raw" in drives
    assert "if=virtio,format=raw,readonly=on,file=/tools.ext" in drives
    assert all("snapshot=on" in each or "readonly=on" in each or "variables.fd" in each for each in drives)
    (network,) = options(line, "-netdev")
    assert network == "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:40443-:443"


def test_a_server_here_is_given_to_the_machine_by_a_relay(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "disk.raw", outward=(Outward("10.0.2.100", 5432, 45432),))
    (network,) = options(boot.command(machine, tmp_path, []), "-netdev")
    assert f",guestfwd=tcp:10.0.2.100:5432-cmd:{sys.executable} " in network
    assert network.endswith("relay.py 45432")


def test_only_a_credential_opens_the_shell(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "disk.raw", credentials=(("user-data", '{"a": 1, "b": 2}'),))
    said = options(boot.command(machine, tmp_path, []), "-smbios")
    # Not in arguments, which every process can read.
    assert said[-2:] == [f"type=11,path={tmp_path}/credential-{name}" for name in ("honseki.console", "user-data")]
    told = [(tmp_path / f"credential-{name}").read_text() for name in ("honseki.console", "user-data")]
    assert told[0] == f"io.systemd.credential.binary:honseki.console={base64.b64encode(b'1').decode()}"
    assert base64.b64decode(told[1].partition("=")[2]).decode() == '{"a": 1, "b": 2}'
    assert (tmp_path / "credential-user-data").stat().st_mode & 0o077 == 0
    unit = (Path(boot.__file__).parents[2] / "images/plain/templates/console.service.j2").read_text()
    assert "ConditionCredential=honseki.console\n" in unit
    assert f"ConditionPathExists=/dev/virtio-ports/{boot.PORT_NAME}\n" in unit


@pytest.mark.parametrize(("kind", "given"), [(boot.EMULATION, [f"type=11,value={boot.EMULATED_WORDS}"]), ("kvm", [])])
def test_only_an_emulated_machine_is_spared_what_emulation_makes_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, given: list[str]
) -> None:
    monkeypatch.setattr(boot, "accelerator", lambda: kind)
    said = options(boot.command(Machine(tmp_path / "disk.raw"), tmp_path, []), "-smbios")
    assert [each for each in said if "value=" in each] == given
    shipped = " ".join(load("app").manifest.kernel_parameters)
    assert "pti=on" in shipped
    assert "pti=off" not in shipped


def test_a_machine_ends_with_whoever_started_it(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from honseki.images import boot\n"
        "print(boot.launch(['sleep', '600'], open('/dev/null', 'wb'), Path(sys.argv[1])).pid, flush=True)\n"
        "time.sleep(600)"
    )
    line = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as starter:
        assert starter.stdout is not None
        machine = psutil.Process(int(starter.stdout.readline()))
        for _ in range(100):  # until it is what was to be started
            if machine.cmdline() == ["sleep", "600"]:
                break
            time.sleep(0.1)
        assert machine.cmdline() == ["sleep", "600"]
        starter.kill()
    psutil.wait_procs([machine], timeout=10)
    assert not machine.is_running() or machine.status() == psutil.STATUS_ZOMBIE


def test_folders_of_starters_that_were_killed_are_removed_and_no_others(tmp_path: Path) -> None:
    held, left, other = (tmp_path / name for name in ("honseki-vm-a", "honseki-vm-b", "other"))
    for folder in (held, left, other):
        folder.mkdir()
        (folder / "lock").touch()
    with (held / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        boot.sweep(tmp_path)
        assert sorted(each.name for each in tmp_path.iterdir()) == ["honseki-vm-a", "other"]
    boot.sweep(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["other"]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Running]:
    here, there = socket.socketpair()
    process = subprocess.Popen(["sh", "-s"], stdin=there, stdout=there)
    there.close()
    yield Running(process, tmp_path, {}, time.monotonic(), _socket=here)
    here.close()
    boot.stop(process)


@pytest.fixture
def own_folder(shell: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    sent = shell._send
    monkeypatch.setattr(shell, "_send", lambda data: sent(data.replace(b"/run/honseki-console", bytes(tmp_path / "c"))))
    return shell


def test_bytes_and_exit_codes_come_back_as_they_are(own_folder: Running) -> None:
    done = own_folder.run("printf 'a\\000\\377\\n\\nb'; echo $'x' >&2; cat; exit 7")
    assert (done.code, done.stdout) == (7, b"a\0\xff\n\nb")
    assert b"x" in done.stderr
    assert own_folder.run("true").code == 0


def test_what_fails_is_an_error_with_its_words(own_folder: Running) -> None:
    with pytest.raises(HonsekiError, match="exit code 3") as caught:
        own_folder.check("echo no such tenant >&2; exit 3")
    assert caught.value.why == "no such tenant"


def test_a_command_that_hangs_is_an_error_with_the_consoles_end(own_folder: Running, tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text("one\nKernel panic\n")
    (tmp_path / "qemu.log").write_text("KVM internal error. Suberror: 1\n")
    with pytest.raises(LostError, match="didn't end") as caught:
        own_folder.run("sleep 30", timeout=0.3)
    assert "Kernel panic" in caught.value.why
    assert "KVM internal error" in caught.value.why


def test_a_shell_that_sleeps_on_its_answer_is_woken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a port's writer does whose wakeup was lost: it goes on with the next byte that comes in."""
    monkeypatch.setattr(boot, "NUDGE_S", 0.2)
    here, there = socket.socketpair()

    def sleepy() -> None:
        with there, there.makefile("rb") as lines:
            line = next(lines)
            while next(lines) != b"\n":
                pass
            script = line.replace(b"/run/honseki-console", bytes(tmp_path / "c"))
            there.sendall(subprocess.run(["sh", "-s"], input=script, capture_output=True, check=True).stdout)

    sleeper = threading.Thread(target=sleepy)
    sleeper.start()
    with here:
        running = Running(subprocess.Popen(["sleep", "60"]), tmp_path, {}, time.monotonic(), _socket=here)
        try:
            assert running.run("echo awake", timeout=20).text == "awake\n"
        finally:
            boot.stop(running.process)
    sleeper.join(10)


def test_a_machine_that_is_long_in_coming_up_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads its port until then, and what was sent fills it."""
    monkeypatch.setattr(boot, "NUDGE_S", 0.001)
    here, there = socket.socketpair()
    here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with here, subprocess.Popen(["sleep", "60"]) as process:
        running = Running(process, tmp_path, {}, time.monotonic(), _socket=here)
        with pytest.raises(LostError, match="didn't come up"):
            running._greet(time.monotonic() + 1)
        here.settimeout(0)
        with pytest.raises(BlockingIOError):
            here.send(b"\n")
        threading.Thread(target=subprocess.run, args=(["sh", "-s"],), kwargs={"stdin": there, "stdout": there}).start()
        running._greet(time.monotonic() + 20)
        there.shutdown(socket.SHUT_RDWR)
        there.close()
        process.kill()


def test_a_restart_that_was_not_heard_is_asked_for_again(
    own_folder: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose system refuses the first time, and has another boot's identity after the second."""
    monkeypatch.setattr(boot, "_REQUEST_S", 0.1)
    asked, identity = tmp_path / "asked", tmp_path / "boot_id"
    identity.write_text("before")
    restarts = (
        f"systemctl() {{ [ $1 = reboot ] || return 0; echo >>{asked}; "
        f"[ $(wc -l <{asked}) = 1 ] || echo after >{identity}; }}\n"
    )
    run = own_folder.run
    monkeypatch.setattr(
        own_folder,
        "run",
        lambda line, timeout=60.0: run(
            restarts + line.replace("/proc/sys/kernel/random/boot_id", str(identity)), timeout
        ),
    )
    own_folder._send(restarts.encode())
    assert own_folder.reboot(30) < 30
    assert asked.read_text() == "\n\n"


def test_a_file_is_read_whole(own_folder: Running, tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert own_folder.read(str(tmp_path / "file")) == content
    with pytest.raises(HonsekiError, match="can't be read"):
        own_folder.read(str(tmp_path / "absent"))


def test_a_qemu_that_ended_says_what_it_said(tmp_path: Path) -> None:
    process = subprocess.Popen(["sh", "-c", "exit 6"])
    process.wait()
    (tmp_path / "qemu.log").write_text("qemu: no such device\n")
    with pytest.raises(HonsekiError, match="exit code 6") as caught:
        Running(process, tmp_path, {}, time.monotonic()).wait_up(5)
    assert caught.value.why == "qemu: no such device"


def test_a_missing_disk_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(HonsekiError, match="disk is not there"), boot.started(Machine(tmp_path / "disk.raw")):
        pass


def test_the_relay_copies_both_ways_and_ends_with_the_server() -> None:
    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(connection.recv(100).upper() * 50_000)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, daemon=True).start()
        line = relay.command(server.getsockname()[1]).split(" ")
        process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"hello")
        process.stdin.flush()
        assert process.stdout.read() == b"HELLO" * 50_000
        assert process.wait(10) == 0
