"""An account's moto objects as bytes, and back.

moto keeps everything in Python objects that hang together, so an account is written in one piece (its buckets apart):
identity between objects (an instance and the group that holds it) survives. References to any *backend* are written as
its name, so an account's bytes hold no other account's objects.
"""

from __future__ import annotations

import collections
import copyreg
import importlib
import io
import marshal
import pickle
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

import moto
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend

from honseki.rehearsal.region.store import MAIN, OBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = f"honseki-region-2 moto-{moto.__version__} python-{sys.version_info.major}.{sys.version_info.minor}"
"""What the bytes depend on."""

_WITH_OBJECTS = {"s3"}
"""moto's modules whose backends hold what people store, and refer to no other backend's objects."""

_RECURSION_LIMIT = 20_000
"""moto's objects form chains (table, route, gateway, attachment ...); 1,000 frames aren't always enough."""


def registered() -> list[BackendDict[Any]]:
    """moto's backends of every service that was used since the process began."""
    return list(BackendDict._instances)  # type: ignore[misc]


def write(account: str, part: str) -> bytes:
    """All of an account's backends that belong to `part`."""
    parts = []
    reducers: dict[type[Any], Any] = {**copyreg.dispatch_table}
    for backends in registered():
        reducers[backends.backend] = _reduce_backend
        module = _module_of(backends.backend)
        if account in backends and part == (OBJECTS if module in _WITH_OBJECTS else MAIN):
            parts += [(module, region, backend.__dict__) for region, backend in backends[account].items()]
    reducers |= dict.fromkeys(_below(collections.defaultdict), _reduce_default_dict)
    if (account, part) not in _with_functions:
        try:
            return _dump(pickle.Pickler, parts, reducers)
        except (pickle.PicklingError, AttributeError) as error:
            if "local object" not in str(error):
                raise
            _with_functions.add((account, part))
    return _dump(_Thorough, parts, reducers)


_with_functions: set[tuple[str, str]] = set()
"""What holds functions defined in functions, which pickle can't write by name: it takes the slower pickler."""


def _dump(kind: type[pickle.Pickler], parts: list[Any], reducers: dict[type[Any], Any]) -> bytes:
    buffer = io.BytesIO()
    pickler = kind(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = reducers
    pickler.dump(parts)
    return buffer.getvalue()


class _Thorough(pickle.Pickler):
    """Writes local functions (the `defaultdict(lambda: ...)` of some backends) as their code."""

    def reducer_override(self, value: Any) -> Any:
        if type(value) is types.FunctionType and "<locals>" in value.__qualname__:
            enclosed = tuple(cell.cell_contents for cell in value.__closure__ or ())
            code = marshal.dumps(value.__code__)
            return _function, (value.__module__, value.__qualname__, code, value.__defaults__, enclosed)
        return NotImplemented


def _below(kind: type[Any]) -> set[type[Any]]:
    return {k for child in kind.__subclasses__() for k in {child, *_below(child)}}


def _reduce_default_dict(value: collections.defaultdict[Any, Any]) -> tuple[Any, ...]:
    """A class of moto's made from `defaultdict` has a constructor of its own, which pickle would call wrongly."""
    return _default_dict, (type(value), value.default_factory), value.__dict__, None, iter(value.items())


def _default_dict(kind: type[collections.defaultdict[Any, Any]], factory: Any) -> Any:
    made = kind.__new__(kind)
    made.default_factory = factory
    return made


def _function(module: str, name: str, code: bytes, defaults: tuple[Any, ...] | None, enclosed: tuple[Any, ...]) -> Any:
    """The function that `_Thorough` wrote. Its bytes are as old as the file's format, which names Python's version."""
    cells = tuple(types.CellType(value) for value in enclosed)
    names = importlib.import_module(module).__dict__
    made = types.FunctionType(marshal.loads(code), names, name.rsplit(".", 1)[-1], defaults, cells)  # noqa: S302
    made.__qualname__ = name
    return made


def read(account: str, content: bytes, ensure: Callable[[str], None]) -> None:
    """Put what `write` wrote into moto's backends. `ensure` brings in another account that is referred to."""
    for module, region, state in _Reader(io.BytesIO(content), ensure).load():
        # What the bytes are too old to know keeps the value that a new backend gives it.
        _recall(module, account, region).__dict__.update(state)


def verify(content: bytes) -> None:
    """Raise what reading `content` back would raise; backends stay as they are."""
    _Verifier(io.BytesIO(content)).load()


class _Verifier(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _nobody if (module, name) == (__name__, "_recall") else super().find_class(module, name)


def _nobody(*_: str) -> None:
    """In the place of a backend that is referred to."""


class _Reader(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, ensure: Callable[[str], None]) -> None:
        super().__init__(stream)
        self._ensure = ensure

    def find_class(self, module: str, name: str) -> Any:
        return self._recall if (module, name) == (__name__, "_recall") else super().find_class(module, name)

    def _recall(self, module: str, account: str, region: str) -> BaseBackend:
        self._ensure(account)
        return _recall(module, account, region)


def _recall(module: str, account: str, region: str) -> BaseBackend:
    """The backend that `_reduce_backend` named."""
    backend: BaseBackend = get_backend(module)[account][region]  # type: ignore[call-overload]
    return backend


def _reduce_backend(backend: BaseBackend) -> tuple[Any, tuple[str, str, str]]:
    return _recall, (_module_of(type(backend)), backend.account_id, backend.region_name)


def _module_of(backend_class: type[Any]) -> str:
    """moto's own module name for a backend class or a subclass of ours: `moto.ec2.models` -> `ec2`."""
    for ancestor in backend_class.__mro__:
        if ancestor.__module__.startswith("moto."):
            return ancestor.__module__.split(".")[1]
    raise TypeError(f"{backend_class} is no moto backend")


def _reduce_private_key(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> tuple[Any, tuple[bytes]]:
    return _private_key, (key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),)


def _private_key(der: bytes) -> Any:
    return load_der_private_key(der, None)


def prepare() -> None:
    """Once per process, before the first `write` or `read`."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))
    # KMS's asymmetric keys: objects of a Rust library, whose classes are found only through an instance.
    smallest = rsa.generate_private_key(65537, 1024)  # noqa: S505 - never used as a key
    copyreg.pickle(type(smallest), _reduce_private_key)
    copyreg.pickle(type(ec.generate_private_key(ec.SECP256R1())), _reduce_private_key)
    # A lock in a backend is of no account's: a new, open one does.
    copyreg.pickle(type(threading.Lock()), lambda _: (threading.Lock, ()))
    copyreg.pickle(type(threading.RLock()), lambda _: (threading.RLock, ()))
