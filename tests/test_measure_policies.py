"""Every row that the sandbox can play is found again by ``sidecars measure`` through a real sidecar process.

The runs go on side by side, each with a process of its own for the command and for the sidecar: some on an API server
that the command brings along, some in a cluster with a controller, some with a sidecar that somebody else starts.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.knowledge.policies import POLICIES, Effect
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc
from cosictl.render.measure_text import SHORT
from tests.measuring import Measured, on_cluster, on_sandbox, served_by_others

SIDE_BY_SIDE: Final = 2
SPEEDS: Final = ("30", "20", "12")
IN_A_CLUSTER: Final = frozenset({"v0.2.2", "main-2026-03"})
BY_OTHERS: Final = frozenset({"later-main"})
# The longest first.
ORDER: Final = (
    "main-2026-03",
    "later-main",
    "spec-v1alpha2",
    *(n for n in POLICIES if n not in {"main-2026-03", "later-main", "spec-v1alpha2"}),
)
# What the v1alpha2 specification leaves open is retried by whoever plays it: that is later main.
ALIKE: Final = {"spec-v1alpha2": "later-main"}

Runs = Mapping[str, "Future[Measured]"]


@pytest.fixture(scope="module", name="runs")
def _runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {name: pool.submit(measured, name, tmp_path_factory.mktemp("cluster")) for name in ORDER}


def measured(name: str, folder: Path) -> Measured:
    """Measure a row; once more, and slower, where a busy machine was seen in place of the sidecar.

    A pause of a few milliseconds times the speed is what a process waits for its turn. What is wrong at every speed
    is wrong.
    """
    for number, speed in enumerate(SPEEDS):
        found = once(name, folder / str(number), speed)
        if undisturbed(found.document):
            break
    return found


def undisturbed(document: Mapping[str, Any]) -> bool:
    """Whether what was measured is a known row, with its backoff and with what an edit does."""
    is_known = document.get("closestKnown", {}).get("differences") == []
    return is_known and document["backoff"]["base"] is not None and document["edit"] is not None


def once(name: str, folder: Path, speed: str) -> Measured:
    api = POLICIES[name].api
    if name in IN_A_CLUSTER:
        folder.mkdir()
        return on_cluster(name, api, folder, speed=speed)
    return (served_by_others if name in BY_OTHERS else on_sandbox)(name, api, speed=speed)


def test_every_row_is_measured() -> None:
    assert set(ORDER) == set(POLICIES)


@pytest.mark.parametrize("name", ORDER)
def test_a_row_is_found_again(name: str, runs: Runs) -> None:
    found, policy = runs[name].result(), POLICIES[name]
    assert found.code == 0, found.said
    for rpc in Rpc:
        for code in GrpcCode:
            effect = policy.effects[rpc][code]
            wanted = Effect.RETRIES if effect is Effect.UNSPECIFIED else effect
            assert found.effect(SHORT[rpc], code.value) == wanted, f"{rpc} {code}: {found.said}"
    document = found.document
    assert (document["records"], document["edit"]) == (policy.records, policy.edit)
    closest = document["closestKnown"]
    assert closest["differences"] == []
    assert closest["policies"] == [ALIKE.get(name, name)]
    assert closest["references"] == (["spec-v1alpha2"] if policy.api is Api.V1ALPHA2 and name != "main-2026-03" else [])
    assert document["row"] is None


@pytest.mark.parametrize("name", ORDER)
def test_the_backoff_is_scaled_back(name: str, runs: Runs) -> None:
    fitted, policy = runs[name].result().document["backoff"], POLICIES[name]
    # A busy machine makes the shortest pauses longer by a few milliseconds.
    assert fitted["base"] == pytest.approx(policy.backoff.base, rel=0.15)
    assert fitted["factor"] == 2.0
    # The longest pause of v1alpha2 comes after twenty minutes.
    wanted = pytest.approx(30.0, rel=0.05) if policy.api is Api.V1ALPHA1 else None
    assert fitted["cap"] == wanted


@pytest.mark.parametrize("name", sorted(IN_A_CLUSTER))
def test_nothing_is_left_in_the_cluster(name: str, runs: Runs) -> None:
    assert runs[name].result().left == ()


@pytest.mark.parametrize("name", ORDER)
def test_an_answer_that_kills_was_given_alone_as_well(name: str, runs: Runs) -> None:
    kills = any(Effect.CRASHES in row.values() for row in POLICIES[name].effects.values())
    assert ("is it DriverGrantBucketAccess answered AlreadyExists?" in runs[name].result().said) is kills
