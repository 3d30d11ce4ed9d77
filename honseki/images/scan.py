"""An image's score: OpenSCAP (ANSSI BP-028) and Lynis, both run inside the booted machine.

A scan of the files alone flatters: what the kernel and the services do isn't there, so rules count as not applicable.
"""

from __future__ import annotations

import gzip
import json
import re
import shlex
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from honseki.errors import HonsekiError
from honseki.images.boot import Machine, Running, credentials, started
from honseki.images.scantools import LABEL, Tools

if TYPE_CHECKING:
    from honseki.images.builder.manifest import Image

Say = Callable[[str], None]

INTERMEDIARY: Final = "anssi_bp28_intermediary"
ENHANCED: Final = "anssi_bp28_enhanced"
_PREFIX: Final = "xccdf_org.ssgproject.content_"
_XCCDF: Final = "{http://checklists.nist.gov/xccdf/1.2}"
_FAILING: Final = frozenset({"fail", "error", "unknown"})
"""A check that could not be made counts against the image."""
SCAN_S: Final = 5400.0
"""How long one scan may take. Emulated, on two cores, with every program that starts audited: Lynis, which starts many
thousands, 20 minutes; OpenSCAP 4. By KVM a minute or two."""


@dataclass(frozen=True)
class Rule:
    """One rule's result. `result` is XCCDF's word (XCCDF 1.2, 6.6.4.2)."""

    name: str
    title: str
    severity: str
    result: str


@dataclass(frozen=True)
class Score:
    """How many of a profile's rules that apply to the machine pass."""

    profile: str
    passed: int
    failed: int
    not_applicable: int
    not_checked: int

    @property
    def percent(self) -> float:
        """Passed of those that apply and can be checked, in percent."""
        applicable = self.passed + self.failed
        return round(100 * self.passed / applicable, 1) if applicable else 0.0


@dataclass(frozen=True)
class Unmet:
    """A rule that fails, with the manifest's reason. Without one it is unexplained."""

    rule: str
    title: str
    result: str
    reason: str | None


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


def score(profile: str, found: tuple[Rule, ...], selected: frozenset[str] | None = None) -> Score:
    """Count the results, of the rules in `selected` only if that is given."""
    counts = Counter(each.result for each in found if selected is None or each.name in selected)
    return Score(
        profile,
        passed=counts["pass"] + counts["fixed"],
        failed=sum(counts[word] for word in _FAILING),
        not_applicable=counts["notapplicable"],
        not_checked=counts["notchecked"] + counts["informational"],
    )


def reasons(found: tuple[Rule, ...], unmet: Mapping[str, str]) -> tuple[tuple[Unmet, ...], tuple[str, ...]]:
    """The failing rules, each with its reason if it has one; and the reasons that no failing rule needs."""
    failing = tuple(
        Unmet(each.name, each.title, each.result, unmet.get(each.name)) for each in found if each.result in _FAILING
    )
    names = {each.rule for each in failing}
    return failing, tuple(sorted(name for name in unmet if name not in names))


def lynis(report: str) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Lynis's index, warnings and suggestions from its report file (`key=value` lines)."""
    index = re.search(r"^hardening_index=(\d+)$", report, re.MULTILINE)
    if index is None:
        raise HonsekiError("Lynis gave no index", why=report[-500:])
    lists = [re.findall(rf"^{key}\[\]=(.*)$", report, re.MULTILINE) for key in ("warning", "suggestion")]
    said = [tuple(" ".join(each.rstrip("|-").split("|")[:2]) for each in found) for found in lists]
    return int(index[1]), said[0], said[1]


def scan(image: Image, folder: Path, tools: Tools, say: Say) -> Scan:
    """Boot the image built in `folder`, scan it inside, and write `scan.json` and the raw results beside its disk.

    It gets the credentials of its tests: what is scored is a machine that serves, not one whose service starts in vain.
    """
    known = profiles(tools.content)
    name, unmet = image.name, image.manifest.unmet
    say(f"Booting {name} ...")
    machine = Machine(folder / "disk.raw", memory_mib=1536, tools=tools.disk, credentials=credentials(image))
    with started(machine, keep_log=folder / "scan-console.log") as running:
        say(f"Up after {running.boot_s:.0f} s; waiting until the machine has settled ...")
        running.run("systemctl is-system-running --wait", timeout=900)
        running.check(f"mkdir -p /run/tools /run/scan && mount -o ro,nosuid,nodev LABEL={LABEL} /run/tools")
        say("Running Lynis ...")
        report = _lynis(running)
        (folder / "scan-lynis.dat").write_text(report)
        say("Running OpenSCAP (some minutes) ...")
        wide = _oscap(running, ENHANCED, folder)
        narrow_rules, narrow_values = known[INTERMEDIARY]
        wide_rules, wide_values = known[ENHANCED]
        if narrow_rules <= wide_rules and narrow_values.items() <= wide_values.items():
            # The same checks with the same values: a second run would only repeat them.
            narrow = score(INTERMEDIARY, wide, narrow_rules)
        else:
            narrow = score(INTERMEDIARY, _oscap(running, INTERMEDIARY, folder))
        boot_s = running.boot_s
    index, warnings, suggestions = lynis(report)
    failing, stale = reasons(wide, unmet)
    done = Scan(
        *(name, folder.name, (narrow, score(ENHANCED, wide)), index, warnings, suggestions, failing, stale),
        boot_s=round(boot_s, 1),
        versions=tools.versions,
    )
    (folder / "scan.json").write_text(json.dumps(done.as_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return done


def _lynis(running: Running) -> str:
    done = running.run(
        "cd /run/tools/lynis && ./lynis audit system --quick --quiet --no-colors --no-log --profile default.prf "
        "--report-file /run/scan/lynis.dat",
        timeout=SCAN_S,
    )
    report = running.read("/run/scan/lynis.dat").decode(errors="replace")
    try:
        lynis(report)  # now, not after the minutes of the next scan
    except HonsekiError as error:
        raise HonsekiError(f"Lynis ended with exit code {done.code} on the machine", why=done.text[-1000:]) from error
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
