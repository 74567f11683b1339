"""The policy rows against the matrix, written out here a second time, cell by cell."""

import pytest

from cosictl.knowledge.policies import (
    ACCESS_EVENT_GAP,
    POLICIES,
    Backoff,
    EditEffect,
    Effect,
    Records,
    candidates_of,
    effect_of,
)
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc
from tests.test_recorded_sidecars import RECORDINGS

LETTER = {
    "OK": Effect.SUCCEEDS,
    "R": Effect.RETRIES,
    "L": Effect.SILENT_RETRY,
    "S": Effect.STOPS,
    "X": Effect.CRASHES,
    "n": Effect.NOT_CALLED,
    "u": Effect.UNSPECIFIED,
}

# One column per call and policy; the letters stand in the order of the gRPC numbers, in groups of four:
#            OK Can Unk Inv  Dea NoF Alr Per  Res Fai Abo Out  Uni Int Una Dat  Una
CREATE_A = " OK R   R   R    R   R   L   R    R   R   R   R    R   R   R   R    R "
CREATE_C = " OK R   R   S    R   R   S   R    R   R   R   R    S   R   R   R    R "
CREATE_D = " OK L   L   R    L   R   R   R    R   R   L   L    R   L   L   L    R "
CREATE_E = " OK R   R   S    R   S   S   S    S   S   R   R    S   R   R   R    S "
CREATE_F = " OK u   u   S    u   u   S   R    u   u   R   u    S   u   u   u    R "
DELETE_A = " OK R   R   R    R   OK  R   R    R   R   R   R    R   R   R   R    R "
DELETE_C = " n  n   n   n    n   n   n   n    n   n   n   n    n   n   n   n    n "
DELETE_L = " OK R   R   S    R   R   S   R    R   R   R   R    S   R   R   R    R "
DELETE_D = " OK R   R   R    R   R   R   R    R   R   R   R    R   R   R   R    R "
DELETE_E = " OK R   R   S    R   S   S   S    S   S   R   R    S   R   R   R    S "
DELETE_F = " OK u   u   S    u   u   S   R    u   u   R   u    S   u   u   u    R "
GRANT_A_ = " OK R   R   R    R   R   X   R    R   R   R   R    R   R   R   R    R "
GRANT_C_ = " OK R   R   S    R   R   S   R    R   R   R   S    S   R   R   R    R "
GRANT_F_ = " OK u   u   S    u   u   S   R    u   u   R   S    S   u   u   u    R "
REVOKE_A = " OK R   R   R    R   R   R   R    R   R   R   R    R   R   R   R    R "
REVOKE_C = " OK R   R   S    R   R   S   R    R   R   R   R    S   R   R   R    R "
REVOKE_F = " OK u   u   S    u   u   S   R    u   u   R   u    S   u   u   u    R "
CREATE_1 = " OK u   u   S    u   u   S   S    u   u   R   S    S   u   u   u    S "
SPEC1___ = " OK u   u   S    u   u   u   S    u   u   R   u    S   u   u   u    S "
NOT_MADE = " n  n   n   n    n   n   n   n    n   n   n   n    n   n   n   n    n "

COLUMNS = {
    "image-60": (CREATE_A, NOT_MADE, DELETE_A, GRANT_A_, REVOKE_A),
    "v0.2.1": (CREATE_A, NOT_MADE, DELETE_A, GRANT_A_, REVOKE_A),
    "v0.2.2": (CREATE_A, NOT_MADE, DELETE_A, GRANT_A_, REVOKE_A),
    "main-2026-03": (CREATE_C, CREATE_C, DELETE_C, GRANT_C_, REVOKE_C),
    "later-main": (CREATE_C, CREATE_C, DELETE_L, GRANT_C_, REVOKE_C),
    "cosi-86-as-written": (CREATE_D, NOT_MADE, DELETE_D, GRANT_A_, REVOKE_A),
    "cosi-86-intent": (CREATE_E, NOT_MADE, DELETE_E, GRANT_A_, REVOKE_A),
    "spec-v1alpha2": (CREATE_F, CREATE_F, DELETE_F, GRANT_F_, REVOKE_F),
    "spec-v1alpha1": (CREATE_1, NOT_MADE, SPEC1___, SPEC1___, SPEC1___),
}
ORDER = (Rpc.CREATE, Rpc.GET_EXISTING, Rpc.DELETE, Rpc.GRANT, Rpc.REVOKE)
CELLS = [
    (name, rpc, code, LETTER[letter])
    for name, columns in COLUMNS.items()
    for rpc, column in zip(ORDER, columns, strict=True)
    for code, letter in zip(GrpcCode, column.split(), strict=True)
]


@pytest.mark.parametrize(
    ("name", "rpc", "code", "effect"), CELLS, ids=[f"{n}-{r.value}-{c.value}" for n, r, c, _ in CELLS]
)
def test_every_cell_of_the_matrix(name: str, rpc: Rpc, code: GrpcCode, effect: Effect) -> None:
    assert effect_of(POLICIES[name], rpc, code) is effect


def test_every_policy_is_in_the_table_or_has_a_recording() -> None:
    recorded = {path.stem for path in RECORDINGS}
    assert set(COLUMNS) | recorded == set(POLICIES)
    assert len(CELLS) == len(COLUMNS) * len(Rpc) * len(GrpcCode)


def test_names_are_the_keys_and_releases_come_before_references() -> None:
    assert [policy.name for policy in POLICIES.values()] == list(POLICIES)
    kinds = [policy.reference for policy in POLICIES.values()]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize(
    ("name", "records", "edit"),
    [
        ("image-60", Records.EVENTS_POD_NAMESPACE, EditEffect.ENDS_LOOP),
        ("v0.2.1", Records.EVENTS, EditEffect.ENDS_LOOP),
        ("v0.2.2", Records.EVENTS, EditEffect.RETRIES_NOW),
        ("main-2026-03", Records.STATUS, EditEffect.NOTHING),
        ("later-main", Records.STATUS, EditEffect.NOTHING),
    ],
)
def test_where_a_release_records_and_what_an_edit_does(name: str, records: Records, edit: EditEffect) -> None:
    assert POLICIES[name].records is records
    assert POLICIES[name].edit is edit


def test_where_nothing_tells_every_release_may_run_the_usual_one_first() -> None:
    assert candidates_of(Api.V1ALPHA1)[:1] == ("v0.2.2",)
    assert candidates_of(Api.V1ALPHA2)[:1] == ("main-2026-03",)
    for api in Api:
        releases = [row.name for row in POLICIES.values() if row.api is api and not row.reference]
        assert sorted(candidates_of(api)) == sorted(releases)


def test_v1alpha1_delays_are_those_measured() -> None:
    backoff = POLICIES["v0.2.2"].backoff
    delays = [backoff.delay(n) for n in range(25)]
    assert delays[:2] == [0.1, 0.2]
    assert delays[8:10] == [25.6, 30.0]
    assert sum(delays[:9]) == pytest.approx(51.1)
    assert sum(delays) == pytest.approx(8 * 60 + 51, abs=1)


def test_v1alpha2_delays_reach_their_cap_after_18_retries() -> None:
    backoff = POLICIES["main-2026-03"].backoff
    assert backoff.delay(17) == pytest.approx(655.36)
    assert backoff.delay(18) == 1000.0
    assert sum(backoff.delay(n) for n in range(18)) / 60 == pytest.approx(21.8, abs=0.1)


@pytest.mark.parametrize("n", [-1, 0, 1000, 10**9])
def test_a_delay_is_never_negative_nor_beyond_its_cap(n: int) -> None:
    assert 0 < Backoff(base=0.1, cap=30.0).delay(n) <= 30.0


def test_only_policies_that_write_events_have_an_event_gap() -> None:
    for policy in POLICIES.values():
        assert (policy.event_gap is None) == (policy.api is Api.V1ALPHA2)
    assert POLICIES["v0.2.2"].event_gap == 330.0
    assert ACCESS_EVENT_GAP == 600.0


def test_every_release_names_its_hazards_and_every_row_its_source() -> None:
    for policy in POLICIES.values():
        assert policy.source
        assert policy.title
        assert policy.note
        assert policy.hazards or policy.name.startswith("spec-")
        slugs = [hazard.slug for hazard in policy.hazards]
        assert len(slugs) == len(set(slugs))
        assert all(hazard.text.endswith(".") and hazard.source for hazard in policy.hazards)
