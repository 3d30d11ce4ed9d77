"""With what QEMU runs a machine here: KVM where it really does, else emulation."""

from __future__ import annotations

import functools
import os
import socket
from pathlib import Path
from typing import Final

from honseki import environment, process

EMULATION: Final = "tcg,thread=multi"
"""QEMU's -accel without KVM, a thread for each processor."""
FIRMWARE: Final = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
"""The UEFI firmware that machines start from (Debian's `ovmf`)."""
EMULATED_WORDS: Final = (
    "io.systemd.boot.kernel-cmdline-extra="
    "pti=off systemd.default_device_timeout_sec=900 systemd.default_timeout_start_sec=900"
)
"""For the kernel's command line of an emulated machine, never in what is shipped: systemd-boot adds them from the
firmware's tables, which only a hypervisor writes (https://www.freedesktop.org/software/systemd/man/257/smbios-type-11.html).

Kernel page-table isolation defends against a fault of real processors that an emulated one doesn't have. It changes the
page tables twice with every system call, and with each change QEMU loses its translations of addresses. And a slow
machine isn't a broken one: systemd waits longer for disks and services than its 90 s.
"""
KVM: Final = Path("/dev/kvm")
PROCESSORS: Final = Path("/proc/cpuinfo")
TRIED_S: Final = 15.0
"""How long the firmware may take for its first words. Emulated on an idle core it takes 3 s."""


@functools.cache
def accelerator() -> str:
    """QEMU's -accel for this computer."""
    return "kvm" if os.access(KVM, os.R_OK | os.W_OK) and virtualizes(PROCESSORS) and runs("kvm") else EMULATION


def virtualizes(processors: Path) -> bool:
    """Whether the processor itself runs machines (Intel's `vmx`, AMD's `svm`).

    A host can offer /dev/kvm without that and interpret what the machine's kernel does: slower than QEMU's emulation,
    and it stops at instructions that it doesn't know.
    """
    try:
        lines = processors.read_text(errors="replace").splitlines()
    except OSError:
        return False
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split()}
    return bool(flags & {"vmx", "svm"})


def runs(accelerator: str, firmware: Path = FIRMWARE, seconds: float = TRIED_S) -> bool:
    """Whether the firmware gets to its first words. That a machine can be made says little: it is stopped at the first
    instruction that a half-working KVM can't run, and QEMU goes on waiting."""
    line = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-monitor", "none", "-machine", "q35"]
    line += ["-accel", accelerator, "-cpu", "max", "-serial", "stdio"]
    line += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={firmware}"]
    here, there = socket.socketpair()
    with here:
        try:
            with there:
                tried = process.start(line, env=environment.closed(), stdout=there.fileno())
        except OSError:
            return False
        with tried:
            here.settimeout(seconds)
            try:
                return here.recv(1) != b""
            except TimeoutError:
                return False
            finally:
                tried.kill()
