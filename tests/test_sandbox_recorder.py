"""Events as client-go writes them: counted, combined, held back, and in the right namespace."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from cosictl.sandbox.api.resources import EVENTS, NAMESPACES
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.recorder import COMBINED, Correlator, Observation, Recorder, Write, body_of, involved
from cosictl.sandbox.objects import namespace
from cosictl.sandbox.ports import Json
from tests.looping import stop
from tests.virtual_time import START, VirtualClock, run

BUCKET = {"kind": "Bucket", "apiVersion": "objectstorage.k8s.io/v1alpha1", "name": "b", "uid": "u"}
ACCESS = {"kind": "BucketAccess", "apiVersion": "objectstorage.k8s.io/v1alpha1", "name": "a", "namespace": "team-a"}


def seen(message: str, at: datetime, *, about: Json = BUCKET, reason: str = "FailedCreateBucket") -> Observation:
    return Observation(component="cosi", involved=about, reason=reason, message=message, at=at)


def correlate(correlator: Correlator, *messages: str, every: float = 1.0, start: float = 0.0) -> list[Write | None]:
    moments = [START + timedelta(seconds=start + every * number) for number in range(len(messages))]
    return [correlator.correlate(seen(message, at), at) for message, at in zip(messages, moments, strict=True)]


def counts(writes: list[Write | None]) -> list[int]:
    return [write.count if write else 0 for write in writes]


def test_the_same_event_is_counted_under_its_first_name_and_time() -> None:
    first, _, third = correlate(Correlator(), "no", "no", "no")
    assert first is not None
    assert third is not None
    assert (third.name, third.first, third.count) == (first.name, START, 3)
    assert third.last == START + timedelta(seconds=2)


def test_another_text_is_another_event() -> None:
    assert counts(correlate(Correlator(), "no", "never", "no")) == [1, 1, 2]


def test_the_tenth_different_text_is_combined_with_what_follows() -> None:
    writes = correlate(Correlator(), *(f"text {number}" for number in range(12)))
    messages = [write.message for write in writes if write]
    assert messages[8:] == ["text 8", *(f"{COMBINED}text {number}" for number in (9, 10, 11))]
    assert counts(writes)[8:] == [1, 1, 2, 3]


def test_ten_minutes_of_silence_end_the_combining() -> None:
    correlator = Correlator()
    correlate(correlator, *(f"text {number}" for number in range(12)))
    (write,) = correlate(correlator, "text 99", start=700)
    assert write is not None
    assert write.message == "text 99"


def test_after_a_burst_of_25_one_write_in_five_minutes_passes_and_the_count_jumps() -> None:
    written = [count for count in counts(correlate(Correlator(), *(["no"] * 80), every=30.0)) if count]
    assert written[:25] == [*range(1, 26)]
    assert [after - before for before, after in pairwise(written)][-4:] == [10, 10, 10, 10]


def test_all_reasons_of_an_object_share_one_budget_and_other_objects_have_their_own() -> None:
    correlator = Correlator()
    correlate(correlator, *(["no"] * 25), every=0.0)
    assert correlator.correlate(seen("wait", START, reason="WaitingForBucket"), START) is None
    assert correlator.correlate(seen("no", START, about=ACCESS), START) is not None


def test_an_event_about_a_cluster_wide_object_lives_in_default() -> None:
    (write,) = correlate(Correlator(), "no")
    assert write is not None
    body = body_of(write)
    assert body["metadata"]["namespace"] == "default"
    assert body["metadata"]["name"].startswith("b.")
    assert "namespace" not in body["involvedObject"]
    assert (body["source"], body["type"], body["count"]) == ({"component": "cosi"}, "Warning", 1)
    assert body["firstTimestamp"] == "2026-11-23T15:00:00Z"


def test_an_object_that_a_failed_write_emptied_has_no_name() -> None:
    about = involved({}, "objectstorage.k8s.io/v1alpha1", "Bucket")
    assert about == {"kind": "Bucket", "apiVersion": "objectstorage.k8s.io/v1alpha1"}
    write = Correlator().correlate(seen("no", START, about=about), START)
    assert write is not None
    assert body_of(write)["metadata"]["name"].startswith(".")


async def written(*messages: tuple[Json, str], only_namespace: str = "", pause: float = 0.0) -> list[Json]:
    clock = VirtualClock()
    store = Store(clock)
    store.create(NAMESPACES, "", namespace("team-a"))
    recorder = Recorder(ApiClient(store, clock, limited=True), clock, "cosi", only_namespace=only_namespace)
    task = asyncio.create_task(recorder.run())
    for about, message in messages:
        recorder.warn(about, "FailedCreateBucket", message)
        await clock.sleep(pause)
    await clock.sleep(60)
    await stop(task)
    return store.list(EVENTS)[0]


def test_repeated_events_become_one_object_with_a_count() -> None:
    (event,) = run(written((BUCKET, "no"), (BUCKET, "no"), (BUCKET, "no"), pause=10))
    assert (event["count"], event["metadata"]["namespace"]) == (3, "default")
    assert event["lastTimestamp"] == "2026-11-23T15:00:20Z"
    assert event["firstTimestamp"] == "2026-11-23T15:00:00Z"


@pytest.mark.parametrize(
    ("home", "names"), [("", {"a", "b"}), ("default", {"b"}), ("team-a", {"a"}), ("cosi-driver", set())]
)
def test_a_sink_of_one_namespace_writes_nothing_elsewhere(home: str, names: set[str]) -> None:
    events = run(written((BUCKET, "no"), (ACCESS, "no"), only_namespace=home))
    assert {event["involvedObject"]["name"] for event in events} == names


def test_what_the_server_refuses_is_dropped_and_what_follows_is_written() -> None:
    lost = ACCESS | {"namespace": "gone"}
    assert [event["message"] for event in run(written((lost, "no"), (BUCKET, "yes")))] == ["yes"]


def test_an_event_that_expired_is_written_anew_with_the_count_it_had() -> None:
    async def play() -> None:
        clock = VirtualClock()
        store = Store(clock)
        recorder = Recorder(ApiClient(store, clock, limited=False), clock, "cosi")
        task = asyncio.create_task(recorder.run())
        recorder.warn(BUCKET, "FailedCreateBucket", "no")
        await clock.sleep(1)
        (event,) = store.list(EVENTS)[0]
        store.delete(EVENTS, "default", event["metadata"]["name"])
        recorder.warn(BUCKET, "FailedCreateBucket", "no")
        await clock.sleep(1)
        await stop(task)
        assert [event["count"] for event in store.list(EVENTS)[0]] == [2]

    run(play())
