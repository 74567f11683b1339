"""The loops call the driver as recorded ones did: the same codes, as often, after the same pauses."""

import json
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from cosictl.model.refs import Api
from cosictl.sandbox.api.resources import resource_of
from tests.looping import RECORDED, Cluster, recorded_objects
from tests.virtual_time import run

# Claims whose objects people edited while it was recorded; those they deleted are not among the objects.
EDITED = {Api.V1ALPHA1: frozenset({"create-invalidargument", "healthy"}), Api.V1ALPHA2: frozenset[str]()}
# Below this a recorded step is the worker's own pace (v1alpha2 has one for all Buckets), not the backoff's.
OWN_PACE = {Api.V1ALPHA1: 0.0, Api.V1ALPHA2: 0.6}


@dataclass(frozen=True)
class Calls:
    """The calls about one Bucket: codes in order, and seconds since the first."""

    codes: tuple[str, ...]
    times: tuple[float, ...]

    def steps(self) -> list[float]:
        return [later - sooner for sooner, later in pairwise(self.times)]


def gather(calls: list[tuple[str, str, float]]) -> dict[str, Calls]:
    found = defaultdict(list)
    for key, code, at in calls:
        found[key].append((code, at))
    return {
        key: Calls(tuple(code for code, _ in rows), tuple(at - rows[0][1] for _, at in rows))
        for key, rows in found.items()
    }


def recorded(version: str) -> tuple[dict[str, Calls], dict[str, float]]:
    """The recorded calls, and for each Bucket how long it was watched after its first call."""
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in (RECORDED / version / "driver-calls.jsonl").read_text().splitlines()
    ]
    creates = [(row["key"], row["code"], row["t"]) for row in rows if row["method"] == "DriverCreateBucket"]
    end = max(row["t"] for row in rows)
    first: dict[str, float] = {}
    for key, _, at in creates:
        first.setdefault(key, at)
    return gather(creates), {key: end - at for key, at in first.items()}


async def played(api: Api, seconds: float) -> dict[str, Calls]:
    async with Cluster(api) as cluster:
        for value in recorded_objects(api.value):
            resource = resource_of(value["kind"], value["apiVersion"])
            assert resource is not None
            cluster.store.put(resource, value)
        cluster.controller()
        cluster.sidecar()
        await cluster.wait(seconds)
        return gather([(call.key, call.code.value, call.at.timestamp()) for call in cluster.driver.calls])


def unedited(api: Api) -> dict[str, str]:
    """Buckets that nobody touched, by name, and their claims."""
    prefix = "bucket-" if api is Api.V1ALPHA1 else "bc-"
    return {
        prefix + value["metadata"]["uid"]: value["metadata"]["name"]
        for value in recorded_objects(api.value)
        if value["kind"] == "BucketClaim" and value["metadata"]["name"] not in EDITED[api]
    }


@pytest.mark.parametrize(("api", "buckets"), [(Api.V1ALPHA1, 17), (Api.V1ALPHA2, 18)])
def test_every_bucket_is_asked_for_as_it_was(api: Api, buckets: int) -> None:
    was, watched = recorded(api.value)
    found = run(played(api, max(watched.values()) + 20))
    names = sorted(set(unedited(api)) & set(was))
    assert len(names) == buckets
    for name in names:
        within = [at for at in found[name].times if at <= watched[name]]
        assert set(found[name].codes) == set(was[name].codes), name
        assert found[name].codes[:5] == was[name].codes[:5], name
        assert abs(len(within) - len(was[name].times)) <= 1, name
        for mine, theirs in zip(found[name].steps(), was[name].steps(), strict=False):
            assert theirs < OWN_PACE[api] or mine == pytest.approx(theirs, rel=0.2), name
