"""moto's settings, which it reads from the environment while it is imported. `apply` comes before that."""

from __future__ import annotations

import os

SETTINGS = {
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # hundreds of public images in every account and region
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "false",  # 1,400 documents in every account; roles here carry their own
    "MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false",  # another tenant's bucket is none of yours
    "MOTO_DISABLE_GLOBAL_CORS": "true",  # no browser talks to it
}


def apply() -> None:
    """Set what Honseki wants, and drop what a user's shell may have set for other uses of moto."""
    for name in [n for n in os.environ if n.startswith(("MOTO_", "AWS_"))]:  # noqa: TID251  for moto
        del os.environ[name]  # noqa: TID251
    os.environ.update(SETTINGS)  # noqa: TID251
