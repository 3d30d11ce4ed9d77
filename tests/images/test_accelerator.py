"""KVM is taken only where a machine really runs with it; a /dev/kvm that opens proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from honseki.images import accelerator, tools


@pytest.fixture
def processors(tmp_path: Path) -> Path:
    return tmp_path / "cpuinfo"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu vmx ssse3", True), ("fpu svm", True), ("fpu hypervisor svm_lock vmxnet", False), ("", False)],
)
def test_a_processor_says_whether_it_runs_machines(processors: Path, flags: str, expected: bool) -> None:
    processors.write_text(f"processor\t: 0\nmodel name\t: vmx svm\nflags\t\t: {flags}\n\nprocessor\t: 1\n")
    assert accelerator.virtualizes(processors) is expected


def test_without_any_word_of_processors_there_is_emulation(processors: Path) -> None:
    assert not accelerator.virtualizes(processors)


@pytest.fixture
def qemu() -> None:
    if lacking := tools.absent(tools.BOOTING):
        pytest.skip(f"this machine lacks {', '.join(lacking)}: make image-tools")


@pytest.mark.slow
def test_a_firmware_that_speaks_is_run(qemu: None) -> None:
    assert accelerator.runs(accelerator.EMULATION, seconds=120)


@pytest.mark.slow
def test_a_machine_that_is_made_but_never_speaks_is_not_run(qemu: None, tmp_path: Path) -> None:
    firmware = tmp_path / "firmware.fd"
    firmware.write_bytes(b"\xf4" * 2**22)  # hlt, from the reset vector on
    assert not accelerator.runs(accelerator.EMULATION, firmware, seconds=3)


@pytest.mark.slow
def test_a_qemu_that_refuses_is_not_run(qemu: None, tmp_path: Path) -> None:
    assert not accelerator.runs("no-such-accelerator", seconds=120)
    assert not accelerator.runs(accelerator.EMULATION, tmp_path / "absent.fd", seconds=120)


def test_without_qemu_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert not accelerator.runs("kvm")


@pytest.mark.parametrize(
    ("device", "able", "expected"),
    [(True, True, "kvm"), (True, False, accelerator.EMULATION), (False, True, accelerator.EMULATION)],
)
def test_kvm_needs_the_device_and_the_processor_and_a_firmware_that_speaks(
    tmp_path: Path, processors: Path, monkeypatch: pytest.MonkeyPatch, device: bool, able: bool, expected: str
) -> None:
    if device:
        (tmp_path / "kvm").touch()
    processors.write_text("flags : vmx\n")
    monkeypatch.setattr(accelerator, "KVM", tmp_path / "kvm")
    monkeypatch.setattr(accelerator, "PROCESSORS", processors)
    monkeypatch.setattr(accelerator, "runs", lambda kind: kind == "kvm" and able)
    accelerator.accelerator.cache_clear()
    try:
        assert accelerator.accelerator() == expected
    finally:
        accelerator.accelerator.cache_clear()
