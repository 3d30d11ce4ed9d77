# ruff: noqa: N802 - the protocol names its methods
"""Pulumi's resource provider protocol over the tables in `honseki.aws_types`.

https://pulumi-developer-docs.readthedocs.io/latest/docs/_generated/proto/provider.html
"""

import functools
import json
import threading
import traceback
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty

from honseki.aws_types import catalog
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import ResourceType
from honseki.aws_types.errors import PartlyCreatedError, ResourceError, UnknownTypeError
from honseki.errors import HonsekiError
from honseki.rehearsal.provider import checks, configuration, differences, wire
from honseki.rehearsal.provider.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

# The version of the official plugin whose types and names the tables have; the engine compares it with the SDK's.
VERSION: Final = "7.51.1"

_Response = TypeVar("_Response")
_Diff = provider_pb2.PropertyDiff
_KINDS: Final = {
    ("add", False): _Diff.ADD,
    ("add", True): _Diff.ADD_REPLACE,
    ("delete", False): _Diff.DELETE,
    ("delete", True): _Diff.DELETE_REPLACE,
    ("update", False): _Diff.UPDATE,
    ("update", True): _Diff.UPDATE_REPLACE,
}


def _explains(
    method: Callable[["Servicer", Any, grpc.ServicerContext], _Response],
) -> Callable[["Servicer", Any, grpc.ServicerContext], _Response]:
    """Errors of the tables and of AWS become the protocol's, with what was done to which resource."""

    @functools.wraps(method)
    def explaining(self: "Servicer", request: Any, context: grpc.ServicerContext) -> _Response:
        try:
            return method(self, request, context)
        except HonsekiError as error:
            code = grpc.StatusCode.NOT_FOUND if isinstance(error, UnknownTypeError) else grpc.StatusCode.UNKNOWN
            _abort(context, code, _said(method.__name__, request, error))
        except (LookupError, TypeError, ValueError) as error:
            traceback.print_exc()
            fault = HonsekiError(
                f"{type(error).__name__}: {error}",
                why="this is a fault of the rehearsal provider; the traceback is in the engine's log",
                do="report it with the declaration of this resource",
            )
            _abort(context, grpc.StatusCode.INTERNAL, _said(method.__name__, request, fault))

    return explaining


def _said(method: str, request: Any, error: HonsekiError) -> str:
    """The error with the call and the resource that it is about."""
    urn, identifier = getattr(request, "urn", ""), getattr(request, "id", "")
    where = f"{urn} [{identifier}]" if identifier and identifier != wire.UNKNOWN_TEXT else urn
    return str(HonsekiError(f"{method}: {error.what}", where=where or error.where, why=error.why, do=error.do))


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, message: str) -> NoReturn:
    context.abort(code, message)
    raise AssertionError("abort raises")


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One instance serves one `pulumi:providers:aws` at a time: one account and one region."""

    def __init__(self) -> None:
        self._clients: Clients | None = None
        self._cancelled = threading.Event()

    # -- the provider itself

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Secrets come and go as secrets; references to resources come as their ids."""
        del request, context
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False, accept_outputs=False)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Empty:
        """For an engine that found this process running."""
        del request, context
        return Empty()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The official plugin's version: the SDK asks for it."""
        del request, context
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """The types and properties that are served, which are few of the official plugin's."""
        del request, context
        resources = {each.token: _schema(each) for each in catalog.all_types()}
        return provider_pb2.GetSchemaResponse(
            schema=json.dumps({"name": "aws", "version": VERSION, "resources": resources})
        )

    @_explains
    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Unknown settings are refused, as they would have no effect."""
        del context
        found = configuration.problems(configuration.plain(wire.decode(request.news).values))
        failures = [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in found.items()]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    @_explains
    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Another region or account means other resources, so the provider is replaced, and they with it."""
        del context
        old = configuration.plain(wire.decode(request.old_inputs).values)
        new = configuration.plain(wire.decode(request.news).values)
        changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        replaces = configuration.moves(old, new)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
        )

    @_explains
    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Connect, or refuse."""
        del context
        sent = wire.decode(request.args).values or dict(request.variables)
        values = {name.removeprefix("aws:config:"): value for name, value in configuration.plain(sent).items()}
        self._clients = (
            configuration.connect(configuration.settings(values)) if configuration.is_known(values) else None
        )
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """Nothing new is begun; what was begun is finished, so that its outcome is recorded."""
        del request, context
        self._cancelled.set()
        return Empty()

    # -- resources

    @_explains
    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        """Validate, and add the defaults. Secrets stay where they are."""
        del context
        kind = catalog.get(_token(request))
        inputs = wire.decode(request.news).values
        failures = [
            provider_pb2.CheckFailure(property=path, reason=reason)
            for path, reason in checks.check(kind, inputs, request.urn)
        ]
        checked = request.news
        defaults = {name: value for name, value in kind.with_defaults(inputs).items() if name not in inputs}
        checked.update(defaults)
        return provider_pb2.CheckResponse(inputs=checked, failures=failures)

    @_explains
    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Old declaration against new."""
        del context
        kind = catalog.get(_token(request))
        old, new = wire.decode(request.old_inputs).values, wire.decode(request.news).values
        changes = differences.compare(kind, old, new)
        detailed = {each.path: _Diff(kind=_KINDS[each.how, each.replaces], inputDiff=True) for each in changes}
        stable = [each.name for each in kind.outputs if not each.follows]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({each.name for each in changes}),
            replaces=sorted({each.name for each in changes if each.replaces}),
            stables=stable,
            deleteBeforeReplace=kind.clashes(old, new),
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    @_explains
    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        """Create; a resource that is only half made is reported with its id, so that it isn't lost."""
        kind = catalog.get(_token(request))
        inputs, secrets = _opened(request.properties)
        if request.preview:
            state = differences.previewed(kind, inputs)
            return provider_pb2.CreateResponse(properties=_closed(kind, state, secrets))
        clients = self._ready()
        try:
            identifier = kind.create(clients, inputs)
        except PartlyCreatedError as error:
            _report_half_made(context, request, kind, error)
        state = self._state(clients, kind, identifier, inputs, {})
        return provider_pb2.CreateResponse(id=identifier, properties=_closed(kind, state, secrets))

    @_explains
    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """What is live, as a declaration and as a state; an empty answer if it is gone."""
        del context
        kind = catalog.get(_token(request))
        old_inputs, input_secrets = _opened(request.inputs)
        old_state, state_secrets = _opened(request.properties)
        live = kind.read(self._ready(), request.id, {**old_state, **old_inputs})
        if live is None:
            return provider_pb2.ReadResponse()
        imported = not old_inputs
        inputs = differences.live_inputs(kind, live, None if imported else old_inputs)
        state = differences.outputs(kind, live, inputs, old_state)
        secrets = input_secrets | state_secrets
        return provider_pb2.ReadResponse(
            id=live["id"],
            properties=_closed(kind, state, secrets),
            inputs=_closed(kind, inputs, secrets),
        )

    @_explains
    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        """Change in place. With no difference it is a retry of what failed half-way: everything is made sure of."""
        del context
        kind = catalog.get(_token(request))
        old, _ = _opened(request.old_inputs)
        new, secrets = _opened(request.news)
        old_state, _ = _opened(request.olds)
        changed = {each.name for each in differences.compare(kind, old, new)}
        if request.preview:
            state = differences.previewed_update(kind, old_state, new, changed)
        else:
            clients = self._ready()
            kind.update(clients, request.id, new, changed or set(kind.by_name))
            state = self._state(clients, kind, request.id, new, old_state)
        return provider_pb2.UpdateResponse(properties=_closed(kind, state, secrets))

    @_explains
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        """Delete; what is gone already is no error."""
        del context
        kind = catalog.get(_token(request))
        known = {**_opened(request.properties)[0], **_opened(request.old_inputs)[0]}
        kind.delete(self._ready(), request.id, known)
        return Empty()

    # -- what no declaration here uses

    @_explains
    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        """There are no functions."""
        _abort(context, grpc.StatusCode.UNIMPLEMENTED, f"the rehearsal provider serves no functions: {request.tok}")

    @_explains
    def Construct(
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        """There are no components."""
        _abort(context, grpc.StatusCode.UNIMPLEMENTED, f"the rehearsal provider serves no components: {request.type}")

    def GetMapping(
        self, request: provider_pb2.GetMappingRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetMappingResponse:
        """There is nothing to convert from."""
        del request, context
        return provider_pb2.GetMappingResponse()

    def GetMappings(
        self, request: provider_pb2.GetMappingsRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetMappingsResponse:
        """There is nothing to convert from."""
        del request, context
        return provider_pb2.GetMappingsResponse()

    # -- within

    def _ready(self) -> Clients:
        if self._cancelled.is_set():
            raise ResourceError("cancelled before it was begun", do="run it again: it goes on where it stopped")
        if self._clients is None:
            raise ResourceError(
                "the provider isn't configured",
                why="its region, role or accounts aren't known yet",
                do="give it values that a preview knows",
            )
        return self._clients

    @staticmethod
    def _state(
        clients: Clients, kind: ResourceType, identifier: str, inputs: dict[str, Any], old: dict[str, Any]
    ) -> dict[str, Any]:
        live = kind.read(clients, identifier, {**old, **inputs})
        if live is None:
            raise ResourceError(f"{identifier} was there and is gone again", do="refresh, then deploy again")
        return differences.outputs(kind, live, inputs, old)


def _token(request: Any) -> str:
    """The type, which older engines name in the URN only."""
    named: str = request.type
    return named or str(request.urn).split("::")[2].split("$")[-1]


def _opened(struct: Any) -> tuple[dict[str, Any], frozenset[str]]:
    properties = wire.decode(struct)
    return properties.values, properties.secrets


def _closed(kind: ResourceType, values: dict[str, Any], secrets: frozenset[str]) -> Any:
    """With every property secret that is so by its nature, or was so when it came."""
    secrets |= {each.name for each in kind.properties if each.secret}
    return wire.encode(values, secrets | {"tagsAll"} if "tags" in secrets else secrets)


def _report_half_made(
    context: grpc.ServicerContext, request: provider_pb2.CreateRequest, kind: ResourceType, error: PartlyCreatedError
) -> NoReturn:
    """ErrorResourceInitFailed: the engine records the id, and completes the resource at the next deployment."""
    message = _said("Create", request, error)
    inputs, secrets = _opened(request.properties)
    detail = AnyMessage()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.identifier,
            properties=_closed(kind, inputs, secrets),
            inputs=request.properties,
            reasons=[str(error.cause)],
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    _abort(context, grpc.StatusCode.UNKNOWN, message)


def _schema(kind: ResourceType) -> dict[str, Any]:
    inputs = {each.name: _TYPES[each.kind] for each in kind.properties}
    outputs = {each.name: _TYPES[each.kind] for each in kind.outputs}
    return {
        "inputProperties": inputs,
        "requiredInputs": [each.name for each in kind.properties if each.required],
        "properties": inputs | outputs,
    }


_TYPES: Final[dict[str, dict[str, Any]]] = {
    "string": {"type": "string"},
    "json": {"type": "string"},
    "cidr": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "strings": {"type": "array", "items": {"type": "string"}},
    "object": {"$ref": "pulumi.json#/Any"},
    "objects": {"type": "array", "items": {"$ref": "pulumi.json#/Any"}},
    "map": {"type": "object", "additionalProperties": {"type": "string"}},
}
