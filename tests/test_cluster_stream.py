"""A list that is followed: what an API server may send, in which order, and how that can fail."""

import gc
import json
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Any

import pytest

from cosictl.cluster.connect import Connection
from cosictl.cluster.lists import Reach, Scope
from cosictl.cluster.reader import Listed, Observed, observe
from cosictl.cluster.stream import Change, Follower
from cosictl.model.copying import replace
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot
from tests.cli_process import TIMEOUT_SECONDS
from tests.stream_server import CUT, GONE, STAY, Script, StreamServer, bookmark, claim, line, refusal, serving

ALL = Scope(reach=Reach.ALL, namespace="")
# Far more than one block holds.
MANY = 3000
END = bookmark(600, is_end=True)
SEVEN: list[Any] = [line("ADDED", claim(7)), END, STAY]


@dataclass(frozen=True, slots=True)
class Followed:
    """What a follower says of the claims of a server that has forgotten what they were like first."""

    changes: "Queue[Change]"
    server: StreamServer
    follower: Follower

    def next(self) -> Change:
        change = self.changes.get(timeout=TIMEOUT_SECONDS)
        if change.anew is not None:
            self.follower.is_taken_in()
        return change

    def until(self, wanted: Callable[[Change], object]) -> Change:
        while not wanted(change := self.next()):
            pass
        return change

    def anew(self) -> Listed:
        found = self.until(lambda change: change.anew).anew
        assert found is not None
        return found

    def asked(self, last: str, times: int = 1) -> list[str]:
        """What was asked for up to and with the last of these."""
        end = time.monotonic() + TIMEOUT_SECONDS
        while self.server.asked.count(last) < times:
            assert time.monotonic() < end, self.server.asked
            time.sleep(0.01)
        return [*self.server.asked]


def first(conn: Connection, *, keep_raw: bool = False) -> Listed:
    (listed,) = observe(conn, scope=ALL, keep_raw=keep_raw, only=frozenset({"bucketclaims"})).lists
    return listed


def follow(served: tuple[StreamServer, Connection], listed: Listed | None = None, **patience: float) -> Followed:
    server, conn = served
    changes: Queue[Change] = Queue()
    follower = Follower(conn, 0, listed or first(conn), changes, **patience)
    threading.Thread(target=follower.run, daemon=True).start()
    server.at_the_end.append(follower.end)
    return Followed(changes, server, follower)


def held(listed: Listed) -> Snapshot:
    return Observed(source="", scope=ALL, keep_raw=False, lists=[listed]).build()[1]


def buckets(listed: Listed) -> dict[str, str]:
    """The Bucket of each claim that a list holds."""
    return {found.meta.name: found.bucket_name for found in held(listed).claims}


@pytest.mark.parametrize("keep_raw", [False, True])
def test_all_there_is_comes_with_what_changed_meanwhile(keep_raw: bool) -> None:  # noqa: FBT001 - a parameter
    script = [
        *(line("ADDED", claim(number)) for number in range(MANY)),
        line("DELETED", claim(MANY - 1, version=599)),
        bookmark(600, is_end=False),
        line("MODIFIED", claim(1, version=601, bucket="b1")),
        line("DELETED", claim(2, version=602)),
        line("ADDED", claim(MANY, version=603)),
        bookmark(604, is_end=True),
        line("MODIFIED", claim(3, version=605, bucket="b3")),
    ]
    with serving(script) as served:
        followed = follow(served, first(served[1], keep_raw=keep_raw))
        listed, after = followed.anew(), followed.next()
        there = [number for number in range(MANY + 1) if number not in {2, MANY - 1}]
        assert buckets(listed) == {f"c{number}": "b1" if number == 1 else "" for number in there}
        assert listed.version == "604"
        assert (after.uid, json.loads(after.data)["status"]["bucketName"]) == ("u3", "b3")
        assert followed.asked("after 605") == ["after 1", "all first", "after 605"]


BROKEN: dict[str, list[Any]] = {
    "no end": [line("ADDED", claim(1))],
    "no objects": [],
    "an error": [line("ADDED", claim(1)), refusal(504, "too slow")],
    "no JSON": [line("ADDED", claim(1)), b"<html>\n"],
    "half a line": [line("ADDED", claim(1)), b'{"type":"ADD'],
    "cut": [line("ADDED", claim(1)), CUT],
    "other bookmarks only": [line("ADDED", claim(1)), bookmark(2, is_end=False), bookmark(3, is_end=False), STAY],
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_what_does_not_come_to_its_end_is_read_as_a_list(script: Script) -> None:
    with serving(script, lists=[[claim(7)]]) as served:
        followed = follow(served)
        listed = followed.anew()
        assert (list(buckets(listed)), listed.version) == (["c7"], "500")
        assert followed.asked("after 500") == ["after 1", "all first", "a list", "after 500"]


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        ([CUT], ["all first", "a list", "after 500", "all first"]),
        ([bookmark(2, is_end=False), bookmark(3, is_end=False), STAY], ["all first", "a list", "after 500", "a list"]),
        (400, ["all first", "a list", "after 500", "a list"]),
    ],
    ids=["cut", "other bookmarks only", "refused"],
)
def test_only_who_does_not_offer_it_is_never_asked_again(script: Script, asked: list[str]) -> None:
    with serving(script, SEVEN, after={"500": GONE}) as served:
        followed = follow(served)
        followed.anew()
        followed.anew()
        assert served[0].asked[: len(asked) + 1] == ["after 1", *asked]


@pytest.mark.parametrize("statuses", [(503, 429), (401,), (500, 502, 504)])
def test_who_is_overloaded_or_down_is_asked_again_later(statuses: tuple[int, ...]) -> None:
    with serving(*statuses, SEVEN) as served:
        followed = follow(served)
        assert followed.next().trouble
        assert list(buckets(followed.anew())) == ["c7"]
        assert served[0].asked == ["after 1", *["all first"] * (len(statuses) + 1)]


@pytest.mark.parametrize("status", [400, 403, 405, 422, 501])
def test_who_refuses_it_is_asked_for_a_list(status: int) -> None:
    with serving(status, lists=[[claim(7)]]) as served:
        followed = follow(served)
        assert list(buckets(followed.anew())) == ["c7"]
        assert followed.asked("after 500") == ["after 1", "all first", "a list", "after 500"]


def test_what_is_put_back_to_an_earlier_state_is_read_anew() -> None:
    ahead = [refusal(504, "Timeout: Too large resource version: 1, current: 0")]
    with serving(SEVEN, after={"1": ahead}) as served:
        assert list(buckets(follow(served).anew())) == ["c7"]


# A little longer than a stream that was no failure has to live.
SILENCE_SECONDS = 1.1


def test_a_stream_without_even_a_bookmark_may_be_ahead_of_the_server_and_is_read_anew() -> None:
    with serving(SEVEN, after={"1": [STAY]}) as served:
        followed = follow(served, silence=SILENCE_SECONDS)
        assert list(buckets(followed.anew())) == ["c7"]
        assert followed.asked("all first") == ["after 1", "all first"]


def test_a_stream_that_falls_silent_after_a_bookmark_goes_on_where_it_was() -> None:
    with serving(
        SEVEN, after={"1": [bookmark(2, is_end=False), STAY], "2": [bookmark(3, is_end=False), STAY]}
    ) as served:
        followed = follow(served, silence=SILENCE_SECONDS)
        assert followed.asked("after 3") == ["after 1", "after 2", "after 3"]
        assert not followed.changes.qsize()


def test_a_stream_that_falls_silent_after_all_there_is_goes_on_where_it_was() -> None:
    with serving(SEVEN) as served:
        followed = follow(served, silence=SILENCE_SECONDS)
        assert list(buckets(followed.anew())) == ["c7"]
        assert followed.asked("after 600") == ["after 1", "all first", "after 600"]


ENDLESS: dict[str, tuple[list[Any], dict[str, Script]]] = {
    "streams end": ([END], {"600": []}),
    "streams end after a bookmark": ([END], {"600": [bookmark(600, is_end=False)]}),
    "all is forgotten at once": ([END, *GONE], {}),
    "all is forgotten then": ([END], {"600": GONE}),
    "streams break after a bookmark": ([END, STAY], {"1": [bookmark(1, is_end=False), CUT]}),
    "an error that stays": ([END], {"600": [refusal(500, "broken")]}),
}


@pytest.mark.parametrize(("script", "after"), ENDLESS.values(), ids=ENDLESS)
def test_who_ends_every_stream_at_once_is_asked_with_growing_pauses(script: Script, after: dict[str, Script]) -> None:
    with serving(script, after=after) as served:
        followed = follow(served)
        end, told = time.monotonic() + 1.5, 0
        while (left := end - time.monotonic()) > 0:
            with suppress(Empty):
                change = followed.changes.get(timeout=left)
                told += bool(change.told)
                if change.anew is not None:
                    followed.follower.is_taken_in()
        # Without a pause there would be hundreds.
        assert len(served[0].asked) < 15
        assert told <= 2


def test_whole_lists_do_not_pile_up_where_nobody_takes_them() -> None:
    with serving([*(line("ADDED", claim(number)) for number in range(5)), END, *GONE]) as served:
        followed = follow(served)
        assert followed.asked("all first", times=2)
        time.sleep(1.5)
        found = [followed.changes.get(block=False) for _ in range(followed.changes.qsize())]
        assert sum(change.anew is not None for change in found) == 1


def test_what_is_forgotten_is_trouble_until_it_is_read_anew() -> None:
    with serving(400, after={"1": [bookmark(5, is_end=False), CUT], "5": GONE}, lists=[[claim(7)]]) as served:
        followed = follow(served)
        assert followed.next().told
        assert followed.next().well
        assert "too old" in (again := followed.next()).trouble
        assert again.told == ""
        assert followed.next().anew


def test_a_change_that_cannot_be_read_is_told_and_its_list_read_anew() -> None:
    broken = {
        "no UTF-8": b'{"type":"ADD\xff","object":{}}\n',
        "nested": b'{"type":"ADDED","object":{"metadata":' + b"[" * 100_000 + b"\n",
    }
    for words in broken.values():
        with serving(400, after={"1": [words, STAY]}, lists=[[claim(7)]]) as served:
            followed = follow(served)
            assert "broken" in followed.next().trouble
            assert list(buckets(followed.anew())) == ["c7"]


def test_what_was_refused_stays_refused() -> None:
    status = ReadStatus(resource="bucketclaims", outcome=ReadOutcome.FORBIDDEN, reason="cannot list")
    for script in (SEVEN, 400):
        with serving(script) as served:
            assert follow(served, replace(first(served[1]), refused=status)).anew().refused == status


def test_what_was_read_before_is_not_held() -> None:
    with serving([line("ADDED", claim(7)), END, *GONE], [line("ADDED", claim(8)), END, STAY]) as served:
        listed = first(served[1])
        followed = follow(served, listed)
        old = [weakref.ref(listed.part), weakref.ref(followed.anew().part)]
        del listed
        followed.anew()
        gc.collect()
        assert [one() for one in old] == [None, None]


def test_each_trouble_is_told_once_and_again_when_it_comes_again() -> None:
    with serving(400, 400, after={"1": 403, "500": 403}, lists=[[]]) as served:
        followed = follow(served)
        assert "cannot be watched" in followed.until(lambda change: change.told).told
        followed.anew()
        served[0].after["500"] = 500
        served[0].after["501"] = 403
        assert "refused; asking again" in followed.until(lambda change: change.trouble).told
        assert followed.next().told == ""
        served[0].after["500"] = [bookmark(501, is_end=False)]
        assert followed.until(lambda change: change.well).trouble == ""
        followed.anew()
        served[0].after["500"] = 500
        assert followed.until(lambda change: change.trouble).told


def test_an_object_that_cannot_be_decoded_is_told_and_hides_no_other() -> None:
    broken = claim(1) | {"metadata": "none"}
    with serving([line("ADDED", claim(0)), line("ADDED", broken), END, STAY]) as served:
        snapshot = held(follow(served).anew())
    assert [found.kind for found in snapshot.undecoded] == ["BucketClaim"]
    assert [found.meta.name for found in snapshot.claims] == ["c0"]
