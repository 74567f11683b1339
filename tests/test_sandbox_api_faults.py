"""Every fault the API server can be told to have, seen from outside; and what is said of faults that make no sense."""

import json

import pytest
import urllib3.exceptions as u3

from cosictl.sandbox.api.faults import Fault, FaultKind, FaultPlan, parse_fault
from cosictl.sandbox.api.resources import BUCKETS_V1
from tests.sandbox_server import COSI, Answer, Sandbox, bucket

BUCKETS = f"{COSI}/buckets"
ANNOTATE = {"metadata": {"annotations": {"k": "v"}}}
MERGE = {"Content-Type": "application/merge-patch+json"}


def filled(*faults: str) -> Sandbox:
    """A cluster with two Buckets; making them uses no fault up."""
    sandbox = Sandbox(faults=faults)
    for name in ("a", "b"):
        sandbox.store.create(BUCKETS_V1, "", bucket(name))
    return sandbox


def reason(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["reason"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("429", Fault(kind=FaultKind.STATUS, code=429)),
        ("429:list:buckets", Fault(kind=FaultKind.STATUS, code=429, verb="list", resource="buckets")),
        ("403:list:events:x3", Fault(kind=FaultKind.STATUS, code=403, verb="list", resource="events", times=3)),
        ("503 x2", Fault(kind=FaultKind.STATUS, code=503, times=2)),
        ("reset:*:pods/log", Fault(kind=FaultKind.RESET, resource="pods/log")),
        ("slow:wait=0.5", Fault(kind=FaultKind.SLOW, wait=0.5)),
        ("expired-continue", Fault(kind=FaultKind.EXPIRED_CONTINUE, times=1)),
        ("refused-streaming", Fault(kind=FaultKind.REFUSED_STREAMING)),
        ("conflict:patch:x2", Fault(kind=FaultKind.CONFLICT, verb="patch", times=2)),
        ("lost-answer:delete", Fault(kind=FaultKind.LOST_ANSWER, verb="delete", times=1)),
    ],
)
def test_faults_are_read(text: str, expected: Fault) -> None:
    assert parse_fault(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "unknown"),
        ("explode", "unknown; there are a status such as 429, reset, truncate"),
        ("418", "no status 418"),
        ("429:lst", "lst is no verb; there are create, delete"),
        ("429:list:buckets:x0", "x0 never happens"),
        ("429:list:buckets:more", "come a verb and a resource, not 3 words"),
        ("slow:wait=long", "wait=long is no number of seconds"),
        ("conflict:list", "conflict can only happen to delete, patch, update"),
    ],
)
def test_faults_that_make_no_sense_are_one_clear_line(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="fault") as error:
        parse_fault(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_each_fault_happens_as_often_as_it_was_told_to() -> None:
    plan = FaultPlan([parse_fault("429:list:x2"), parse_fault("500:get")])
    taken = [plan.take("list", "buckets") for _ in range(3)]
    assert [fault and fault.code for fault in taken] == [429, 429, None]
    assert [bool(plan.take("get", "discovery")) for _ in range(3)] == [True] * 3


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (410, "Expired"),
        (429, "TooManyRequests"),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
        (504, "Timeout"),
    ],
)
def test_a_status_takes_the_place_of_an_answer(code: int, name: str) -> None:
    with filled(f"{code}:list:buckets:x1:wait=0.25") as sandbox:
        assert sandbox.ask("GET", f"{BUCKETS}/a").status == 200
        first = sandbox.ask("GET", BUCKETS)
        assert reason(first) == (code, name)
        assert first.headers.get("Retry-After") == ("0.25" if code in {429, 503} else None)
        assert sandbox.ask("GET", BUCKETS).status == 200


def test_the_connection_is_reset_before_the_answer() -> None:
    with filled("reset:list:x1") as sandbox:
        with pytest.raises(u3.ProtocolError):
            sandbox.ask("GET", BUCKETS)
        assert sandbox.ask("GET", BUCKETS).status == 200


def test_the_connection_ends_in_the_middle_of_the_answer() -> None:
    with filled("truncate:list:x1") as sandbox:
        with pytest.raises((u3.ProtocolError, u3.SSLError)):
            sandbox.ask("GET", BUCKETS)
        assert sandbox.ask("GET", BUCKETS).status == 200


def test_a_slow_answer_is_whole() -> None:
    with filled("slow:list:wait=0.05") as sandbox:
        assert len(sandbox.ask("GET", BUCKETS).json["items"]) == 2


def test_a_malformed_answer_looks_whole_and_is_no_json() -> None:
    with filled("malformed:list:x1") as sandbox:
        got = sandbox.ask("GET", BUCKETS)
        assert got.status == 200
        with pytest.raises(json.JSONDecodeError):
            got.json  # noqa: B018 - reading it is the test
        assert sandbox.ask("GET", BUCKETS).json["kind"] == "BucketList"


def test_a_continue_token_expires() -> None:
    with filled("expired-continue") as sandbox:
        token = sandbox.ask("GET", f"{BUCKETS}?limit=1").json["metadata"]["continue"]
        assert reason(sandbox.ask("GET", f"{BUCKETS}?limit=1&continue={token}")) == (410, "Expired")
        assert len(sandbox.ask("GET", f"{BUCKETS}?limit=1&continue={token}").json["items"]) == 1


def test_the_token_expires() -> None:
    with filled("expired-token:get:x1") as sandbox:
        assert reason(sandbox.ask("GET", f"{BUCKETS}/a")) == (401, "Unauthorized")
        assert sandbox.ask("GET", f"{BUCKETS}/a").status == 200


def test_the_next_write_finds_a_conflict() -> None:
    with filled("conflict") as sandbox:
        first = sandbox.ask("PATCH", f"{BUCKETS}/a", ANNOTATE, headers=MERGE)
        assert reason(first) == (409, "Conflict")
        assert '"a": the object has been modified' in first.json["message"]
        assert sandbox.ask("PATCH", f"{BUCKETS}/a", ANNOTATE, headers=MERGE).status == 200


def test_a_write_is_done_but_its_answer_is_lost() -> None:
    with filled("lost-answer:patch") as sandbox:
        with pytest.raises(u3.ProtocolError):
            sandbox.ask("PATCH", f"{BUCKETS}/a", ANNOTATE, headers=MERGE)
        assert sandbox.ask("GET", f"{BUCKETS}/a").json["metadata"]["annotations"] == {"k": "v"}


def test_discovery_and_watches_have_faults_too() -> None:
    with filled("500:get:discovery:x1", "410:watch:buckets:x1") as sandbox:
        assert reason(sandbox.ask("GET", "/apis")) == (500, "InternalError")
        assert sandbox.ask("GET", "/apis").status == 200
        assert sandbox.ask("GET", f"{BUCKETS}?watch=1&timeoutSeconds=1").status == 410
