"""Systems Manager's documents: how sessions are recorded is one of them.

https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
"""

from typing import Final

from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Create, Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.errors import AwsError
from honseki.aws_types.properties import TAGS, Property, plain_json
from honseki.aws_types.tags import ApiTags

_ARN: Final = "arn:{partition}:ssm:{region}:{account}:document/{id}"
_NO_VERSION: Final = ("InvalidDocumentVersion", "InvalidDocument")


def tagging(resource_type: str) -> ApiTags:
    """Systems Manager's tags, of a type that its calls name.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
    """
    return ApiTags(
        service="ssm",
        target="ResourceId",
        listing="ListTagsForResource",
        listed="TagList",
        adding="AddTagsToResource",
        removing="RemoveTagsFromResource",
        constants={"ResourceType": resource_type},
    )


def _content(clients: Clients, identifier: str, item: Values) -> Live:
    """What is used, and what is answered where no version is asked for, is the default version, not the latest one."""
    del item
    found = clients.call("ssm", "GetDocument", Name=identifier)
    return {"content": found["Content"]}


def _set_content(clients: Clients, identifier: str, inputs: Values) -> None:
    """A new version, and that is the one to use. A version with that content may be there already.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateDocument.html
    """
    try:
        answer = clients.call(
            "ssm",
            "UpdateDocument",
            Name=identifier,
            Content=inputs["content"],
            DocumentVersion="$LATEST",
            DocumentFormat=inputs.get("documentFormat") or "JSON",
        )
        version = answer["DocumentDescription"]["DocumentVersion"]
    except AwsError as error:
        if error.code not in {"DuplicateDocumentContent", "DuplicateDocumentContentException"}:
            raise
        version = _version_of(clients, identifier, inputs["content"])
    clients.call("ssm", "UpdateDocumentDefaultVersion", Name=identifier, DocumentVersion=version)


def _version_of(clients: Clients, identifier: str, content: str) -> str:
    """The newest version with that content. Versions are numbered from 1, and some may have been deleted."""
    latest = int(clients.call("ssm", "DescribeDocument", Name=identifier)["Document"]["LatestVersion"])
    for version in map(str, range(latest, 0, -1)):
        try:
            found = clients.call("ssm", "GetDocument", Name=identifier, DocumentVersion=version)
        except AwsError as error:
            if error.code not in _NO_VERSION:
                raise
            continue
        if plain_json(found["Content"]) == plain_json(content):
            return version
    message = f"no version of {identifier} has the content that is said to be there already"
    raise AwsError("ssm", "GetDocument", "NotFound", message)


DOCUMENT: Final = ResourceType(
    token="aws:ssm/document:Document",
    service="ssm",
    properties=(
        Property("name", required=True, replaces=True),
        Property("documentType", required=True, replaces=True),
        Property("documentFormat", default="JSON", choices=("JSON",)),
        Property("content", "json", required=True, normal=plain_json),
        TAGS,
    ),
    outputs=(
        Output("arn"),
        Output("documentVersion", follows=("content",)),
        Output("defaultVersion", follows=("content",)),
        Output("status", follows=("content",)),
    ),
    creating=Create("CreateDocument", "DocumentDescription.Name"),
    reading=Read(
        "DescribeDocument",
        "Document",
        by="Name",
        missing=("InvalidDocument",),
        also=_content,
        state="Status",
        busy=("Creating", "Updating"),
        failed=("Failed",),
        gone=("Deleting",),
    ),
    updates=(Update(("content", "documentFormat"), _set_content),),
    deleting=Delete("DeleteDocument", by="Name"),
    finding=lambda _clients, inputs: [inputs["name"]],
    natural=True,
    tagging=tagging("Document"),
    arn=_ARN,
    alone=(("name",),),
)
