"""The engine's questions, answered by the rules.

Written on the analyzer protocol that the Pulumi SDK brings, not on the package `pulumi-policy`: that one wants an older
protobuf than ours, and ends a policy at the first unknown value instead of telling which checks are still open.

The engine asks twice: `Analyze` before each resource is made (its inputs; in an update they are known by then), and
`AnalyzeStack` at the end of a preview or update (all resources with their outputs). Rules about one resource run in
both, rules about the whole in the second. A finding is mandatory unless a waiver accepts it; then it is advice.
"""

from __future__ import annotations

import datetime
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from dataclasses import replace
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2

from infra.model import Municipality, Target
from infra.model.graph import Graph, Node, Unknown
from policies.pack import wire
from policies.rules import ALL, BY_ID
from policies.rules.core import Finding, Result, check, check_node, rules_by_type
from policies.rules.subject import Subject
from policies.waivers import Waiver, decide

NAME: Final = "honseki"
OPEN: Final = "not-yet-known"
"""The name under which checks that wait for a value are reported."""

_SEVERITIES: Final = {
    "low": pb.POLICY_SEVERITY_LOW,
    "medium": pb.POLICY_SEVERITY_MEDIUM,
    "high": pb.POLICY_SEVERITY_HIGH,
    "critical": pb.POLICY_SEVERITY_CRITICAL,
}
_BY_TYPE: Final = rules_by_type(ALL)


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """One preview or update of one stack."""

    def __init__(
        self,
        municipality_of: Callable[[str], tuple[Municipality, Target]],
        waivers: Sequence[Waiver],
        today: datetime.date,
    ) -> None:
        self._municipality_of = municipality_of
        self._waivers = waivers
        self._today = today
        self._stack = ""
        self._dry_run = True
        self._about: tuple[Municipality, Target] | None = None
        self._why_not = "the engine didn't say which stack this is about"
        self._nodes: dict[str, Node] = {}
        self._reported: set[tuple[str, str, str]] = set()
        # The engine analyses several resources at once.
        self._lock = threading.Lock()

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802  gRPC's names, here and below
        """The engine says where it is; nothing is requested from it."""
        return pb.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """The version; PulumiPolicy.yaml's counts."""
        return plugin_pb2.PluginInfo(version="0.1.0")

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """All rules, mandatory."""
        info = pb.AnalyzerInfo(name=NAME, displayName="Honseki", version="0.1.0", supportsConfig=False)
        for rule in ALL:
            info.policies.append(
                pb.PolicyInfo(
                    name=rule.id,
                    displayName=rule.en,
                    description=f"{rule.en} {rule.ja}",
                    enforcementLevel=pb.MANDATORY,
                    severity=_SEVERITIES[rule.severity],
                    remediation_steps=rule.remediation,
                    policy_type=pb.POLICY_TYPE_RESOURCE if rule.of_nodes else pb.POLICY_TYPE_STACK,
                )
            )
        return info

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """No rule can be configured away: only a waiver accepts a finding."""
        return empty_pb2.Empty()

    def ConfigureStack(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Which stack, and whether this is a preview."""
        self._stack, self._dry_run = request.stack, request.dry_run
        try:
            self._about = self._municipality_of(request.stack)
        except (ValueError, LookupError, OSError) as error:
            self._why_not = str(error)
        return pb.AnalyzerStackConfigureResponse()

    def Remediate(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Nothing is changed silently."""
        return pb.RemediateResponse()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Rules end by themselves, soon."""
        return empty_pb2.Empty()

    def Analyze(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """The rules for one resource, before it is made."""
        if self._about is None:
            return pb.AnalyzeResponse(diagnostics=[self._no_stack(request.urn)])
        node = _node(self._stack, request, wire.values(request.properties), request.options.parent)
        with self._lock:
            self._nodes[node.urn] = node
            result = check_node(node, self._subject(self._nodes.values(), whole=False), _BY_TYPE)
            return pb.AnalyzeResponse(diagnostics=list(self._diagnostics(result)), not_applicable=_undecided(result))

    def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """All rules, over all resources."""
        if self._about is None:
            return pb.AnalyzeResponse(diagnostics=[self._no_stack("")])
        with self._lock:
            whole = [_with_outputs(self._stack, each, self._nodes.get(each.urn)) for each in request.resources]
            result = check(self._subject(whole, whole=True), ALL)
            diagnostics = list(self._diagnostics(result))
            if result.undecided:
                diagnostics.append(_open(result, self._dry_run))
            return pb.AnalyzeResponse(diagnostics=diagnostics, not_applicable=_undecided(result))

    def _subject(self, nodes: Iterable[Node], *, whole: bool) -> Subject:
        assert self._about is not None  # noqa: S101  the callers have asked
        municipality, target = self._about
        return Subject(Graph(self._stack, tuple(nodes)), municipality, target, whole=whole)

    def _diagnostics(self, result: Result) -> Iterator[Any]:
        """Each finding once, though it is found twice."""
        for finding in result.findings:
            key = (finding.rule, finding.urn, finding.path)
            if key in self._reported:
                continue
            self._reported.add(key)
            yield self._diagnostic(finding)

    def _diagnostic(self, finding: Finding) -> Any:
        rule = BY_ID[finding.rule]
        decided = decide(finding, self._waivers, self._today)
        waived = decided.waiver if decided.accepted else None
        at = f"{finding.path}: " if finding.path else ""
        lines = [f"{at}{finding.what}", f"Why: {rule.why}", f"Fix: {rule.remediation}"]
        if decided.waiver is not None:
            lines.append(decided.says)
        return pb.AnalyzeDiagnostic(
            policyName=finding.rule,
            policyPackName=NAME,
            description=rule.en,
            message="\n".join(lines),
            urn=finding.urn,
            enforcementLevel=pb.ADVISORY if waived else pb.MANDATORY,
            severity=_SEVERITIES[rule.severity],
        )

    def _no_stack(self, urn: str) -> Any:
        return pb.AnalyzeDiagnostic(
            policyName="stack-named",
            policyPackName=NAME,
            description=BY_ID["stack-named"].en,
            message=f"no rule can be applied: {self._why_not}",
            urn=urn,
            enforcementLevel=pb.MANDATORY,
            severity=pb.POLICY_SEVERITY_CRITICAL,
        )


def _undecided(result: Result) -> list[Any]:
    """The engine counts a rule without a diagnostic as passed, unless it is reported as not applied."""
    failed = {each.rule for each in result.findings}
    reasons = {each.rule: each.why for each in result.undecided if each.rule not in failed}
    return [pb.PolicyNotApplicable(policy_name=rule, reason=f"not yet known: {why}") for rule, why in reasons.items()]


def _open(result: Result, dry_run: bool) -> Any:
    rules = sorted({each.rule for each in result.undecided})
    count = len(result.undecided)
    when = "; each is checked before its resource is made, and all at the end of the update" if dry_run else ""
    return pb.AnalyzeDiagnostic(
        policyName=OPEN,
        policyPackName=NAME,
        description="Checks that wait for values which AWS gives",
        # The first line is what a person reads; the names are for whoever wants to know which.
        message=f"{count} checks wait for values that AWS gives{when}.\nOf {len(rules)} rules: {', '.join(rules)}",
        enforcementLevel=pb.ADVISORY,
        severity=pb.POLICY_SEVERITY_LOW,
    )


def _node(stack: str, sent: Any, inputs: dict[str, Any], parent: str) -> Node:
    provider = sent.provider if sent.HasField("provider") else None
    region: Any = wire.values(provider.properties).get("region") if provider is not None else None
    is_provider = sent.type.startswith("pulumi:providers:")
    custom = not sent.type.startswith(("honseki:infra:", "pulumi:pulumi:"))
    if is_provider:
        region = inputs.get("region")
    return Node(
        urn=sent.urn,
        type=sent.type,
        name=sent.name,
        tenant=stack.rpartition("-")[2],
        region=region if isinstance(region, str) else None,
        id=Unknown() if custom else None,
        inputs=inputs,
        outputs=inputs,
        parent=parent or None,
        provider=provider.urn if provider is not None else None,
        protect=sent.options.protect,
    )


def _with_outputs(stack: str, sent: Any, analysed: Node | None) -> Node:
    """The node as it ended: what was declared, from before; what became of it, from now."""
    outputs = wire.values(sent.properties)
    node = analysed or _node(stack, sent, outputs, sent.parent)
    identifier: Any = outputs.get("id") or _of_arn(outputs.get("arn"))
    return replace(
        node,
        id=None if node.id is None else identifier if isinstance(identifier, str) else Unknown(),
        outputs={**node.inputs, **outputs},
        dependencies=tuple(sorted(sent.dependencies)),
        property_dependencies={
            name: tuple(sorted(found.urns)) for name, found in sent.propertyDependencies.items() if found.urns
        },
    )


def _of_arn(arn: Any) -> str | None:
    """An id from an ARN's end; some providers don't repeat the id among the outputs."""
    if not isinstance(arn, str):
        return None
    resource = arn.split(":", 5)[-1]
    # `subnet/subnet-1`, but `backup-plan:2333...`.
    return resource.rpartition("/" if "/" in resource else ":")[2] or None


def serve(servicer: Analyzer) -> None:
    """Serve on a free port of 127.0.0.1, print it, and go on until the engine ends the process."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=[("grpc.max_receive_message_length", -1)])
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        # How the engine ends its plugins.
        server.stop(grace=None)
