"""Remote work: for a ticket, until a date, recorded; and who reads the records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from honseki.declare.evaluate import evaluate
from infra.model import NotReadyError
from infra.model.graph import Graph
from tests.infra.conftest import OPERATOR, READER, actions_of, graph_of, municipality, stated, statements

ACCOUNT = "000000272191"
ROLE = "aws:iam/role:Role"
WORK = "aws:iam/rolePolicy:RolePolicy"


def trust(graph: Graph, name: str) -> dict[str, Any]:
    (statement,) = statements(graph.find(ROLE, name), "assumeRolePolicy").values()
    return statement


def test_every_session_is_recorded_twice_and_ends(graph: Graph) -> None:
    for place in ("primary", "recovery"):
        document = graph.find("aws:ssm/document:Document", f"{place}-sessions")
        assert stated(document, "name") == "SSM-SessionManagerRunShell"
        inputs = json.loads(str(stated(document, "content")))["inputs"]
        assert inputs["s3BucketName"] == stated(graph.find("aws:s3/bucket:Bucket", f"{place}-audit"), "bucket")
        group = graph.find("aws:cloudwatch/logGroup:LogGroup", f"{place}-sessions")
        assert inputs["cloudWatchLogGroupName"] == stated(group, "name")
        assert inputs["cloudWatchEncryptionEnabled"] is inputs["s3EncryptionEnabled"] is True
        assert inputs["cloudWatchStreamingEnabled"] is True
        assert int(inputs["idleSessionTimeout"]) <= 15
        assert int(inputs["maxSessionDuration"]) <= 60


def test_the_operator_needs_a_ticket_and_is_stopped_by_a_date(graph: Graph) -> None:
    said = trust(graph, "primary-operator")
    assert said["Principal"] == {"AWS": OPERATOR}
    assert said["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert said["Condition"] == {
        "StringLike": {"aws:RequestTag/ticket": "?*"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["ticket"]},
        "DateLessThan": {"aws:CurrentTime": "2027-04-01T00:00:00Z"},
    }
    assert stated(graph.find(ROLE, "primary-operator"), "maxSessionDuration") == 3600
    for each in statements(graph.find(WORK, "primary-operator")).values():
        assert each["Condition"]["DateLessThan"] == {"aws:CurrentTime": "2027-04-01T00:00:00Z"}
        assert each["Condition"]["StringLike"] == {"aws:PrincipalTag/ticket": "?*"}


def test_the_operator_starts_recorded_sessions_on_this_tenants_servers_only(graph: Graph) -> None:
    said = statements(graph.find(WORK, "primary-operator"))
    condition = said["SessionsOnTheTenantsServers"]["Condition"]
    assert condition["StringEquals"] == {"ssm:resourceTag/honseki:tenant": "272191"}
    assert condition["BoolIfExists"] == {"ssm:SessionDocumentAccessCheck": "true"}
    assert said["WithTheRecordedDocumentOnly"]["Resource"] == [
        f"arn:aws:ssm:{region}:{ACCOUNT}:document/SSM-SessionManagerRunShell"
        for region in ("ap-northeast-1", "ap-northeast-3")
    ]
    actions = actions_of(said)
    assert not {action for action in actions if action.startswith(("logs:", "s3:", "kms:", "rds", "secrets"))}
    assert "ssm:SendCommand" not in actions


def test_the_city_reads_the_history_of_the_work_and_nothing_else(graph: Graph) -> None:
    assert trust(graph, "primary-city")["Principal"] == {"AWS": READER.replace("{code}", "272191")}
    said = statements(graph.find(WORK, "primary-city"))
    actions = actions_of(said)
    reading = ("Describe", "Filter", "Get", "List", "Lookup", "Decrypt")
    assert all(action.partition(":")[2].startswith(reading) for action in actions)
    objects = said["RecordsOfSessions"]["Resource"]
    assert all(resource.endswith("-audit/sessions/*") for resource in objects)
    assert all(
        ":log-group:" in each and each.endswith("/sessions:*") for each in said["SessionsAsTheyHappen"]["Resource"]
    )


def test_nobody_is_named_nobody_works() -> None:
    graph = graph_of(operator=None, readers=None)
    assert not [node for node in graph.of_type(ROLE) if node.name in ("primary-operator", "primary-city")]


@pytest.mark.parametrize("field", ["operator", "readers"])
def test_people_of_rehearsals_are_refused_in_aws(field: str) -> None:
    rehearsal = {"principals": ["arn:aws:iam::000000000000:role/honseki-operator"]}
    given = {**rehearsal, "expires": "2027-04-01"} if field == "operator" else rehearsal
    with pytest.raises(NotReadyError, match=field):
        evaluate(municipality(**{field: given}), "aws")
