"""An image's score: OpenSCAP (CIS, ANSSI BP-028) and Lynis, run inside the booted machine side by side.

A scan of the files alone flatters: what the kernel and the services do isn't there, so rules count as not applicable.
"""

from __future__ import annotations

import gzip
import json
import re
import shlex
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from honseki.errors import HonsekiError
from honseki.images.boot import Machine, Running, credentials, started
from honseki.images.scantools import LABEL, Tools

if TYPE_CHECKING:
    from honseki.images.builder.manifest import Image

Say = Callable[[str], None]
Known = Mapping[str, tuple[frozenset[str], Mapping[str, str]]]
"""Of each profile, its rules and the chosen values (`profiles`)."""

PROFILES: Final = ("cis_level2_server", "anssi_bp28_high")
"""What is evaluated if nothing else is wanted: the CIS benchmark for Debian 13, level 2, server; ANSSI BP-028, high."""
KERNEL: Final = "kernel_config_"
"""Rules of this name are about how Debian compiles its kernel (ANSSI BP-028, R15 to R27). No setting of an image can
change that: they are counted and listed apart."""
_PREFIX: Final = "xccdf_org.ssgproject.content_"
_XCCDF: Final = "{http://checklists.nist.gov/xccdf/1.2}"
_FAILING: Final = frozenset({"fail", "error", "unknown"})
"""A check that could not be made counts against the image."""
SCAN_S: Final = 10800.0
"""How long one scan may take: Lynis starts many thousands of programs. Emulated, on two cores, some 20 minutes; beside
other work hours; by KVM a minute or two."""


@dataclass(frozen=True)
class Rule:
    """One rule's result. `result` is XCCDF's word (XCCDF 1.2, 6.6.4.2)."""

    name: str
    title: str
    severity: str
    result: str


@dataclass(frozen=True)
class Score:
    """How many of a profile's rules that apply pass. Those about the kernel's configuration are apart."""

    profile: str
    passed: int
    failed: int
    not_applicable: int
    not_checked: int
    kernel_passed: int = 0
    kernel_failed: int = 0

    @property
    def percent(self) -> float:
        """Passed of those that apply and can be checked, in percent."""
        applicable = self.passed + self.failed
        return round(100 * self.passed / applicable, 1) if applicable else 0.0


@dataclass(frozen=True)
class Unmet:
    """A rule that fails in `profiles`, with the manifest's reason. Without one it is unexplained."""

    rule: str
    title: str
    result: str
    reason: str | None
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scan:
    """All that one scanned machine gave."""

    image: str
    digest: str
    scores: tuple[Score, ...]
    lynis_index: int
    lynis_warnings: tuple[str, ...]
    lynis_suggestions: tuple[str, ...]
    unmet: tuple[Unmet, ...]
    stale: tuple[str, ...]
    """Rules with a reason in the manifest that the machine meets after all."""
    boot_s: float
    versions: Mapping[str, str]
    kernel_unmet: tuple[str, ...] = ()
    """Failing rules about the kernel's configuration."""
    seconds: float = 0.0
    """The whole scan, with the boot."""

    @property
    def unexplained(self) -> tuple[Unmet, ...]:
        """Those that fail without a written reason."""
        return tuple(each for each in self.unmet if each.reason is None)

    def score(self, profile: str) -> Score:
        """Of one profile."""
        return next(each for each in self.scores if each.profile == profile)

    def as_json(self) -> dict[str, Any]:
        """For `scan.json` and programs."""
        scores = {each.profile: asdict(each) | {"percent": each.percent} for each in self.scores}
        return asdict(self) | {"scores": scores, "unexplained": [each.rule for each in self.unexplained]}


def profiles(content: Path) -> dict[str, tuple[frozenset[str], dict[str, str]]]:
    """Of each profile in a data stream, the selected rules and the chosen values, both by short names."""
    found = {}
    for _, element in ET.iterparse(content):  # noqa: S314  our own package, checked by its digest
        if element.tag != f"{_XCCDF}Profile":
            continue
        rules = frozenset(
            _short(each.get("idref", ""), "rule_")
            for each in element.iter(f"{_XCCDF}select")
            if each.get("selected") == "true" and "_rule_" in each.get("idref", "")
        )
        values = {
            _short(each.get("idref", ""), "value_"): each.get("selector", "")
            for each in element.iter(f"{_XCCDF}refine-value")
        }
        found[_short(element.get("id", ""), "profile_")] = (rules, values)
    return found


def rules(results: Path) -> tuple[Rule, ...]:
    """The rules' results in an XCCDF results file, sorted by name, without those that the profile doesn't select."""
    titles: dict[str, str] = {}
    found: dict[str, tuple[str, str]] = {}
    try:
        for _, element in ET.iterparse(results):  # noqa: S314  expat expands no external entity and bounds internal ones
            if element.tag == f"{_XCCDF}Rule":
                title = element.find(f"{_XCCDF}title")
                titles[element.get("id", "")] = "".join(title.itertext()).strip() if title is not None else ""
            elif element.tag == f"{_XCCDF}rule-result":
                said = element.findtext(f"{_XCCDF}result", "unknown")
                if said != "notselected":
                    found[element.get("idref", "")] = (said, element.get("severity", "unknown"))
    except ET.ParseError as error:
        raise HonsekiError("the scanner's results can't be read", where=str(results), why=str(error)) from error
    if not found:
        raise HonsekiError("the scanner's results hold no rule", where=str(results))
    return tuple(
        Rule(_short(name, "rule_"), titles.get(name, ""), severity, said)
        for name, (said, severity) in sorted(found.items())
    )


def _short(name: str, kind: str) -> str:
    return name.removeprefix(_PREFIX).removeprefix(kind)


def score(profile: str, found: Iterable[Rule], selected: frozenset[str] | None = None) -> Score:
    """Count the results, of the rules in `selected` only if that is given."""
    counts: Counter[str] = Counter()
    kernel: Counter[str] = Counter()
    for each in found:
        if selected is None or each.name in selected:
            (kernel if each.name.startswith(KERNEL) else counts)[each.result] += 1
    return Score(
        profile,
        passed=_passed(counts),
        failed=_failed(counts),
        not_applicable=counts["notapplicable"] + kernel["notapplicable"],
        not_checked=counts["notchecked"] + counts["informational"],
        kernel_passed=_passed(kernel),
        kernel_failed=_failed(kernel),
    )


def _passed(counts: Counter[str]) -> int:
    return counts["pass"] + counts["fixed"]


def _failed(counts: Counter[str]) -> int:
    return sum(counts[word] for word in _FAILING)


def reasons(
    found: Mapping[str, Sequence[Rule]], unmet: Mapping[str, str]
) -> tuple[tuple[Unmet, ...], tuple[str, ...], tuple[str, ...]]:
    """Of the results by profile: failing rules, each with its reason if it has one; reasons of rules that don't
    fail; failing rules about the kernel's configuration."""
    failing: dict[str, Unmet] = {}
    kernel: set[str] = set()
    for profile, results in found.items():
        for each in results:
            if each.result not in _FAILING:
                continue
            if each.name.startswith(KERNEL):
                kernel.add(each.name)
                continue
            before = failing.get(each.name)
            profiles = (*before.profiles, profile) if before else (profile,)
            failing[each.name] = Unmet(each.name, each.title, each.result, unmet.get(each.name), profiles)
    evaluated = {each.name for results in found.values() for each in results}
    stale = sorted(name for name in unmet if name in evaluated and name not in failing)
    return tuple(failing[name] for name in sorted(failing)), tuple(stale), tuple(sorted(kernel))


def plan(known: Known, wanted: Sequence[str]) -> dict[str, str]:
    """Of each wanted profile, the one whose evaluation its score is counted from: its own, or that of a wanted one that
    has all its rules with the same values. `HonsekiError` for a profile that the content doesn't have."""
    if strangers := [each for each in wanted if each not in known]:
        raise HonsekiError(
            f"the content has no profile {', '.join(strangers)}", do=f"choose of: {', '.join(sorted(known))}"
        )
    chosen: dict[str, str] = {}
    for profile in sorted(dict.fromkeys(wanted), key=lambda each: -len(known[each][0])):
        rules_of, values_of = known[profile]
        within = (
            wide
            for wide in dict.fromkeys(chosen.values())
            if rules_of <= known[wide][0] and values_of.items() <= known[wide][1].items()
        )
        chosen[profile] = next(within, profile)
    return {each: chosen[each] for each in wanted}


def lynis(report: str) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Lynis's index, warnings and suggestions from its report file (`key=value` lines)."""
    index = re.search(r"^hardening_index=(\d+)$", report, re.MULTILINE)
    if index is None:
        raise HonsekiError("Lynis gave no index", why=report[-500:])
    lists = [re.findall(rf"^{key}\[\]=(.*)$", report, re.MULTILINE) for key in ("warning", "suggestion")]
    said = [tuple(" ".join(each.rstrip("|-").split("|")[:2]) for each in found) for found in lists]
    return int(index[1]), said[0], said[1]


def scan(image: Image, folder: Path, tools: Tools, say: Say, wanted: Sequence[str] = PROFILES) -> Scan:
    """Boot the image built in `folder`, scan it inside, and write `scan.json` and the raw results beside its disk.

    It gets the credentials of its tests: what is scored is a machine that serves, not one whose service starts in vain.
    `HonsekiError` for a profile in `wanted` that the content doesn't have, before anything is started.
    """
    begun = time.monotonic()
    known = profiles(tools.content)
    counted_from = plan(known, wanted)
    found: dict[str, tuple[Rule, ...]] = {}
    say(f"Booting {image.name} ...")
    machine = Machine(folder / "disk.raw", memory_mib=1536, tools=tools.disk, credentials=credentials(image))
    with started(machine, keep_log=folder / "scan-console.log") as running:
        say(f"Up after {running.boot_s:.0f} s; waiting until the machine has settled ...")
        running.run("systemctl is-system-running --wait", timeout=900)
        running.check(f"mkdir -p /run/tools /run/scan && mount -o ro,nosuid,nodev LABEL={LABEL} /run/tools")
        running.run(_QUIET)
        say("Running Lynis, and OpenSCAP beside it ...")
        running.check(_LYNIS)
        for profile in dict.fromkeys(counted_from.values()):
            say(f"OpenSCAP: {profile} ...")
            found[profile] = _oscap(running, profile, folder)
        say("Waiting for Lynis ...")
        report = _lynis(running)
        (folder / "scan-lynis.dat").write_text(report)
        boot_s = running.boot_s
    index, warnings, suggestions = lynis(report)
    scores = tuple(score(each, found[counted_from[each]], known[each][0]) for each in counted_from)
    failing, stale, kernel = reasons(found, image.manifest.unmet)
    done = Scan(
        *(image.name, folder.name, scores, index, warnings, suggestions, failing, stale),
        boot_s=round(boot_s, 1),
        versions=tools.versions,
        kernel_unmet=kernel,
        seconds=round(time.monotonic() - begun, 1),
    )
    (folder / "scan.json").write_text(json.dumps(done.as_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return done


_QUIET: Final = "systemctl is-active --quiet rsyslog && systemctl set-property --runtime rsyslog.service CPUQuota=5%"
"""Without a log receiver rsyslog tries again twice a minute, and each time its TLS driver reads all certificate
authorities: emulated, 70 s of a processor, which the scan then lacks. It goes on as before, only slower."""
_LYNIS: Final = (
    "(cd /run/tools/lynis && ./lynis audit system --quick --quiet --no-colors --no-log --profile default.prf "
    "--report-file /run/scan/lynis.dat >/run/scan/lynis.out 2>&1; echo $? >/run/scan/lynis.code) &"
)
"""In the background: Lynis and OpenSCAP use one processor each, and the machine has two."""


def _lynis(running: Running) -> str:
    running.check("until [ -s /run/scan/lynis.code ]; do sleep 1; done", timeout=SCAN_S)
    report = running.read("/run/scan/lynis.dat").decode(errors="replace")
    try:
        lynis(report)
    except HonsekiError as error:
        code, said = (running.read(f"/run/scan/lynis.{part}").decode(errors="replace") for part in ("code", "out"))
        raise HonsekiError(f"Lynis ended with exit code {code.strip()} on the machine", why=said[-1000:]) from error
    return report


def _oscap(running: Running, profile: str, folder: Path) -> tuple[Rule, ...]:
    environment = {
        "LD_LIBRARY_PATH": "/run/tools/lib",
        "OSCAP_SCHEMA_PATH": "/run/tools/openscap/schemas",
        "OSCAP_XSLT_PATH": "/run/tools/openscap/xsl",
        "OSCAP_CPE_PATH": "/run/tools/openscap/cpe",
    }
    given = " ".join(f"{key}={shlex.quote(value)}" for key, value in environment.items())
    done = running.run(
        f"{given} /run/tools/bin/oscap xccdf eval --profile {_PREFIX}profile_{profile} "
        "--results /run/scan/results.xml /run/tools/content.xml",
        timeout=SCAN_S,
    )
    # 0: all pass; 2: some fail (oscap(8)). Anything else is no result.
    if done.code not in (0, 2):
        why = done.stderr.decode(errors="replace")[-1500:]
        raise HonsekiError(f"OpenSCAP ended with exit code {done.code} on the machine", why=why)
    results = folder / f"scan-{profile}.xml"
    results.write_bytes(running.read("/run/scan/results.xml"))
    found = rules(results)
    Path(f"{results}.gz").write_bytes(gzip.compress(results.read_bytes(), mtime=0))
    results.unlink()
    return found
