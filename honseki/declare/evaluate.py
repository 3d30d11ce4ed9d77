"""A declaration's graph, without an engine. (Of a preview and of a state: `honseki.declare.conversion`.)

A declaration is evaluated by running it against a resource monitor of ours instead of the engine's. The monitor echoes
nothing: a type or a property that `honseki.aws_types.catalog` doesn't know is an error, so what passes here has tables
for the provider too. Ids are placeholders, the same for the same URN, and different for any other; what only the cloud
could tell is `Unknown`.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NoReturn, cast

from google.protobuf import empty_pb2
from pulumi.runtime import settings
from pulumi.runtime.mocks import MockEngine, MockMonitor
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_in_stack

from honseki.aws_types import catalog
from honseki.aws_types.errors import UnknownTypeError
from honseki.declare.conversion import from_preview, from_state, from_wire
from honseki.declare.inline import InlineLoop
from honseki.declare.registration import Monitor, Registered
from honseki.declare.shortcuts import applied
from honseki.errors import HonsekiError
from infra.model import Municipality, Target
from infra.model.graph import Graph, Node, Unknown, UnknownValueError, Value, leaves
from infra.tenant import Tenant
from infra.types import TYPES
from infra.types.record import AwsType

__all__ = ["DeclarationError", "evaluate", "evaluate_program", "from_preview", "from_state", "placeholder"]

PROJECT: Final = "honseki"

_STACK: Final = "pulumi:pulumi:Stack"
_PROVIDER: Final = "pulumi:providers:aws"
_PROVIDER_REQUIRED: Final = frozenset({"region", "assumeRoles", "allowedAccountIds"})
_PROVIDER_INPUTS: Final = _PROVIDER_REQUIRED | {"skipCredentialsValidation", "skipRegionValidation"}
"""The last two pulumi-aws adds by itself."""
_COMPONENTS: Final = "honseki:infra:"
_UNRECORDED: Final = AwsType("")
"""What a provider is known by, and a type that has a table and no record yet: nothing in particular."""

_SERVICES: Final = {"autoscaling.amazonaws.com": "AutoScaling_{customSuffix}", "config.amazonaws.com": "Config"}
"""How a service's name is written in the name of its role, with the suffix where it takes one."""
_LIKE_IDS: Final = frozenset({"address", "arnSuffix", "dnsName"})
"""Outputs that aren't called ids, but are made up by AWS and passed on like them."""
_FIRST: Final[Mapping[str, Value]] = {"latestVersion": 1}
"""Outputs that begin alike for everybody."""


class DeclarationError(HonsekiError):
    """The declaration can't be evaluated: it uses what no table knows, or it failed."""


def evaluate(municipality: Municipality, target: Target, *, plain_sdk: bool = False) -> Graph:
    """The graph that a municipality's declaration comes to, in some 0.1 s, without engine, cloud or files.

    Many may be evaluated one after another in one process, not at the same time, and not within a running event loop.
    `plain_sdk`: with Pulumi's SDK unchanged and asyncio's own loop; the same graph, 20 times slower (ADR 0011).
    Raises `DeclarationError`, and what `Tenant` raises for a municipality that can't be declared in that target.
    """
    return evaluate_program(f"{target}-{municipality.code}", lambda: Tenant(municipality, target), plain_sdk=plain_sdk)


def evaluate_program(stack: str, program: Callable[[], object], *, plain_sdk: bool = False) -> Graph:
    """The graph of whatever `program` declares, as the stack `stack` (`{target}-{code}`)."""
    monitor = _Monitor(stack)
    # A context of its own: Pulumi keeps its settings and its root resource in context variables.
    context = contextvars.Context()
    if plain_sdk:
        context.run(_run, monitor, program, asyncio.new_event_loop())
        return Graph(stack, tuple(monitor.nodes()))
    with _without_collecting(), applied():
        context.run(_run, monitor, program, InlineLoop())
        return Graph(stack, tuple(monitor.nodes()))


def _run(monitor: _Monitor, program: Callable[[], object], loop: asyncio.AbstractEventLoop) -> None:
    settings.configure(
        settings.Settings(project=PROJECT, stack=monitor.stack, monitor=monitor, engine=MockEngine(None), dry_run=True)
    )

    def declare() -> None:
        program()

    try:
        loop.run_until_complete(run_in_stack(declare))
    finally:
        loop.close()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Garbage is collected once at the end, and only what was made since: Pulumi makes many short-lived cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        if was_enabled:
            gc.enable()


class _Monitor(MockMonitor, Monitor):
    """Stands where the engine's resource monitor stands; keeps what was registered."""

    def __init__(self, stack: str) -> None:
        super().__init__(cast(Any, None))  # every call that would use mocks is overridden
        self.stack = stack
        self.tenant = stack.rpartition("-")[2]
        self._registered: dict[str, Node] = {}
        self._by_id: dict[str, Node] = {}
        self._later: dict[str, dict[str, Value]] = {}

    def nodes(self) -> Iterator[Node]:
        """What was registered, with the outputs that components registered later."""
        for urn, node in self._registered.items():
            later = self._later.get(urn)
            yield node if later is None else _with_outputs(node, later)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  gRPC's name
        inputs = {name: from_wire(value) for name, value in request.object.fields.items()}
        done = self.register(
            request.type,
            request.name,
            inputs,
            custom=request.custom,
            parent=request.parent,
            provider=request.provider.rpartition("::")[0],
            dependencies=request.dependencies,
            property_dependencies={name: found.urns for name, found in request.propertyDependencies.items()},
            protect=request.protect,
        )
        response = resource_pb2.RegisterResourceResponse(urn=done.urn, id=done.id)
        response.object.CopyFrom(request.object)
        for name, value in done.outputs.items():
            if isinstance(value, str):
                response.object.fields[name].string_value = value
            else:
                response.object.fields[name].number_value = value
        return response

    def register(
        self,
        token: str,
        name: str,
        inputs: Mapping[str, Value],
        *,
        custom: bool,
        parent: str,
        provider: str,
        dependencies: Iterable[str],
        property_dependencies: Mapping[str, Iterable[str]],
        protect: bool,
    ) -> Registered:
        """See `honseki.declare.registration.Monitor`."""
        urn = _urn(self.stack, parent, token, name)
        if urn in self._registered:
            raise DeclarationError("the same URN is declared twice", where=urn, do="give one another name")
        self._check(urn, token, custom, inputs)
        region, account, served_by = self._served_by(urn, token, custom, inputs, provider)
        outputs = dict(inputs)
        identifier = self._identify(urn, token, inputs) if custom else None
        if identifier is not None and token != _PROVIDER:
            outputs |= _outputs(urn, token, identifier, inputs, region or "", account)
        node = Node(
            urn=urn,
            type=token,
            name=name,
            tenant=self.tenant,
            region=region,
            id=identifier,
            inputs=inputs,
            outputs=outputs,
            parent=parent or None,
            provider=served_by,
            dependencies=tuple(sorted(dependencies)),
            property_dependencies={
                name: tuple(sorted(urns)) for name, found in property_dependencies.items() if (urns := set(found))
            },
            protect=protect,
        )
        self._registered[urn] = node
        if isinstance(identifier, str):
            self._by_id[identifier] = node
        texts = {key: value for key, value in outputs.items() if key not in inputs and isinstance(value, str | int)}
        return Registered(urn, identifier if isinstance(identifier, str) else "", texts)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self.tell(request.urn, {name: from_wire(value) for name, value in request.outputs.fields.items()})
        return empty_pb2.Empty()

    def tell(self, urn: str, outputs: Mapping[str, Value]) -> None:
        """See `honseki.declare.registration.Monitor`."""
        self._later[urn] = dict(outputs)

    def Invoke(self, request: Any) -> NoReturn:  # noqa: N802
        raise DeclarationError(
            f"the declaration calls the function {request.tok}",
            where=self.stack,
            why="a declaration follows from the inventory alone; a call would make it depend on the cloud's answer",
            do="take the value from the model",
        )

    def ReadResource(self, request: Any) -> NoReturn:  # noqa: N802
        raise DeclarationError(
            f"the declaration reads an existing {request.type}",
            where=self.stack,
            why="a declaration follows from the inventory alone",
            do="declare it, or take its id from the model",
        )

    def _check(self, urn: str, token: str, custom: bool, inputs: Mapping[str, Value]) -> None:
        if token == _STACK or (token.startswith(_COMPONENTS) and not custom):
            return
        if token == _PROVIDER:
            known, required = _PROVIDER_INPUTS, _PROVIDER_REQUIRED
        else:
            try:
                table = catalog.get(token)
            except UnknownTypeError as error:
                raise DeclarationError(f"unknown type {token}", where=urn, do=str(error)) from None
            known = frozenset(table.by_name)
            required = frozenset(each.name for each in table.properties if each.required)
            for name in known.intersection(inputs):
                whole = not any(isinstance(leaf, Unknown) for _, leaf in leaves(inputs[name]))
                if whole and (problem := table.by_name[name].problem(inputs[name])):
                    raise DeclarationError(f"property {name} is wrong: {problem}", where=urn)
        for names, what in ((inputs.keys() - known, "unknown"), (required - inputs.keys(), "missing")):
            if names:
                raise DeclarationError(
                    f"{what} propert{'y' if len(names) == 1 else 'ies'} of {token}: {', '.join(sorted(names))}",
                    where=urn,
                    do=f"known are: {', '.join(sorted(known))}",
                )

    def _served_by(
        self, urn: str, token: str, custom: bool, inputs: Mapping[str, Value], by: str
    ) -> tuple[str | None, str, str | None]:
        """(region, account, provider's URN)"""
        if token == _PROVIDER:
            return str(inputs["region"]), "", None
        if not custom:
            return None, "", None
        provider = self._registered.get(by)
        if provider is None:
            raise DeclarationError(
                "no explicit provider serves it",
                where=urn,
                why="a default provider takes account and region from the environment of the program",
                do="pass the component's provider on: opts=ResourceOptions(parent=self)",
            )
        accounts = json.loads(str(provider.inputs["allowedAccountIds"]))
        return provider.region, str(accounts[0]), provider.urn

    def _identify(self, urn: str, token: str, inputs: Mapping[str, Value]) -> str | Unknown:
        record = TYPES.get(token, _UNRECORDED).identity
        adopted: Value | None = None
        if record.made_with[0]:
            other = self._by_id.get(str(inputs[record.made_with[0]]))
            adopted = other.outputs[record.made_with[1]] if other else Unknown()
        elif record.id:
            adopted = _filled(record.id, inputs)
        if isinstance(adopted, str | Unknown):
            return adopted
        return placeholder(urn, token.rpartition(":")[2])


def placeholder(urn: str, kind: str) -> str:
    """What stands for an identifier that the cloud hasn't given yet: never one that AWS gives, the same every time."""
    return f"{kind[:1].lower()}{kind[1:]}-{hashlib.sha256(f'{urn} {kind}'.encode()).hexdigest()[:17]}"


def _filled(template: str, values: Mapping[str, Value]) -> str | Unknown:
    """The template with the values that it names; `Unknown` if one of them is."""
    try:
        return template.format_map(dict(values))
    except (KeyError, UnknownValueError):
        return Unknown()


def _outputs(
    urn: str, token: str, identifier: str | Unknown, inputs: Mapping[str, Value], region: str, account: str
) -> dict[str, Value]:
    """What is known of a resource before it exists: its ARN, and ids that are made with it. Nothing else."""
    table = catalog.get(token)
    found: dict[str, Value] = {}
    record = TYPES.get(token, _UNRECORDED).identity
    if template := record.arn or table.arn:
        service = _filled(_SERVICES.get(str(inputs.get("awsServiceName")), "{unknown}"), inputs)
        known = {"id": identifier, "region": region, "account": account, "partition": "aws", "service": service}
        found["arn"] = _filled(template, {**inputs, **known})
    for output in table.outputs:
        name = output.name
        if name == "ownerId" or name.endswith("wnerAccountId"):
            found[name] = account
        elif name in _FIRST:
            found[name] = _FIRST[name]
        elif (name.endswith("Id") or name in _LIKE_IDS) and name != "uniqueId" and name not in record.same:
            found[name] = placeholder(urn, name)
    for name, same in record.same.items():
        found[name] = identifier if same == "id" else found[same]
    return found


def _urn(stack: str, parent: str, token: str, name: str) -> str:
    """As the engine writes it: the parents' types, except the stack's, in front of the type."""
    above = parent.split("::")[2] if parent else _STACK
    qualified = token if above == _STACK else f"{above}${token}"
    return f"urn:pulumi:{stack}::{PROJECT}::{qualified}::{name}"


def _with_outputs(node: Node, later: Mapping[str, Value]) -> Node:
    fields = {name: getattr(node, name) for name in Node.__dataclass_fields__}
    return Node(**{**fields, "outputs": {**node.outputs, **later}})
