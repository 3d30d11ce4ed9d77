"""A small engine over botocore's service models: a type is a table; this creates, reads, changes and deletes by it."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import jmespath

from honseki.aws_types import shapes
from honseki.aws_types.clients import Clients
from honseki.aws_types.errors import AwsError, PartlyCreatedError
from honseki.aws_types.properties import Property, empty
from honseki.aws_types.tags import Tagging, set_tags

Values = Mapping[str, Any]
Live = dict[str, Any]

PATIENCE_S: Final = 600.0
# Nothing takes that long in a rehearsal region: there it is a fault, to be said before somebody thinks that it hangs.
REHEARSAL_TIMEOUT_S: Final = 60.0
_FIRST_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 5.0


@dataclass(frozen=True)
class Output:
    """A property that only AWS sets. It may change when one of `follows` does; else it never changes."""

    name: str
    follows: tuple[str, ...] = ()
    kind: str = "string"


@dataclass(frozen=True)
class Create:
    """The call that creates, and where (JMESPath) its answer names what it made."""

    operation: str
    identifier: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    constants: Values = field(default_factory=dict)
    also: Callable[[Clients, Values], Values] | None = None
    """Members that no rename can make."""


@dataclass(frozen=True)
class Read:
    """The call that describes one resource, or a function that finds its description."""

    operation: str = ""
    item: str = ""
    """JMESPath of the description in the answer."""
    by: str = ""
    """The member that takes the identifier."""
    missing: tuple[str, ...] = ()
    """Error codes that mean: there is none."""
    fetch: Callable[[Clients, str, Values], Values | None] | None = None
    """Instead of `operation`. Gets what is known of the resource, as an identifier alone may not find it."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Property -> JMESPath in the description."""
    also: Callable[[Clients, str, Values], Values] | None = None
    """Properties that the description doesn't carry as they are; gets the description."""
    state: str = ""
    """JMESPath of the state, for those that take their time."""
    busy: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Update:
    """A call for some properties that can change in place."""

    covers: tuple[str, ...]
    apply: Callable[[Clients, str, Values], None]
    """Makes live what is declared, whatever it was before."""
    at_creation: bool = False
    """The creating call doesn't take them: they are set right after it ..."""
    fresh: Values = field(default_factory=dict)
    """... unless what is declared is what a new one has anyway."""


@dataclass(frozen=True)
class Delete:
    """The call that deletes."""

    operation: str
    by: str
    constants: Values = field(default_factory=dict)


def forget(clients: Clients, identifier: str, known: Values) -> None:
    """The deletion of what can't be deleted, or isn't ours to delete: it is left as it is."""
    del clients, identifier, known


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One Pulumi type: its properties, and the AWS calls behind them.

    Methods take `Clients` of the account and region where the resource is. They raise `AwsError`.
    """

    token: str
    service: str
    properties: tuple[Property, ...]
    outputs: tuple[Output, ...] = ()
    creating: Create | Callable[[Clients, Values], str]
    reading: Read
    updates: tuple[Update, ...] = ()
    deleting: Delete | Callable[[Clients, str, Values], None]
    finding: Callable[[Clients, Values], Iterable[str]]
    """Identifiers of live resources that may be what is declared; `find` looks closer."""
    natural: bool = False
    """What forces replacement tells it from all others, so it is found without tags too."""
    tagging: Tagging | None = None
    tag_target: str = "{id}"
    """What the tagging calls call the resource; like `arn`, with {id}, {region}, {account} and {partition}.

    {name} is what stands behind the last slash of an identifier that is an ARN.
    """
    arn: str = ""
    timeout_s: float = PATIENCE_S
    """How long AWS may take over it (seconds)."""
    alone: tuple[tuple[str, ...], ...] = ()
    """Sets of properties of which AWS allows each combination once: a replacement that keeps one waits for deletion.

    An empty set: there is only ever one.
    """

    @cached_property
    def by_name(self) -> Mapping[str, Property]:
        """The inputs by name."""
        return {each.name: each for each in self.properties}

    def with_defaults(self, inputs: Values) -> dict[str, Any]:
        """`inputs` and what holds where they say nothing."""
        defaults = {each.name: each.default for each in self.properties if each.default is not None}
        return {**defaults, **{name: value for name, value in inputs.items() if value is not None}}

    def create(self, clients: Clients, inputs: Values) -> str:
        """Create what `inputs` declare, complete and ready; its identifier.

        `PartlyCreatedError` if the first call worked, and one that should have completed it didn't.
        """
        if isinstance(self.creating, Create):
            identifier = self._created(self.creating, clients, inputs)
        else:
            identifier = self.creating(clients, inputs)
        try:
            self._wait(clients, identifier, inputs)
            for update in self.updates:
                if update.at_creation and self._asked_for(update, inputs):
                    update.apply(clients, identifier, inputs)
            if self.tagging is not None and not self.tagging.at_creation:
                self._set_tags(clients, identifier, inputs)
            self._wait(clients, identifier, inputs)
        except AwsError as error:
            raise PartlyCreatedError(identifier, error) from error
        return identifier

    def read(self, clients: Clients, identifier: str, known: Values | None = None) -> Live | None:
        """Every property that AWS tells, as it is now, and "id"; None if the resource is gone.

        `known` is what was last known of it: a few identifiers don't lead to the resource for ever.
        """
        item = self._item(clients, identifier, known or {})
        if item is None:
            return None
        live: Live = {"id": identifier}
        if self.arn:
            live["arn"] = self.expand(self.arn, clients, identifier)
        for name, kind in self._kinds().items():
            value = shapes.pick(item, name, self.reading.renamed)
            if value is not None and name != "tags":
                live[name] = _typed(kind, value, self.by_name.get(name))
        if self.reading.also is not None:
            live.update(self.reading.also(clients, identifier, item))
        if self.tagging is not None:
            target = self.expand(self.tag_target, clients, live["id"])
            live["tags"] = live["tagsAll"] = self.tagging.read(clients, target, item)
        return live

    def update(self, clients: Clients, identifier: str, inputs: Values, changed: Iterable[str]) -> None:
        """Make live what `inputs` declare of the properties named `changed`."""
        names = set(changed)
        for update in self.updates:
            if names.intersection(update.covers):
                update.apply(clients, identifier, inputs)
        if self.tagging is not None and "tags" in names:
            self._set_tags(clients, identifier, inputs)
        if names:
            self._wait(clients, identifier, inputs)

    def delete(self, clients: Clients, identifier: str, known: Values | None = None) -> None:
        """Delete it, and wait until it is gone; to delete what is gone already is no error."""
        known = known or {}
        try:
            if isinstance(self.deleting, Delete):
                named = {self.deleting.by: identifier, **self.deleting.constants}
                clients.call(self.service, self.deleting.operation, **named)
            else:
                self.deleting(clients, identifier, known)
        except AwsError as error:
            # Not every service has an error of its own for what isn't there.
            if error.code in self.reading.missing or self._item(clients, identifier, known) is None:
                return
            raise
        if self.reading.gone and self.deleting is not forget:
            self._poll(clients, identifier, known, lambda item: item is None, self.deleting_name)

    @property
    def deleting_name(self) -> str:
        """The operation that a deletion is known by in messages."""
        return self.deleting.operation if isinstance(self.deleting, Delete) else f"delete {self.token}"

    def find(self, clients: Clients, inputs: Values, exclude: Iterable[str] = ()) -> list[str]:
        """Identifiers of live resources that are what `inputs` declare, without those in `exclude`.

        With tags: all declared tags are equal, and so is all that forces replacement. Without: the latter alone, for
        the types where that tells one from all others.
        """
        by_tags = self.tagging is not None and self.tagging.at_creation
        if by_tags and not self.natural and empty(inputs.get("tags")):
            return []
        known = set(exclude)
        found = []
        for candidate in self.finding(clients, inputs):
            if candidate in known or candidate in found:
                continue
            live = self.read(clients, candidate, inputs)
            if live is not None and live["id"] not in known and self._is(live, inputs, by_tags=by_tags):
                found.append(live["id"])
        return found

    def clashes(self, old: Values, new: Values) -> bool:
        """Would AWS refuse `new` as long as `old` is there?"""
        return any(all(old.get(name) == new.get(name) for name in names) for names in self.alone)

    def expand(self, template: str, clients: Clients, identifier: str) -> str:
        """An ARN, or whatever else is made of the identifier and where it is."""
        return template.format(
            id=identifier,
            name=identifier.rsplit("/", 1)[-1],
            region=clients.region,
            account=clients.account,
            partition=clients.partition,
        )

    def wait_for(self, clients: Clients, identifier: str, done: Callable[[Values | None], bool]) -> None:
        """Until `done` is true of its description (None when it is gone)."""
        self._poll(clients, identifier, {}, done, f"create or update of {self.token}")

    def _kinds(self) -> dict[str, str]:
        return {each.name: each.kind for each in self.outputs} | {each.name: each.kind for each in self.properties}

    def _created(self, create: Create, clients: Clients, inputs: Values) -> str:
        shape = clients.input_shape(self.service, create.operation)
        values = {name: value for name, value in inputs.items() if name != "tags" and not empty(value)}
        members = {**shapes.to_members(shape, values, create.renamed, self.by_name), **create.constants}
        if create.also is not None:
            members.update(create.also(clients, inputs))
        tags = inputs.get("tags")
        if tags and self.tagging is not None and self.tagging.at_creation:
            members.update(self.tagging.members(tags))
        answer = clients.call(self.service, create.operation, **members)
        identifier: str | None = jmespath.search(create.identifier, answer)
        if identifier is None:
            raise AwsError(self.service, create.operation, "NothingCreated", f"no {create.identifier} in {answer}")
        return identifier

    def _item(self, clients: Clients, identifier: str, known: Values) -> Values | None:
        reading = self.reading
        try:
            if reading.fetch is not None:
                item = reading.fetch(clients, identifier, known)
            else:
                shape = clients.input_shape(self.service, reading.operation).members[reading.by]
                named = [identifier] if shape.type_name == "list" else identifier
                item = jmespath.search(
                    reading.item, clients.call(self.service, reading.operation, **{reading.by: named})
                )
        except AwsError as error:
            if error.code in reading.missing:
                return None
            raise
        if item is None or (reading.gone and jmespath.search(reading.state, item) in reading.gone):
            return None
        return item

    def _asked_for(self, update: Update, inputs: Values) -> bool:
        declared = {name: inputs[name] for name in update.covers if inputs.get(name) is not None}
        return any(name not in update.fresh or update.fresh[name] != value for name, value in declared.items())

    def _set_tags(self, clients: Clients, identifier: str, inputs: Values) -> None:
        live = self.read(clients, identifier, inputs)
        if self.tagging is not None and live is not None:
            target = self.expand(self.tag_target, clients, live["id"])
            set_tags(self.tagging, clients, target, live["tags"], inputs.get("tags") or {})

    def _is(self, live: Live, inputs: Values, *, by_tags: bool) -> bool:
        if by_tags and any(live["tags"].get(key) != value for key, value in (inputs.get("tags") or {}).items()):
            return False
        return all(
            each.same(live.get(each.name), inputs[each.name])
            for each in self.properties
            if each.replaces and not each.write_only and not each.secret and inputs.get(each.name) is not None
        )

    def _wait(self, clients: Clients, identifier: str, known: Values) -> None:
        """Until AWS is done with it."""
        if self.reading.busy:
            self._poll(
                clients,
                identifier,
                known,
                lambda item: item is not None and jmespath.search(self.reading.state, item) not in self.reading.busy,
                f"create or update of {self.token}",
            )

    def _poll(
        self, clients: Clients, identifier: str, known: Values, done: Callable[[Values | None], bool], what: str
    ) -> None:
        timeout = min(self.timeout_s, REHEARSAL_TIMEOUT_S) if clients.on_this_machine else self.timeout_s
        deadline = time.monotonic() + timeout
        pause = _FIRST_PAUSE_S
        while True:
            item = self._item(clients, identifier, known)
            state = jmespath.search(self.reading.state, item) if item is not None and self.reading.state else None
            if state is not None and state in self.reading.failed:
                raise AwsError(self.service, what, f"State:{state}", f"{identifier} went into the state {state}")
            if done(item):
                return
            if time.monotonic() > deadline:
                raise AwsError(
                    self.service,
                    what,
                    "TimedOut",
                    f"{identifier} is still {state or 'not done'} after {timeout:.0f} s",
                )
            time.sleep(pause)
            pause = min(pause * 1.7, _LONGEST_PAUSE_S)


def _typed(kind: str, value: Any, declared: Property | None) -> Any:
    """An answer's value as the Pulumi type has it: an ASN is a long to AWS and a string to Pulumi."""
    if kind == "json":
        return value if isinstance(value, str) else json.dumps(value)
    if kind in {"object", "objects"}:
        return shapes.from_api(value, declared)
    plain = shapes.from_api(value)
    if kind in {"string", "cidr"} and isinstance(plain, (int, float)):
        return str(plain).lower() if isinstance(plain, bool) else str(plain)
    if kind == "integer":
        return int(plain)
    if kind == "number" and float(plain).is_integer():
        return int(plain)
    return plain
