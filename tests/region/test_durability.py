"""What was answered with success is there after the process died."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from botocore import exceptions

from honseki.rehearsal.region import control, environment
from honseki.rehearsal.region.issues import TenantIssue
from honseki.rehearsal.region.store import MAIN, AccountImage, Key, Store, StoreError

from .conftest import CONNECTION, INTERFACE, PRIMARY, RECOVERY, Clients, assume, new_account
from .tenant import build, describe


def kill(info: control.RegionInfo) -> None:
    os.kill(info.pid, signal.SIGKILL)
    psutil.Process(info.pid).wait(10)


def issued(info: control.RegionInfo) -> Clients:
    account = new_account()
    control.issue(info, [TenantIssue(account, (PRIMARY, RECOVERY), (CONNECTION,), (INTERFACE,))])
    return assume(info, account)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill -9", "stop"])
def test_a_restart_changes_nothing_that_is_told(own_region: control.RegionInfo, how: str) -> None:
    clients = issued(own_region)
    build(clients)
    before = describe(clients)
    if how == "stop":
        control.stop(own_region.home)
    else:
        kill(own_region)
    control.start(own_region.home)
    after = describe(clients)
    assert {k for k in before if before[k] != after[k]} == set()
    # ... and it can go on: the objects still hang together.
    vpc = before[f"{PRIMARY} vpcs"]["Vpcs"][0]["VpcId"]
    clients("ec2").create_subnet(VpcId=vpc, CidrBlock="10.1.9.0/24", AvailabilityZone=f"{PRIMARY}a")
    (endpoint,) = (e for e in before[f"{PRIMARY} endpoints"]["VpcEndpoints"] if e["VpcEndpointType"] == "Interface")
    clients("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    assert clients("ec2").describe_network_interfaces()["NetworkInterfaces"] == []


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_it_is_killed_amid_writes(own_region: control.RegionInfo) -> None:
    """Four writers in two accounts; kills at random moments; every acknowledged group must be there at the end."""
    rng = random.Random(272191)  # noqa: S311 - moments of death, not secrets
    tenants = [issued(own_region), issued(own_region)]
    vpcs = [c("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for c in tenants]
    acknowledged: list[list[str]] = [[], []]
    refused: list[str] = []
    done = threading.Event()

    def write(tenant: int, writer: int) -> None:
        clients, numbers = tenants[tenant], itertools.count()
        while not done.is_set():
            name = f"{writer}-{next(numbers)}"
            try:
                made = clients("ec2").create_security_group(GroupName=name, Description="d", VpcId=vpcs[tenant])
                acknowledged[tenant].append(made["GroupId"])
            except (exceptions.ConnectionError, exceptions.HTTPClientError):
                time.sleep(0.05)  # unknown: it may be there or not
            except exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "InvalidGroup.Duplicate":  # an SDK's own second try
                    refused.append(str(error))

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, n % 2, n) for n in range(4)]
        try:
            for killed in range(3):
                time.sleep(rng.uniform(0.5, 1.5))
                until = time.monotonic() + 120
                # On a busy machine that is longer: each time something was acknowledged that can be lost.
                while min(map(len, acknowledged)) <= 17 * (killed + 1) and time.monotonic() < until:
                    time.sleep(0.01)
                running = control.status(own_region.home)
                assert running is not None
                kill(running)
                control.start(own_region.home)
            time.sleep(0.5)
        finally:
            done.set()
        for writer in writers:
            writer.result()
    assert refused == []
    for clients, names in zip(tenants, acknowledged, strict=True):
        there = {g["GroupId"] for g in clients("ec2").describe_security_groups()["SecurityGroups"]}
        assert len(names) > 50
        assert set(names) <= there


def test_threads_and_accounts_at_once(region: control.RegionInfo) -> None:
    tenants = [issued(region) for _ in range(3)]
    for clients in tenants:
        clients("ec2").create_vpc(CidrBlock="10.0.0.0/16")

    def add(job: int) -> None:
        clients = tenants[job % 3]
        vpc = clients("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        clients("ec2").create_subnet(VpcId=vpc, CidrBlock=f"10.0.{job}.0/24")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(30)))
    for number, clients in enumerate(tenants):
        found = {s["CidrBlock"] for s in clients("ec2").describe_subnets()["Subnets"]}
        assert found == {f"10.0.{job}.0/24" for job in range(30) if job % 3 == number}


# --- the file


def test_a_save_is_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path, "f")
    store.save([AccountImage("a", MAIN, b"1", (Key("k", "a", "t", None),))])
    bad = AccountImage("b", MAIN, b"2", (Key("k", "b", "t", None),))  # the key is another account's already
    with pytest.raises(Exception, match="UNIQUE"):
        store.save([AccountImage("a", MAIN, b"3", (Key("k", "a", "t", None),)), bad])
    assert (store.load("a"), store.load("b"), store.accounts()) == ([b"1"], [], ["a"])
    store.close()


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    Store(tmp_path, "f").close()
    assert (tmp_path / "region.db").stat().st_mode & 0o077 == 0


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    Store(tmp_path, "old").close()
    with pytest.raises(StoreError, match="old"):
        Store(tmp_path, "new")


@pytest.mark.slow
def test_functions_within_a_backend_are_kept(own_region: control.RegionInfo) -> None:
    """moto's Systems Manager counts with a lambda made in its constructor, and numbers documents by it."""
    clients = issued(own_region)
    content = {"schemaVersion": "1.0", "description": "x", "sessionType": "Standard_Stream", "inputs": {}}
    document = {"Content": json.dumps(content), "DocumentType": "Session", "DocumentFormat": "JSON"}
    clients("ssm").create_document(Name="first", **document)
    kill(own_region)
    again = control.start(own_region.home)
    clients("ssm").create_document(Name="second", **document)
    clients("ssm").put_parameter(Name="/a", Value="1", Type="String")
    kill(again)
    control.start(own_region.home)
    for name in ("first", "second"):
        assert json.loads(clients("ssm").get_document(Name=name)["Content"]) == content
    assert clients("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "1"


@pytest.mark.slow
def test_an_account_that_cannot_be_written_goes_back(tmp_path: Path) -> None:
    """In this process: an object that can't be pickled gets into one account; the others don't notice."""
    environment.apply()
    from moto.ec2.models import ec2_backends  # noqa: PLC0415

    from honseki.rehearsal.region import pickles  # noqa: PLC0415
    from honseki.rehearsal.region.state import NotDurableError, State  # noqa: PLC0415

    state = State(Store(tmp_path, pickles.FORMAT))

    def change(account: str, **attributes: object) -> None:
        state.begin()
        with state.lock:
            state.ensure(account)
            ec2_backends[account][PRIMARY].__dict__.update(attributes)
            made = state.changed(account)
        state.commit(made)

    change("000000000001", note="good")
    with pytest.raises(NotDurableError, match="000000000001"):
        change("000000000001", note="worse", poison=(n for n in ()))
    change("000000000002", note="fine")
    change("000000000001", other="after")
    state.ensure("000000000001")
    assert ec2_backends["000000000001"][PRIMARY].__dict__["note"] == "good"
    state.close()
    assert json.dumps(Store(tmp_path, pickles.FORMAT).accounts()) == '["000000000001", "000000000002"]'
