"""What holds for a whole account, or for one region of it. It is there from the start: it is set, and set back.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html
"""

from collections.abc import Callable
from typing import Any, Final

from honseki.aws_types import shapes
from honseki.aws_types.clients import Clients
from honseki.aws_types.core import Delete, Live, Output, Read, ResourceType, Update, Values
from honseki.aws_types.properties import Property

_ONLY_ONE: Final = ((),)

# -- IAM

_POLICY_ID: Final = "iam-account-password-policy"
_PASSWORD_PROPERTIES: Final = (
    Property("minimumPasswordLength", "integer", default=6),
    Property("requireLowercaseCharacters", "boolean", computed=True),
    Property("requireUppercaseCharacters", "boolean", computed=True),
    Property("requireNumbers", "boolean", computed=True),
    Property("requireSymbols", "boolean", computed=True),
    Property("allowUsersToChangePassword", "boolean", default=True),
    Property("maxPasswordAge", "integer", computed=True),
    Property("passwordReusePrevention", "integer", computed=True),
)


def _put_password_policy(clients: Clients, identifier: str, inputs: Values) -> None:
    """What isn't said goes back to its default: the call writes all of it."""
    del identifier
    values = {each.name: inputs.get(each.name) for each in _PASSWORD_PROPERTIES}
    shape = clients.input_shape("iam", "UpdateAccountPasswordPolicy")
    clients.call("iam", "UpdateAccountPasswordPolicy", **shapes.to_members(shape, values, {}))


def _create_password_policy(clients: Clients, inputs: Values) -> str:
    _put_password_policy(clients, _POLICY_ID, inputs)
    return _POLICY_ID


def _password_policy(clients: Clients, identifier: str, known: Values) -> Values:
    del identifier, known
    policy: Values = clients.call("iam", "GetAccountPasswordPolicy")["PasswordPolicy"]
    return policy


def _delete_password_policy(clients: Clients, identifier: str, known: Values) -> None:
    del identifier, known
    clients.call("iam", "DeleteAccountPasswordPolicy")


PASSWORD_POLICY: Final = ResourceType(
    token="aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
    service="iam",
    properties=_PASSWORD_PROPERTIES,
    creating=_create_password_policy,
    reading=Read(fetch=_password_policy, missing=("NoSuchEntity",)),
    updates=(Update(tuple(each.name for each in _PASSWORD_PROPERTIES), _put_password_policy),),
    deleting=_delete_password_policy,
    finding=lambda _clients, _inputs: [_POLICY_ID],
    natural=True,
    alone=_ONLY_ONE,
)

# -- S3

_BLOCKS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _put_public_block(clients: Clients, identifier: str, inputs: Values) -> None:
    blocks = {name[0].upper() + name[1:]: bool(inputs.get(name)) for name in _BLOCKS}
    clients.call("s3control", "PutPublicAccessBlock", AccountId=identifier, PublicAccessBlockConfiguration=blocks)


def _create_public_block(clients: Clients, inputs: Values) -> str:
    account: str = inputs.get("accountId") or clients.account
    _put_public_block(clients, account, inputs)
    return account


def _account(clients: Clients, identifier: str, item: Values) -> Live:
    del clients, item
    return {"accountId": identifier}


ACCOUNT_PUBLIC_ACCESS_BLOCK: Final = ResourceType(
    token="aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
    service="s3control",
    properties=(
        Property("accountId", replaces=True, computed=True),
        *(Property(each, "boolean", default=False) for each in _BLOCKS),
    ),
    creating=_create_public_block,
    reading=Read(
        "GetPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        by="AccountId",
        missing=("NoSuchPublicAccessBlockConfiguration",),
        also=_account,
    ),
    updates=(Update(_BLOCKS, _put_public_block),),
    deleting=Delete("DeletePublicAccessBlock", by="AccountId"),
    finding=lambda clients, inputs: [inputs.get("accountId") or clients.account],
    natural=True,
    alone=_ONLY_ONE,
)

# -- EC2: settings of a region. They can't be absent: deletion sets them to what a new account has.


def _setting(
    token: str,
    *properties: Property,
    identifier: Callable[[Clients, Values], str],
    put: Callable[[Clients, Values], None],
    get: Callable[[Clients], Live],
    reset: Callable[[Clients], None],
    outputs: tuple[Output, ...] = (),
    state: str = "",
    busy: tuple[str, ...] = (),
) -> ResourceType:
    def create(clients: Clients, inputs: Values) -> str:
        put(clients, inputs)
        return identifier(clients, inputs)

    changing = tuple(each.name for each in properties if not each.replaces)
    return ResourceType(
        token=token,
        service="ec2",
        properties=properties,
        outputs=outputs,
        creating=create,
        reading=Read(fetch=lambda clients, _identifier, _known: get(clients), state=state, busy=busy),
        updates=(Update(changing, lambda clients, _identifier, inputs: put(clients, inputs)),) if changing else (),
        deleting=lambda clients, _identifier, _known: reset(clients),
        finding=lambda clients, inputs: [identifier(clients, inputs)],
        natural=True,
        alone=_ONLY_ONE,
    )


def _region(clients: Clients, inputs: Values) -> str:
    del inputs
    return clients.region


def _set_encryption(clients: Clients, inputs: Values) -> None:
    enabled = inputs.get("enabled", True)
    clients.call("ec2", "EnableEbsEncryptionByDefault" if enabled else "DisableEbsEncryptionByDefault")


ENCRYPTION_BY_DEFAULT: Final = _setting(
    "aws:ebs/encryptionByDefault:EncryptionByDefault",
    Property("enabled", "boolean", default=True),
    identifier=_region,
    put=_set_encryption,
    get=lambda clients: {"enabled": clients.call("ec2", "GetEbsEncryptionByDefault")["EbsEncryptionByDefault"]},
    reset=lambda clients: _set_encryption(clients, {"enabled": False}),
)


def _call(operation: str, clients: Clients, **members: Any) -> None:
    clients.call("ec2", operation, **members)


DEFAULT_KMS_KEY: Final = _setting(
    "aws:ebs/defaultKmsKey:DefaultKmsKey",
    Property("keyArn", required=True, replaces=True),
    identifier=lambda _clients, inputs: str(inputs["keyArn"]),
    put=lambda clients, inputs: _call("ModifyEbsDefaultKmsKeyId", clients, KmsKeyId=inputs["keyArn"]),
    get=lambda clients: {"keyArn": clients.call("ec2", "GetEbsDefaultKmsKeyId")["KmsKeyId"]},
    reset=lambda clients: _call("ResetEbsDefaultKmsKeyId", clients),
)


def _set_snapshot_block(clients: Clients, inputs: Values) -> None:
    state = inputs["state"]
    if state == "unblocked":
        clients.call("ec2", "DisableSnapshotBlockPublicAccess")
    else:
        clients.call("ec2", "EnableSnapshotBlockPublicAccess", State=state)


SNAPSHOT_BLOCK_PUBLIC_ACCESS: Final = _setting(
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
    Property("state", required=True, choices=("block-all-sharing", "block-new-sharing", "unblocked")),
    identifier=_region,
    put=_set_snapshot_block,
    get=lambda clients: {"state": clients.call("ec2", "GetSnapshotBlockPublicAccessState")["State"]},
    reset=lambda clients: _set_snapshot_block(clients, {"state": "unblocked"}),
)


def _set_image_block(clients: Clients, inputs: Values) -> None:
    state = inputs["state"]
    if state == "unblocked":
        clients.call("ec2", "DisableImageBlockPublicAccess")
    else:
        clients.call("ec2", "EnableImageBlockPublicAccess", ImageBlockPublicAccessState=state)


def _image_block(clients: Clients) -> Live:
    return {"state": clients.call("ec2", "GetImageBlockPublicAccessState")["ImageBlockPublicAccessState"]}


IMAGE_BLOCK_PUBLIC_ACCESS: Final = _setting(
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess",
    Property("state", required=True, choices=("block-new-sharing", "unblocked")),
    identifier=_region,
    put=_set_image_block,
    get=_image_block,
    # As the official provider: whoever no longer declares it doesn't mean to open it.
    reset=lambda _clients: None,
)

_NO_PREFERENCE: Final = "no-preference"


def _set_metadata_defaults(clients: Clients, inputs: Values) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataDefaults.html."""
    clients.call(
        "ec2",
        "ModifyInstanceMetadataDefaults",
        HttpTokens=inputs.get("httpTokens") or _NO_PREFERENCE,
        HttpPutResponseHopLimit=inputs.get("httpPutResponseHopLimit") or -1,
        HttpEndpoint=inputs.get("httpEndpoint") or _NO_PREFERENCE,
        InstanceMetadataTags=inputs.get("instanceMetadataTags") or _NO_PREFERENCE,
    )


def _metadata_defaults(clients: Clients) -> Live:
    answer: Live = clients.call("ec2", "GetInstanceMetadataDefaults").get("AccountLevel", {})
    return {name: value for name, value in answer.items() if value not in {_NO_PREFERENCE, -1}}


INSTANCE_METADATA_DEFAULTS: Final = _setting(
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
    Property("httpTokens", choices=("optional", "required", _NO_PREFERENCE)),
    Property("httpPutResponseHopLimit", "integer"),
    Property("httpEndpoint", choices=("enabled", "disabled", _NO_PREFERENCE)),
    Property("instanceMetadataTags", choices=("enabled", "disabled", _NO_PREFERENCE)),
    identifier=_region,
    put=_set_metadata_defaults,
    get=_metadata_defaults,
    reset=lambda clients: _set_metadata_defaults(clients, {}),
)


_UPDATING: Final = ("update-in-progress",)


def _set_internet_block(clients: Clients, inputs: Values) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcBlockPublicAccessOptions.html."""
    mode = inputs["internetGatewayBlockMode"]
    clients.call("ec2", "ModifyVpcBlockPublicAccessOptions", InternetGatewayBlockMode=mode)


def _internet_block(clients: Clients) -> Live:
    answer: Live = clients.call("ec2", "DescribeVpcBlockPublicAccessOptions")["VpcBlockPublicAccessOptions"]
    return answer


def _unblock_internet(clients: Clients) -> None:
    """As the official provider: off, and until it is."""
    _set_internet_block(clients, {"internetGatewayBlockMode": "off"})
    VPC_BLOCK_PUBLIC_ACCESS.wait_for(
        clients, clients.region, lambda item: item is not None and item["State"] not in _UPDATING
    )


VPC_BLOCK_PUBLIC_ACCESS: Final = _setting(
    "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions",
    Property("internetGatewayBlockMode", required=True, choices=("off", "block-bidirectional", "block-ingress")),
    identifier=_region,
    put=_set_internet_block,
    get=_internet_block,
    reset=_unblock_internet,
    outputs=(Output("awsAccountId"), Output("awsRegion")),
    state="State",
    busy=_UPDATING,
)
