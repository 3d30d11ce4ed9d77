"""Tags: every service has its own calls for the same thing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import jmespath

from honseki.aws_types.clients import Clients
from honseki.aws_types.errors import AwsError

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
    creating: str = ""
    """What the creating call calls the tags, if it calls them otherwise than the tagging call."""
    listing_target: str = ""
    """The same of the member that names the resource in `listing`."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Members that all three operations need besides."""
    keys_with_values: bool = False
    """Does `removing` take whole tags?"""
    lookup: Callable[[Clients, str], str] | None = None
    """Finds what the three operations call the resource, where that can't be made of its identifier."""

    def members(self, tags: Tags) -> dict[str, Any]:
        """The creating call takes tags in the form in which the tagging call takes them."""
        return {self.creating or self.tags: self._form(tags)}

    def read(self, clients: Clients, target: str, item: Mapping[str, Any]) -> dict[str, str]:
        """Ask for the tags: the answer that describes the resource doesn't carry them."""
        del item
        named = self._named(clients, self.listing, target)
        if self.pair is None:
            return _own(jmespath.search(self.listed, clients.call(self.service, self.listing, **named)) or {})
        key, value = self.pair
        tags = clients.pages(self.service, self.listing, self.listed, **named)
        return _own({tag[key]: tag.get(value, "") for tag in tags})

    def add(self, clients: Clients, target: str, tags: Tags) -> None:
        """Set them by the service's own call."""
        named = self._named(clients, self.adding, target)
        clients.call(self.service, self.adding, **named, **{self.tags: self._form(tags)})

    def remove(self, clients: Clients, target: str, keys: list[str]) -> None:
        """Remove them by the service's own call."""
        named = self._named(clients, self.removing, target)
        some = [{"Key": key} for key in keys] if self.keys_with_values else keys
        clients.call(self.service, self.removing, **named, **{self.keys: some})

    def _named(self, clients: Clients, operation: str, target: str) -> dict[str, Any]:
        """The member that names the resource, as the operation takes it: one, or a list."""
        members = clients.input_shape(self.service, operation).members
        wanted = self.listing_target if operation == self.listing and self.listing_target else self.target
        member = next(name for name in members if name.rstrip("s") == wanted.rstrip("s"))
        target = self.lookup(clients, target) if self.lookup is not None else target
        return {member: [target] if members[member].type_name == "list" else target, **self.constants}

    def _form(self, tags: Tags) -> Any:
        return dict(tags) if self.pair is None else _pairs(tags, *self.pair)


@dataclass(frozen=True)
class BucketTags:
    """A bucket's tags are one document: each change writes all of them.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html
    """

    at_creation: bool = True

    def members(self, tags: Tags) -> dict[str, Any]:
        """Of CreateBucketConfiguration."""
        return {"Tags": _pairs(tags, "Key", "Value")}

    def read(self, clients: Clients, target: str, item: Mapping[str, Any]) -> dict[str, str]:
        """An error says that there are none."""
        del item
        return _own(self._all(clients, target))

    def add(self, clients: Clients, target: str, tags: Tags) -> None:
        """All tags, with these."""
        self._put(clients, target, {**self._all(clients, target), **tags})

    def remove(self, clients: Clients, target: str, keys: list[str]) -> None:
        """All tags, without these."""
        kept = {key: value for key, value in self._all(clients, target).items() if key not in keys}
        if kept:
            self._put(clients, target, kept)
        else:
            clients.call("s3", "DeleteBucketTagging", Bucket=target)

    @staticmethod
    def _all(clients: Clients, bucket: str) -> dict[str, str]:
        try:
            answer = clients.call("s3", "GetBucketTagging", Bucket=bucket)
        except AwsError as error:
            if error.code == "NoSuchTagSet":
                return {}
            raise
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    @staticmethod
    def _put(clients: Clients, bucket: str, tags: Tags) -> None:
        clients.call("s3", "PutBucketTagging", Bucket=bucket, Tagging={"TagSet": _pairs(tags, "Key", "Value")})


def _pairs(tags: Tags, key: str, value: str) -> list[dict[str, str]]:
    return [{key: name, value: tags[name]} for name in sorted(tags)]


def _own(tags: Tags) -> dict[str, str]:
    """AWS's own tags can't be changed, so they aren't part of any declaration."""
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}
