"""Every policy can be told from outside, by the calls that its driver gets."""

from itertools import combinations

import pytest

from cosictl.knowledge.policies import POLICIES
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc
from tests.looping import Cluster
from tests.virtual_time import run

Fingerprint = dict[str, int]
# image-60 and v0.2.1 are the same handlers with different ways to write events: no call differs.
SAME_HANDLERS = {"image-60", "v0.2.1"}
CODES = [code for code in GrpcCode if code is not GrpcCode.OK]
# Long enough for a few retries, short enough for one minute's pause not to be among them.
LOOK = 20.0


async def refused(policy: str) -> Fingerprint:
    """How often it calls: for every code that a create, and then a delete, is answered with."""
    found: Fingerprint = {}
    for rpc in (Rpc.CREATE, Rpc.DELETE):
        for code in CODES:
            async with Cluster(POLICIES[policy].api) as cluster:
                deletes = POLICIES[policy].api is Api.V1ALPHA2 and policy != "main-2026-03"
                cluster.controller("later-main" if deletes else "")
                cluster.sidecar(policy)
                told = {"create": code.value} if rpc is Rpc.CREATE else {"delete": code.value, "delay": "0.2"}
                cluster.provision(**told)
                await cluster.wait(LOOK)
                if rpc is Rpc.DELETE:
                    cluster.delete(cluster.claim())
                    await cluster.wait(LOOK)
                found[f"{rpc.value} {code.value}"] = len(cluster.driver.of(rpc))
    return found


async def edited(policy: str) -> Fingerprint:
    """How often it calls after an annotation was written on an object that loops."""
    async with Cluster(POLICIES[policy].api) as cluster:
        cluster.controller()
        cluster.sidecar(policy)
        cluster.provision(create="Internal")
        await cluster.wait(LOOK)
        before = len(cluster.driver.calls)
        cluster.annotate(cluster.bucket())
        await cluster.wait(1)
        at_once = len(cluster.driver.calls) - before
        await cluster.wait(90)
        return {"edit": at_once, "after the edit": len(cluster.driver.calls) - before}


async def restarted(policy: str) -> Fingerprint:
    """Whether it takes up a deletion that was asked for while it was not running."""
    async with Cluster(POLICIES[policy].api) as cluster:
        cluster.controller()
        sidecar = cluster.sidecar(policy)
        cluster.provision(delay="0.2")
        await cluster.wait(LOOK)
        await cluster.stop(sidecar)
        cluster.delete(cluster.claim())
        await cluster.wait(LOOK)
        cluster.sidecar(policy)
        await cluster.wait(LOOK)
        return {"resumed": len(cluster.driver.of(Rpc.DELETE))}


async def hung(policy: str) -> Fingerprint:
    """How many buckets it creates while one call hangs."""
    async with Cluster(POLICIES[policy].api) as cluster:
        cluster.controller()
        cluster.sidecar(policy)
        cluster.provision("hangs", delay="5000")
        await cluster.wait(1)
        cluster.provision("photos")
        await cluster.wait(LOOK)
        return {"beside a hanging call": len(cluster.driver.of(Rpc.CREATE))}


@pytest.fixture(scope="module")
def fingerprints() -> dict[str, Fingerprint]:
    looks = (refused, edited, restarted, hung)
    return {policy: {key: n for look in looks for key, n in run(look(policy)).items()} for policy in POLICIES}


@pytest.mark.parametrize(("one", "other"), list(combinations(POLICIES, 2)), ids=str)
def test_two_policies_make_different_calls(one: str, other: str, fingerprints: dict[str, Fingerprint]) -> None:
    first, second = fingerprints[one], fingerprints[other]
    differing = {key: (first[key], second[key]) for key in first if first[key] != second[key]}
    assert bool(differing) is ({one, other} != SAME_HANDLERS)


def test_the_two_with_the_same_handlers_differ_in_what_they_write() -> None:
    async def written(policy: str) -> int:
        async with Cluster() as cluster:
            cluster.controller()
            cluster.sidecar(policy)
            cluster.provision(create="Internal")
            await cluster.wait(LOOK)
            return len(cluster.events(cluster.bucket()["metadata"]["name"]))

    assert {policy: run(written(policy)) for policy in sorted(SAME_HANDLERS)} == {"image-60": 0, "v0.2.1": 1}
