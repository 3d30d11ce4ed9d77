"""Direct Connect's memory in one account and region, and its tags."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, cast

from moto.core.resource_tagging import TaggedResource
from moto.directconnect.models import DirectConnectBackend, directconnect_backends

from honseki.rehearsal.region.directconnect.errors import ClientError, DuplicateTagKeysError, TooManyTagsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from honseki.rehearsal.region.directconnect.records import Association, Connection, Gateway, Interface

GLOBAL_REGION = "us-east-1"
"""The backend that keeps an account's global things: gateways and associations are visible in every region."""

MOST_TAGS = 50
"""https://docs.aws.amazon.com/directconnect/latest/UserGuide/using-tags.html"""

Tags = list[dict[str, str]]


class Base(DirectConnectBackend):
    """Collections by id. moto's own connections and LAGs (which anybody gets at once) aren't offered."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.hosted: dict[str, Connection] = {}
        self.interfaces: dict[str, Interface] = {}
        self.allocated: dict[str, str] = {}
        """Interfaces on connections of this account that other accounts own: id -> account."""
        self.gateways: dict[str, Gateway] = {}
        self.associations: dict[str, Association] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def peer(self, account: str, region: str) -> Any:
        """The Direct Connect backend of another account or region."""
        return directconnect_backends[account][region]

    @property
    def home(self) -> Base:
        """Where this account's gateways, associations and their tags are kept."""
        return cast(Base, directconnect_backends[self.account_id][GLOBAL_REGION])

    def require_account(self, account: str) -> None:
        """Refuse accounts that don't exist; the concrete backend knows."""
        raise NotImplementedError

    def new_id(self, prefix: str) -> str:
        """`dxvif-` and eight characters, as AWS forms them."""
        return f"{prefix}-{secrets.token_hex(4)}"

    # --- tags

    def _holder(self, arn: str) -> Base:
        """The backend that keeps an ARN's tags; unknown ARNs are refused."""
        for backend in (self, self.home):
            kept: list[Any] = [*backend.hosted.values(), *backend.interfaces.values(), *backend.gateways.values()]
            if any(thing.arn == arn for thing in kept):
                return backend
        raise ClientError(f"The resource {arn} does not exist.")

    def tags_of(self, arn: str) -> Tags:
        """The tags of one ARN, in the order in which they were set."""
        found = self.tags.get(arn) or self.home.tags.get(arn) or {}
        return [{"key": k, "value": v} for k, v in found.items()]

    def set_tags(self, arn: str, tags: Tags) -> None:
        """TagResource, and the tags of a creation (which come before the resource is kept: check first)."""
        holder = self._holder(arn)
        check_tags(tags)
        merged = {**holder.tags.get(arn, {}), **{t["key"]: t.get("value", "") for t in tags}}
        if len(merged) > MOST_TAGS:
            raise TooManyTagsError
        holder.tags[arn] = merged

    def drop_tags(self, arn: str, keys: list[str]) -> None:
        """UntagResource."""
        holder = self._holder(arn)
        holder.tags[arn] = {k: v for k, v in holder.tags.get(arn, {}).items() if k not in keys}

    # moto's Resource Groups Tagging API asks these

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """Everything of this backend that carries tags."""
        for arn, tags in self.tags.items():
            yield TaggedResource(
                arn=arn, tags=dict(tags), resource_type=f"directconnect:{arn.split(':')[5].split('/')[0]}"
            )

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """Tags as a mapping."""
        self.set_tags(arn, [{"key": k, "value": v} for k, v in tags.items()])

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """Tag keys to drop."""
        self.drop_tags(arn, tag_keys)


def check_tags(tags: Tags) -> None:
    """Refuse what AWS refuses before anything is made."""
    keys = [t["key"] for t in tags]
    if len(set(keys)) != len(keys):
        raise DuplicateTagKeysError
    if len(keys) > MOST_TAGS:
        raise TooManyTagsError
