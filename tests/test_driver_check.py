"""The conformance check: it passes a correct driver, finds every planted fault, and leaves nothing behind."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from cosictl.driver.channel import Channel
from cosictl.driver.check.bench import Bench, Settings
from cosictl.driver.check.case import Outcome, Result
from cosictl.driver.check.register import ACCOUNT, BUCKET, Made, Register
from cosictl.driver.check.run import CASES, chosen, run_cases
from cosictl.driver.endpoint import parse_endpoint
from cosictl.errors import DumpError
from cosictl.intake.redact import redact
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.model.copying import replace
from cosictl.model.refs import Api
from tests.drivers import FAULTS, SameId, correct, process, serving

V1, V2 = Api
PREFIX = "cosictl-abc123"
EVERY = {case.id for case in CASES}
NAMES = {case_id for case_id in EVERY if case_id.startswith("name-")}


def settings(api: Api, timeout: float = 10.0) -> Settings:
    return Settings(
        api=api,
        timeout=timeout,
        prefix=PREFIX,
        protocols=() if api is V1 else ("S3",),
        masked=redact,
    )


@contextmanager
def bench(path: Path, given: Settings, register: Register | None = None) -> Iterator[Bench]:
    with Channel(parse_endpoint(str(path))) as channel:
        yield Bench(channel, given, register or Register(None))


def outcomes(results: tuple[Result, ...]) -> dict[str, Outcome]:
    return {result.case.id: result.outcome for result in results}


def failed(results: tuple[Result, ...]) -> set[str]:
    return {result.case.id for result in results if result.outcome is Outcome.FAILED}


@pytest.mark.parametrize("api", Api)
def test_a_correct_driver_passes_and_is_left_as_it_was(api: Api, tmp_path: Path) -> None:
    driver = correct()
    with serving(tmp_path, driver) as path, bench(path, settings(api)) as ready:
        results = run_cases(ready, chosen(api, focus=None, skip=None))
        assert {result.case.id: result.detail for result in results if result.outcome is Outcome.FAILED} == {}
        assert {name for name, outcome in outcomes(results).items() if outcome is Outcome.SKIPPED} == {
            "delete-not-empty"
        }
        assert driver.buckets
        assert ready.clean() == ()
    assert (driver.buckets, driver.accounts) == ({}, {})


@pytest.mark.parametrize("api", Api)
@pytest.mark.parametrize(
    ("fault", "timeout", "found"),
    [
        ("internal", 10.0, {"create", "create-together", "delete-nothing", "codes", *NAMES}),
        ("already-exists", 10.0, {"create", "create-together", "delete-nothing", *NAMES}),
        ("no-message", 10.0, {"create", "messages"}),
        ("huge-message", 10.0, {"grant"}),
        ("wrong-codes", 10.0, {"create-other-parameters", "delete", "delete-nothing", "revoke", "codes", *NAMES}),
        ("not-idempotent", 10.0, {"create-again", "create-together", "create-expired", "grant-again"}),
        ("empty-ids", 10.0, {"create"}),
        ("nil", 10.0, {"create"}),
        ("slow", 0.2, {"create"}),
        ("hanging", 0.2, {"info"}),
        ("leaking", 10.0, {"messages"}),
        ("same-id", 10.0, {"create-distinct"}),
        ("accepting", 10.0, NAMES),
        ("bad-name", 10.0, {"info"}),
        ("no-name", 10.0, {"info"}),
    ],
)
def test_every_planted_fault_is_found(fault: str, timeout: float, found: set[str], api: Api, tmp_path: Path) -> None:
    with serving(tmp_path, FAULTS[fault]()) as path, bench(path, settings(api, timeout)) as ready:
        results = run_cases(ready, chosen(api, focus=None, skip=None))
        ready.clean()
    assert found - failed(results) == set()
    assert all(result.detail for result in results if result.outcome is not Outcome.PASSED)


def test_misspelt_credentials_are_found(tmp_path: Path) -> None:
    with serving(tmp_path, FAULTS["misspelt"]()) as path, bench(path, settings(V1)) as ready:
        (result,) = run_cases(ready, chosen(V1, focus=re.compile("^grant$"), skip=None))
    assert result.detail == (
        "the credentials lack accessKeyID; they have accessKeyId, accessSecretKey, endpoint, region"
    )


def test_get_existing_is_checked_where_there_is_one(tmp_path: Path) -> None:
    with serving(tmp_path, FAULTS["wrong-codes"]()) as path, bench(path, settings(V2)) as ready:
        results = run_cases(ready, chosen(V2, focus=re.compile("^get-"), skip=None))
    assert outcomes(results) == {"get-missing": Outcome.FAILED, "get-own": Outcome.PASSED}


@pytest.mark.parametrize("api", Api)
def test_a_driver_that_dies_is_not_asked_for_ever(api: Api, tmp_path: Path) -> None:
    with process(tmp_path, "dying", api) as path, bench(path, settings(api)) as ready:
        results = run_cases(ready, chosen(api, focus=None, skip=None))
        left = ready.clean()
    seen = outcomes(results)
    assert (seen["info"], seen["create"]) == (Outcome.PASSED, Outcome.FAILED)
    assert seen["codes"] is Outcome.NOT_RUN
    assert left


def test_a_driver_of_the_other_version_fails_the_first_case(tmp_path: Path) -> None:
    with serving(tmp_path, correct(), V2) as path, bench(path, settings(V1)) as ready:
        results = run_cases(ready, chosen(V1, focus=re.compile("^info$"), skip=None))
    assert results[0].detail.startswith("DriverGetInfo gave Unimplemented: unknown service")


def test_cases_are_chosen_and_repeated(tmp_path: Path) -> None:
    heard: list[str] = []
    with serving(tmp_path, correct()) as path, bench(path, settings(V1)) as ready:
        cases = chosen(V1, focus=re.compile("create"), skip=re.compile("together|cancel"))
        results = run_cases(ready, cases, repeat=3, tell=lambda result: heard.append(result.case.id))
        assert ready.clean() == ()
    assert heard == ["create", "create-again", "create-distinct", "create-other-parameters", "create-expired"]
    assert {result.runs for result in results} == {3}


def test_a_case_that_fails_sometimes_has_failed(tmp_path: Path) -> None:
    with serving(tmp_path, FAULTS["internal"]()) as path, bench(path, settings(V1)) as ready:
        (result,) = run_cases(ready, chosen(V1, focus=re.compile("^create$"), skip=None), repeat=2)
    assert result.detail == "2 of 2 times: the create gave Internal: it went wrong"


def test_a_bucket_with_data_is_tried_where_somebody_fills_it(tmp_path: Path) -> None:
    driver = correct()
    filled: list[Mapping[str, Mapping[str, str]]] = []

    def fill(bucket_id: str, credentials: Mapping[str, Mapping[str, str]]) -> None:
        driver.buckets[bucket_id].objects = 1
        filled.append(credentials)

    with serving(tmp_path, driver) as path, bench(path, replace(settings(V1), fill=fill)) as ready:
        results = run_cases(ready, chosen(V1, focus=re.compile("not-empty"), skip=None))
        assert outcomes(results) == {"delete-not-empty": Outcome.PASSED}
        (full,) = driver.buckets
        # What cannot be removed is said.
        assert ready.clean() == (f"bucket {full}: FailedPrecondition: bucket {full} is not empty",)
    assert filled[0]["s3"]["accessSecretKey"] == "sandbox-only"


def test_a_bucket_that_may_be_somebodys_is_never_deleted(tmp_path: Path) -> None:
    driver = SameId()
    with serving(tmp_path, driver) as path, bench(path, settings(V1)) as ready:
        run_cases(ready, chosen(V1, focus=None, skip=None))
        left = ready.clean()
    assert "precious" not in driver.deleted
    assert "bucket precious: it may be somebody else's, so it was not touched" in left


def test_an_id_that_the_cluster_uses_is_never_deleted(tmp_path: Path) -> None:
    with serving(tmp_path, correct()) as path, bench(path, settings(V1)) as ready:
        made = ready.create(ready.name()).reply.bucket_id
        assert ready.is_ours(made)
    with serving(tmp_path, correct()) as path, bench(path, replace(settings(V1), foreign=frozenset({made}))) as ready:
        assert not ready.is_ours(made)


def test_what_is_made_is_on_record_before_it_is_made(tmp_path: Path) -> None:
    file = tmp_path / "state" / "register.jsonl"
    with serving(tmp_path, FAULTS["hanging"]()) as path, bench(path, settings(V1, 0.2), Register(file)) as ready:
        ready.create("cosictl-abc123-lost")
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    (made,) = Register.read(file).left()
    assert (made.kind, made.name, made.made_id, made.gone) == (BUCKET, "cosictl-abc123-lost", "", False)


def test_what_a_lost_answer_left_is_found_again_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "register.jsonl"
    driver = correct()
    with serving(tmp_path, driver) as path:
        with bench(path, settings(V1), Register(file)) as ready:
            made = ready.create(ready.name()).reply.bucket_id
            ready.grant(ready.name("account"), made)
        # As if the answers had never come.
        lines = [Made(kind=BUCKET, name=made, api="v1alpha1"), Made(kind=ACCOUNT, name="x", api="v1alpha1")]
        register = Register(file)
        register.note(lines[0])
        with bench(path, settings(V1), Register.read(file)) as ready:
            assert ready.clean() == ()
    assert (driver.buckets, driver.accounts) == ({}, {})
    assert Register.read(file).left() == ()


def test_a_register_that_is_not_there_or_broken_is_said(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="there is no register"):
        Register.read(tmp_path / "none.jsonl")
    (tmp_path / "bad.jsonl").write_text("{")
    with pytest.raises(DumpError, match="cannot be read"):
        Register.read(tmp_path / "bad.jsonl")


def test_every_case_says_what_it_asks_and_what_breaking_it_looks_like() -> None:
    assert len(EVERY) == len(CASES)
    for case in CASES:
        assert case.says.endswith(".")
        assert "specification" in case.source
        assert len(case.shows) > 20
    codes = {code for case in CASES for code in re.findall(r"COSI\d{3}", case.shows)}
    assert codes - set(CATALOGUE) == set()
