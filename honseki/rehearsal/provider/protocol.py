"""The provider protocol's messages, without the Pulumi SDK around them.

They stand in the SDK's package, and to import them the usual way runs all of the SDK: 0.12 s more in each of a fleet's
thousands of provider processes. So the packages above them are stood in for while they are imported, and only then.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

_PACKAGES: Final = {"pulumi": "", "pulumi.runtime": "runtime", "pulumi.runtime.proto": "runtime/proto"}


def _stand_ins() -> dict[str, ModuleType]:
    """Empty packages that only know where their modules are; none if the SDK is loaded anyway."""
    spec = None if "pulumi" in sys.modules else importlib.util.find_spec("pulumi")
    if spec is None or spec.origin is None:
        return {}
    made = {}
    for name, below in _PACKAGES.items():
        made[name] = ModuleType(name)
        made[name].__path__ = [str(Path(spec.origin).parent / below)]
    return made


_made: Final = _stand_ins()
sys.modules.update(_made)
try:
    from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2
finally:
    for _name in _made:
        del sys.modules[_name]

__all__ = ["plugin_pb2", "provider_pb2", "provider_pb2_grpc", "status_pb2"]
