"""botocore sessions: the one place that makes them.

A rehearsal's session is made of explicit values. It reads no variable, no file in ~/.aws and no proxy: profiles, SSO,
endpoints, retry modes or FIPS settings that a caller has for other work don't change it. AWS's session is botocore's
own, with the usual chain (https://docs.aws.amazon.com/boto3/latest/guide/credentials.html).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigValueStore, ConstantProvider
from botocore.loaders import Loader
from botocore.session import Session  # noqa: TID251  here, so that nobody else makes one

__all__ = ["Keys", "Session", "keys_of", "loader", "session"]

Keys = tuple[str, str, str | None]
"""Access key id, secret, session token."""

_FILES: Final = {"config_file": os.devnull, "credentials_file": os.devnull}


def session(keys: Keys | None, *, closed: bool, models: Loader | None = None) -> Session:
    """A session with these keys, or with those of the usual AWS chain if `keys` is None.

    `closed`: nothing but the keys is taken from anywhere; `ValueError` if there are none. `models`: a loader that has
    parsed AWS's service models already (see `loader`).
    """
    made = Session()
    if closed:
        if keys is None:
            raise ValueError("a closed session needs its keys")
        made.register_component("config_store", _defaults())
        # An empty mapping means "no proxy"; None would mean those of the environment.
        made.set_default_client_config(Config(proxies={}))
        models = models or loader()
    if models is not None:
        made.register_component("data_loader", models)
    if keys is not None:
        made.set_credentials(*keys)
    return made


def loader() -> Loader:
    """botocore's own service models, without those that a user may keep in ~/.aws/models."""
    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


def keys_of(env: Mapping[str, str]) -> Keys | None:
    """The keys in the environment that leads to the rehearsal region; None for AWS, where it is empty."""
    return (env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], None) if env else None


def _defaults() -> ConfigValueStore:
    """botocore's configuration: each default, and no other source."""
    given = {name: default for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    return ConfigValueStore({name: ConstantProvider(value) for name, value in (given | _FILES).items()})
