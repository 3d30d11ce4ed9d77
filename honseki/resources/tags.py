"""Tags: every service has its own calls for the same thing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jmespath
from botocore.model import ListShape

from honseki.resources.clients import Clients

Tags = Mapping[str, str]


class Tagging(Protocol):
    """How a service takes, tells and changes tags. `target` is what it calls the resource: id, name or ARN."""

    @property
    def at_creation(self) -> bool:
        """Are tags part of the call that creates?"""

    def members(self, tags: Tags) -> dict[str, Any]:
        """The members of the creating call that set `tags`."""

    def read(self, clients: Clients, target: str, item: Mapping[str, Any]) -> dict[str, str]:
        """The live tags, without AWS's own (`aws:`)."""

    def add(self, clients: Clients, target: str, tags: Tags) -> None:
        """Set `tags`, leaving others."""

    def remove(self, clients: Clients, target: str, keys: list[str]) -> None:
        """Remove the tags named `keys`."""


def set_tags(tagging: Tagging, clients: Clients, target: str, live: Tags, wanted: Tags) -> None:
    """Make the live tags exactly `wanted`."""
    surplus = sorted(live.keys() - wanted.keys())
    missing = {key: value for key, value in wanted.items() if live.get(key) != value}
    if surplus:
        tagging.remove(clients, target, surplus)
    if missing:
        tagging.add(clients, target, missing)


@dataclass(frozen=True)
class Ec2Tags:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html."""

    resource_type: str
    at_creation: bool = True

    def members(self, tags: Tags) -> dict[str, Any]:
        """One TagSpecifications entry: tags exist as soon as the resource does."""
        return {"TagSpecifications": [{"ResourceType": self.resource_type, "Tags": _pairs(tags, "Key", "Value")}]}

    def read(self, clients: Clients, target: str, item: Mapping[str, Any]) -> dict[str, str]:
        """Every EC2 answer carries the tags."""
        del clients, target
        return _own({tag["Key"]: tag["Value"] for tag in item.get("Tags", ())})

    def add(self, clients: Clients, target: str, tags: Tags) -> None:
        """CreateTags overwrites the value of a tag that is there."""
        clients.call("ec2", "CreateTags", Resources=[target], Tags=_pairs(tags, "Key", "Value"))

    def remove(self, clients: Clients, target: str, keys: list[str]) -> None:
        """DeleteTags by key, whatever the value."""
        clients.call("ec2", "DeleteTags", Resources=[target], Tags=[{"Key": key} for key in keys])


@dataclass(frozen=True, kw_only=True)
class ApiTags:
    """The other services: a list, a tag and an untag operation, named and shaped differently by each."""

    service: str
    target: str
    """The member that names the resource in all three operations."""
    listing: str
    listed: str
    """JMESPath of the tags in the answer of `listing`."""
    adding: str = "TagResource"
    removing: str = "UntagResource"
    tags: str = "Tags"
    keys: str = "TagKeys"
    pair: tuple[str, str] | None = ("Key", "Value")
    """What a tag's key and value are called; None where tags are a map."""
    at_creation: bool = True

    def members(self, tags: Tags) -> dict[str, Any]:
        """The creating call takes tags in the form in which the tagging call takes them."""
        return {self.tags: self._form(tags)}

    def read(self, clients: Clients, target: str, item: Mapping[str, Any]) -> dict[str, str]:
        """Ask for the tags: the answer that describes the resource doesn't carry them."""
        del item
        one_or_more = clients.input_shape(self.service, self.listing).members
        member = next(name for name in one_or_more if name.rstrip("s") == self.target)
        named = [target] if isinstance(one_or_more[member], ListShape) else target
        if self.pair is None:
            answer = clients.call(self.service, self.listing, **{member: named})
            return _own(jmespath.search(self.listed, answer) or {})
        key, value = self.pair
        tags = clients.pages(self.service, self.listing, self.listed, **{member: named})
        return _own({tag[key]: tag.get(value, "") for tag in tags})

    def add(self, clients: Clients, target: str, tags: Tags) -> None:
        """Set them by the service's own call."""
        clients.call(self.service, self.adding, **{self.target: target, self.tags: self._form(tags)})

    def remove(self, clients: Clients, target: str, keys: list[str]) -> None:
        """Remove them by the service's own call."""
        clients.call(self.service, self.removing, **{self.target: target, self.keys: keys})

    def _form(self, tags: Tags) -> Any:
        return dict(tags) if self.pair is None else _pairs(tags, *self.pair)


def _pairs(tags: Tags, key: str, value: str) -> list[dict[str, str]]:
    return [{key: name, value: tags[name]} for name in sorted(tags)]


def _own(tags: Tags) -> dict[str, str]:
    """AWS's own tags can't be changed, so they aren't part of any declaration."""
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}
