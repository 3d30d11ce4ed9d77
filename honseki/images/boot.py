"""An image's disk, started in QEMU: by KVM where it works, else by emulation; nothing is written to the disk.

The machine is reached without a network service of its own: through a virtio port on which the image starts a root's
shell, only if a credential in the firmware's tables asks for it (`honseki-console.service`;
https://systemd.io/CREDENTIALS/). EC2 gives its machines no such port, and only the hypervisor writes those tables.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import gzip
import runpy
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from honseki import environment
from honseki.errors import HonsekiError
from honseki.images import relay
from honseki.images.accelerator import EMULATED_WORDS, EMULATION, FIRMWARE, accelerator
from honseki.images.errors import LostError
from honseki.process import Child, TimeoutExpired, start

if TYPE_CHECKING:
    from honseki.images.builder.manifest import Image

Say = Callable[[str], None]

PORT_NAME: Final = "honseki.console"
"""The virtio port's and the credential's name."""
VARIABLES: Final = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
UP_S: Final = 1800.0
"""How long a machine may take until its shell answers. Emulated, it needs two minutes of a processor's time."""
NUDGE_S: Final = 5.0
"""After how many silent seconds an empty line is sent. Writers and readers of a virtio port wait in one queue of the
guest's kernel, and a wakeup can be lost (https://github.com/lmb/vimto/issues/29): any byte wakes both."""
_REQUEST_S: Final = 60.0
"""After how long a machine that still answers is asked again to restart."""
_LOG_LINES: Final = 25
_FOLDER: Final = "honseki-vm-"
_LOCK: Final = "lock"


@dataclass(frozen=True)
class Inward:
    """A port of the machine that can be reached at a port on 127.0.0.1 here. 0: any free port."""

    guest: int
    host: int = 0


@dataclass(frozen=True)
class Outward:
    """A server on 127.0.0.1 here that the machine sees at `address` and `port`; it reaches nothing else."""

    address: str
    port: int
    host: int


@dataclass(frozen=True)
class Machine:
    """What is started. Sizes in MiB."""

    disk: Path
    memory_mib: int = 1024
    processors: int = 2
    inward: tuple[Inward, ...] = ()
    outward: tuple[Outward, ...] = ()
    tools: Path | None = None
    """A second disk, read-only, for what a test brings along."""
    credentials: tuple[tuple[str, str], ...] = ()
    """systemd credentials, by name, besides the console's."""


@dataclass(frozen=True)
class Ran:
    """How a command ended on the machine."""

    code: int
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def text(self) -> str:
        """What it printed, as text."""
        return self.stdout.decode(errors="replace")


def command(machine: Machine, work: Path, forwards: Sequence[tuple[int, int]]) -> list[str]:
    """QEMU's command line. `work` holds the firmware's variables, the port's socket and the log; `forwards` are pairs
    of a port here and one of the machine."""
    network = "user,id=net,restrict=on" + "".join(f",hostfwd=tcp:127.0.0.1:{host}-:{guest}" for host, guest in forwards)
    for each in machine.outward:
        network += f",guestfwd=tcp:{each.address}:{each.port}-cmd:{relay.command(each.host)}"
    line = [
        *("qemu-system-x86_64", "-nodefaults", "-display", "none", "-monitor", "none"),
        # `max`: every feature of a processor that the accelerator can offer.
        *("-machine", "q35", "-accel", accelerator(), "-cpu", "max"),
        *("-smp", str(machine.processors), "-m", str(machine.memory_mib)),
        *("-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={FIRMWARE}"),
        *("-drive", f"if=pflash,unit=1,format=raw,file={work / 'variables.fd'}"),
        *("-drive", f"if=virtio,format=raw,snapshot=on,file={_escaped(machine.disk)}"),
        *("-netdev", network, "-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci"),
        # The guest's driver counts on its bytes being taken while it hands them over, not later by another thread.
        *("-device", "virtio-serial-pci,ioeventfd=off"),
        *("-chardev", f"socket,id=console,server=on,wait=off,path={work / 'console'}"),
        *("-device", f"virtserialport,chardev=console,name={PORT_NAME}"),
        *("-serial", f"file:{work / 'console.log'}"),
    ]
    if accelerator() == EMULATION:
        line += ["-smbios", f"type=11,value={EMULATED_WORDS}"]
    if machine.tools is not None:
        line += ["-drive", f"if=virtio,format=raw,readonly=on,file={_escaped(machine.tools)}"]
    for name, value in ((PORT_NAME, "1"), *machine.credentials):
        # In a file, not in an argument that every process can read; encoded, since it may have several lines.
        given = work / f"credential-{name}"
        given.write_text(f"io.systemd.credential.binary:{name}={base64.b64encode(value.encode()).decode()}")
        given.chmod(0o600)
        line += ["-smbios", f"type=11,path={_escaped(given)}"]
    return line


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")


def credentials(image: Image) -> tuple[tuple[str, str], ...]:
    """What a booted machine is given here: `tests/credentials.py` of the image and of its bases says it."""
    found: dict[str, str] = {}
    for folder in image.lineage:
        module = folder / "tests" / "credentials.py"
        if module.exists():
            found |= runpy.run_path(str(module))["credentials"]()
    return tuple(found.items())


@dataclass
class Running:
    """A started machine and its shell. One thread at a time."""

    process: Child[bytes]
    work: Path
    ports: dict[int, int]
    """Of each guest port that was asked for, the port on 127.0.0.1."""
    begun: float
    boot_s: float = 0.0
    """Seconds from QEMU's start until the shell answered and all units of the default target were started."""
    _socket: socket.socket | None = field(default=None, repr=False)
    _rest: bytes = field(default=b"", repr=False)

    def log(self) -> str:
        """The serial console so far."""
        try:
            return (self.work / "console.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def wait_up(self, seconds: float = UP_S) -> None:
        """Wait until the shell answers and the boot is over. `HonsekiError` with the log's end if that takes longer."""
        until = time.monotonic() + seconds
        self._connect(until)
        self._greet(until)
        waiting = "until systemctl is-active --quiet multi-user.target; do sleep 0.5; done"
        self.run(waiting, timeout=max(1.0, until - time.monotonic()))
        self.boot_s = self.boot_s or time.monotonic() - self.begun

    def reboot(self, seconds: float = UP_S) -> float:
        """Restart the machine's system and wait for it; seconds until it is up. Writes to its disks are kept."""
        identity = "cat /proc/sys/kernel/random/boot_id"
        begun, before = time.monotonic(), self.run(identity).stdout
        self._send(b"systemctl reboot\n")
        until, asked = begun + seconds, begun
        while time.monotonic() < until:
            # The shell may go away between question and answer.
            with contextlib.suppress(HonsekiError):
                self._greet(min(until, time.monotonic() + 20))
                if self.run(identity, timeout=30).stdout != before:
                    self.wait_up(until - time.monotonic())
                    return time.monotonic() - begun
                if time.monotonic() - asked > _REQUEST_S:  # it didn't hear, or its system refused for now
                    self._send(b"systemctl reboot\n")
                    asked = time.monotonic()
            self._alive()
            time.sleep(1)
        raise self._late("the machine didn't come back after a restart", seconds)

    def run(self, shell: str, timeout: float = 120) -> Ran:
        """Run a shell's commands as root; any exit code is returned. `HonsekiError` after `timeout` seconds."""
        mark = secrets.token_hex(8)
        script = base64.b64encode(shell.encode()).decode()
        begun = time.monotonic()
        self._send(
            (
                f"d=/run/honseki-console; mkdir -p $d; echo {script} | base64 -d >$d/run; "
                "sh $d/run </dev/null >$d/out 2>$d/err; "
                f"c=$?; echo; echo {mark} $c; base64 -w0 $d/out; echo; base64 -w0 $d/err; echo; echo {mark}; "
                "rm -rf $d\n"
            ).encode()
        )
        until = begun + timeout
        while True:
            line = self._line(until, shell)
            if line.startswith(mark.encode() + b" "):
                break
        out, err = (base64.b64decode(self._line(until, shell)) for _ in range(2))
        self._line(until, shell)
        return Ran(int(line.split()[1]), out, err, time.monotonic() - begun)

    def check(self, shell: str, timeout: float = 120) -> str:
        """As `run`, but a failure is an error with what the commands said. What they printed."""
        done = self.run(shell, timeout)
        if done.code != 0:
            said = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()[-10:]
            raise HonsekiError(
                f"a command failed on the machine with exit code {done.code}: {shell[:200]}", why="\n".join(said)
            )
        return done.text

    def read(self, path: str, timeout: float = 300) -> bytes:
        """A file of the machine."""
        done = self.run(f"gzip -c -1 -- '{path}'", timeout)
        if done.code != 0:
            raise HonsekiError(f"{path} of the machine can't be read", why=done.stderr.decode(errors="replace"))
        return gzip.decompress(done.stdout)

    def close(self) -> None:
        """Stop the machine, whatever it is doing."""
        if self._socket is not None:
            self._socket.close()
        stop(self.process)

    def _connect(self, until: float) -> None:
        while self._socket is None:
            made = socket.socket(socket.AF_UNIX)
            try:
                made.connect(str(self.work / "console"))
                self._socket = made
            except OSError:
                made.close()
                self._alive()
                if time.monotonic() > until:
                    raise self._late("QEMU doesn't open the machine's port", 0) from None
                time.sleep(0.1)

    def _greet(self, until: float) -> None:
        """Until the shell repeats a word: what was sent before it read is lost or answered late."""
        word = secrets.token_hex(8).encode()
        while time.monotonic() < until:
            self._poke(b"echo " + word + b"\n")
            with contextlib.suppress(TimeoutError):
                while self._read(min(until, time.monotonic() + 5)) != word:
                    pass
                return
        raise self._late("the machine didn't come up", until - self.begun)

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            raise LostError("the machine's shell isn't connected")
        self._socket.settimeout(30)
        try:
            self._socket.sendall(data)
        except OSError as error:
            self._alive()
            raise self._late("the machine takes no commands", 30) from error

    def _poke(self, data: bytes) -> None:
        """Send, unless the port is full: a machine that isn't up yet takes nothing, and has enough to answer."""
        if self._socket is not None:
            self._socket.settimeout(0)
            with contextlib.suppress(OSError):
                self._socket.send(data)

    def _line(self, until: float, what: str) -> bytes:
        try:
            return self._read(until)
        except TimeoutError:
            raise self._late(f"{what[:200]!r} didn't end on the machine", 0) from None

    def _read(self, until: float) -> bytes:
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            if left <= 0 or self._socket is None:
                raise TimeoutError
            self._socket.settimeout(min(left, NUDGE_S))
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                self._poke(b"\n")
                continue
            except ConnectionError:
                data = b""
            if not data:
                with contextlib.suppress(TimeoutExpired):
                    self.process.wait(5)
                self._alive()
                raise TimeoutError
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _said(self) -> str:
        """What QEMU itself said. A machine that its accelerator can't run further is stopped, and QEMU goes on."""
        log = self.work / "qemu.log"
        return "\n".join(log.read_text(errors="replace").strip().splitlines()[:_LOG_LINES]) if log.exists() else ""

    def _alive(self) -> None:
        if self.process.poll() is not None:
            why = self._said() or self.log()[-2000:]
            raise LostError(f"QEMU ended with exit code {self.process.returncode}", why=why)

    def _late(self, what: str, seconds: float) -> LostError:
        tail = "\n".join(self.log().splitlines()[-_LOG_LINES:])
        after = f" in {seconds:.0f} s" if seconds else ""
        said = self._said()
        return LostError(
            what + after,
            why=(f"QEMU says:\n{said}\n" if said else "") + f"the console's last lines:\n{tail}",
            do="honseki image boot IMAGE --log FILE keeps the whole log",
        )


def launch(line: Sequence[str], said: IO[bytes], work: Path) -> Child[bytes]:
    """Start a process that ends with this one, however that ends: nobody would stop a machine without its starter."""
    return start(
        ["setpriv", "--pdeathsig", "KILL", "--", *line],
        stdout=said,
        stderr=said,
        env=environment.closed() | {"TMPDIR": str(work)},
        own_session=True,
    )


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder for one machine, and an end to those of starters that were killed.

    A socket's path may have 107 bytes only, so it isn't below a folder of the caller's.
    """
    sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=_FOLDER) as folder, Path(folder, _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(folder)


def sweep(place: Path) -> None:
    """Remove machines' folders in `place` that nobody holds any more."""
    for left in place.glob(f"{_FOLDER}*"):
        with contextlib.suppress(OSError), (left / _LOCK).open("r") as lock:  # held, or another user's, or just gone
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left)


def stop(process: Child[bytes]) -> None:
    """End one process and wait for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def started(machine: Machine, *, seconds: float = UP_S, keep_log: Path | None = None) -> Iterator[Running]:
    """The machine, up; stopped at the end. Its console's log is copied to `keep_log`, even if it doesn't come up."""
    if not machine.disk.is_file():
        raise HonsekiError("the image's disk is not there", where=str(machine.disk), do="honseki image build NAME")
    with _folder() as work:
        shutil.copyfile(VARIABLES, work / "variables.fd")
        ports = {each.guest: each.host or _free() for each in machine.inward}
        line = command(machine, work, [(host, guest) for guest, host in ports.items()])
        begun = time.monotonic()
        with (work / "qemu.log").open("wb") as said:
            process = launch(line, said, work)
        running = Running(process, work, ports, begun)
        try:
            running.wait_up(seconds)
            yield running
        finally:
            running.close()
            if keep_log is not None:
                keep_log.write_text(running.log())


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
