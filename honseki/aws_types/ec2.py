"""What the EC2 tables share."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Values


def by_tags(
    operation: str, items: str, identifier: str, *, member: str = "Filters"
) -> Callable[[Clients, Values], Any]:
    """Candidates for `find`: what carries all declared tags.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
    """

    def find(clients: Clients, inputs: Values) -> Iterator[str]:
        tags = inputs.get("tags") or {}
        filters = [{"Name": f"tag:{key}", "Values": [literal(tags[key])]} for key in sorted(tags)]
        return clients.pages("ec2", operation, f"{items}[].{identifier}", **{member: filters})

    return find


def literal(text: str) -> str:
    """`text` in a filter's value, where * and ? would stand for others."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def where(**values: str) -> list[dict[str, Any]]:
    """Filters: `vpc_id="vpc-1"` is vpc-id = vpc-1; a double underscore is a full stop."""
    return [{"Name": name.replace("__", ".").replace("_", "-"), "Values": [value]} for name, value in values.items()]


def first(clients: Clients, operation: str, items: str, **values: str) -> Mapping[str, Any] | None:
    """The first item of a describing operation that the filters let through."""
    return next(clients.pages("ec2", operation, items, Filters=where(**values)), None)
