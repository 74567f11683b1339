"""What another sidecar would do: a truth table over effects and meanings, and the recorded clusters."""

from collections.abc import Callable
from typing import Final

import pytest

from cosictl.diagnosis.graph import link
from cosictl.diagnosis.policy import choose
from cosictl.diagnosis.report import concluded
from cosictl.diagnosis.whatif import calls_per_hour, compare, effect_under, prospect, troubles
from cosictl.intake.files import load_dump
from cosictl.knowledge.policies import POLICIES, Effect, effect_of
from cosictl.model.failures import GrpcCode
from cosictl.model.fleet import Comparison
from cosictl.model.refs import Api, Kind, Rpc
from cosictl.model.snapshot import Snapshot
from tests.cli_process import V1, V2
from tests.remedy_worlds import BUCKET, event, looping

REFUSALS: Final = {
    "region": "code = InvalidArgument desc = region is not known",
    "denied": "code = PermissionDenied desc = permission denied for bucket b",
    "quota": "code = ResourceExhausted desc = TooManyBuckets: you have too many buckets",
    "down": "code = Unavailable desc = connection refused",
    "masked": "code = Internal desc = failed to create bucket",
}


def failing(word: str, reason: str = "FailedCreateBucket", lead: str = "failed to create bucket") -> Snapshot:
    return looping(events=(event("Bucket", "b1", reason, f"{lead}: rpc error: {REFUSALS[word]}"),))


def compared(snapshot: Snapshot, *names: str) -> Comparison:
    graph = link(snapshot)
    now = choose(graph)
    return compare(concluded(graph, now), now, names or tuple(POLICIES))


@pytest.mark.parametrize(
    ("word", "policy", "groups"),
    [
        ("region", "v0.2.2", {"hopeless"}),
        ("region", "main-2026-03", {"ends", "parks"}),
        ("region", "cosi-86-as-written", {"hopeless"}),
        ("region", "cosi-86-intent", {"ends", "parks"}),
        ("denied", "v0.2.2", {"hopeless"}),
        ("denied", "spec-v1alpha2", {"hopeless"}),
        ("denied", "cosi-86-intent", {"ends", "parks", "against_spec"}),
        ("quota", "cosi-86-intent", {"ends", "parks", "strands"}),
        ("quota", "spec-v1alpha2", {"open"}),
        ("down", "v0.2.2", set()),
        ("down", "cosi-86-intent", set()),
        ("masked", "v0.2.2", set()),
        ("masked", "spec-v1alpha2", {"open"}),
    ],
)
def test_one_failure_under_one_policy(word: str, policy: str, groups: set[str]) -> None:
    (found,) = compared(failing(word), policy).prospects
    names = ("ends", "parks", "hopeless", "strands", "against_spec", "crashes", "open")
    assert {name for name in names if getattr(found, name)} == groups
    assert all(getattr(found, name) == (BUCKET,) for name in groups)


def test_every_cell_of_every_policy_has_its_place() -> None:
    graph = link(failing("region"))
    now = choose(graph)
    (one,) = troubles(concluded(graph, now).objects)
    for policy in POLICIES.values():
        for rpc in (Rpc.CREATE, Rpc.DELETE, Rpc.GRANT, Rpc.REVOKE):
            for code in GrpcCode:
                trouble = type(one)(
                    **{name: getattr(one, name) for name in one.__struct_fields__} | {"rpc": rpc, "code": code}
                )
                effect = effect_of(policy, rpc, code)
                found = prospect(policy, now, [trouble])
                assert effect_under(policy, trouble) is effect
                assert bool(found.parks) == (effect is Effect.STOPS)
                assert bool(found.crashes) == (effect is Effect.CRASHES)
                assert bool(found.hopeless) == (effect in {Effect.RETRIES, Effect.SILENT_RETRY})
                assert bool(found.calls) == (effect in RETRIED)


RETRIED: Final = {Effect.RETRIES, Effect.SILENT_RETRY, Effect.UNSPECIFIED, Effect.CRASHES}


@pytest.mark.parametrize(("policy", "calls"), [("v0.2.2", 120.0), ("main-2026-03", 0.0), ("cosi-86-as-written", 120.0)])
def test_calls_an_hour_follow_from_the_longest_delay(policy: str, calls: float) -> None:
    assert compared(failing("region"), policy).prospects[0].calls == calls
    assert compared(failing("region")).calls_now == 120.0


def test_what_is_retried_on_v1alpha2_is_called_every_1000_seconds() -> None:
    graph = link(failing("down"))
    (one,) = troubles(concluded(graph, choose(graph)).objects)
    assert calls_per_hour(POLICIES["main-2026-03"], one) == 3.6


def recorded(path: str) -> Snapshot:
    return load_dump([path])[1]


def test_the_recorded_cluster_would_go_on_in_vain_with_the_reports_patch() -> None:
    found = {item.policy: item for item in compared(recorded(V1)).prospects}
    assert found["cosi-86-as-written"].ends == ()
    assert found["cosi-86-as-written"].calls == found["v0.2.2"].calls
    assert len(found["cosi-86-intent"].strands) == 2
    assert len(found["cosi-86-intent"].against_spec) == 2
    assert found["main-2026-03"].calls < found["v0.2.2"].calls / 10


@pytest.mark.parametrize("path", [V1, V2])
def test_what_names_no_answer_is_not_counted(path: str) -> None:
    found = compared(recorded(path))
    assert found.counted > 0
    assert found.silent > 0


SPEAKS: Final[tuple[Callable[[], Snapshot], ...]] = (lambda: recorded(V1), lambda: recorded(V2))


@pytest.mark.parametrize("load", SPEAKS)
def test_only_buckets_and_accesses_have_a_driver_that_answers(load: Callable[[], Snapshot]) -> None:
    graph = link(load())
    found = troubles(concluded(graph, choose(graph)).objects)
    assert {one.ref.kind for one in found} <= {Kind.BUCKET, Kind.ACCESS}
    assert {one.api for one in found} in ({Api.V1ALPHA1}, {Api.V1ALPHA2})
