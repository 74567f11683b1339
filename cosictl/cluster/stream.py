"""Follow one list: what it holds now, then each change, whatever happens to the connection in between.

In: a list as it was read. Out: changes in a queue. A stream that ends goes on where it ended, by the version of the
last object or bookmark. Where the server has forgotten that version (410), it is asked for all there is and what comes
after in one answer, object by object (``sendInitialEvents``); a server that does not offer that, for the list.

Sources: Kubernetes API concepts, "efficient detection of changes" and "streaming lists": offered from 1.27 on where
its operator wants it, from 1.32 on by itself; others refuse the parameters, and what is between may drop them.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from queue import Queue
from typing import Final

import msgspec

from cosictl.cluster.connect import Connection
from cosictl.cluster.noanswer import NoAnswerError
from cosictl.cluster.reader import Listed, date_of, relist
from cosictl.cluster.retry import DICE
from cosictl.cluster.translate import words_about, words_of
from cosictl.cluster.watchlines import Block, Line, about, is_end, lines_of, refusal, take_in
from cosictl.errors import ClusterError
from cosictl.intake.lenient import CONTENT_ERRORS
from cosictl.model.copying import replace
from cosictl.model.snapshot import ReadOutcome, ReadStatus

# A server ends a watch by itself after this time, and sends a bookmark about once a minute: silence for longer means
# that the connection is dead, whatever TCP believes.
_WATCH_SECONDS: Final = 300
_SILENCE_SECONDS: Final = 100.0
_FIRST_DELAY: Final = 0.25
_LONGEST_DELAY: Final = 30.0
# Whoever ends streams sooner than this is not asked for the next one without a pause.
_SOON_SECONDS: Final = 1.0
_OK: Final = 200
_GONE: Final = 410
# It may do so in a while.
_NOT_NOW: Final = frozenset({401, 429, 500, 502, 503, 504})
# What a server says whose etcd was put back to an earlier state.
_AHEAD: Final = "Too large resource version"
_NO_WATCH: Final = frozenset({403, 404, 405, 422, 501})
# Where watching is not allowed, lists have to do.
_POLL_SECONDS: Final = 5.0
_DELETED: Final = "DELETED"
_ALL_FIRST: Final = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
# Whoever does not know that bookmark sends others, once a minute.
_MOST_OTHER_BOOKMARKS: Final = 1


class Change(msgspec.Struct, frozen=True):
    """What came for one list: an object as it is now or was last, the whole list anew, or how the stream fares.

    ``trouble``: why nothing comes, ``well``: that it comes again; ``told`` is what somebody should know of that.
    """

    place: int
    uid: str = ""
    data: bytes = b""
    is_gone: bool = False
    anew: Listed | None = None
    trouble: str = ""
    well: bool = False
    told: str = ""


class Follower:
    """Follows one list from the version it was read at; ``place`` is the list's among those that are watched."""

    def __init__(self, conn: Connection, place: int, listed: Listed, changes: "Queue[Change]") -> None:
        self._conn = conn
        self._place = place
        self._call = listed.call
        # Not of that part itself: its objects would stay for as long as this does.
        self._empty = listed.part.part().part
        self._version = listed.version
        self._refused = listed.refused
        # What was never read is no news that does not come.
        self._was_read = bool(listed.version)
        self._changes = changes
        # Pauses after trouble, and before who ends every stream soon.
        self._delay = _FIRST_DELAY
        self._soon_delay = _FIRST_DELAY
        # Who asked knows already what was refused at first; it is asked for again, with growing pauses.
        self._told = not self._was_read
        self._is_behind = False
        self._polls = False
        self._offers_all_first = True
        self._lists_next = False

    def run(self) -> None:
        """Follow until the process ends."""
        while True:
            began = time.monotonic()
            try:
                status, words = self._stream() if self._version else self._from_the_start()
            except NoAnswerError as error:
                self._trouble(words_about(error))
                continue
            except ClusterError as error:
                self._trouble(error.what)
                continue
            except CONTENT_ERRORS as error:
                # The same would come again; of a list, what can be read is.
                self._version, self._lists_next = "", True
                self._trouble(f"the stream is broken: {error}")
                continue
            except Exception as error:  # noqa: BLE001 - a thread that ended would leave its list behind and say nothing
                self._trouble(f"{type(error).__name__}: {error}")
                continue
            if status in _NO_WATCH:
                self._poll(words)
            elif status not in {0, _GONE} and _AHEAD not in words:
                self._trouble(words)
                continue
            else:
                self._pace(time.monotonic() - began)
            if status:
                self._version = ""

    def _stream(self) -> tuple[int, str]:
        """Pass on changes until the stream ends; return why: a status, 0 for its usual end."""
        with self._open({"resourceVersion": self._version}) as (status, _, pieces):
            if status != _OK:
                return status, words_of(status, b"".join(pieces))
            if self._is_behind:
                self._changes.put(Change(self._place, well=True))
                self._is_behind = False
            return self._pass_on(lines_of(pieces))

    def _from_the_start(self) -> tuple[int, str]:
        """Read all there is, then what changes; returns as ``_stream``, also where a list comes next."""
        if self._lists_next or not self._offers_all_first:
            self._list()
            return self._stream()
        with self._open(_ALL_FIRST) as (status, headers, pieces):
            if status in _NOT_NOW:
                return status, words_of(status, b"".join(pieces))
            self._offers_all_first = status == _OK
            # What breaks off, or falls silent, is read as a list.
            self._lists_next = True
            if status != _OK:
                return 0, ""
            lines = lines_of(pieces)
            listed = self._gathered(lines, headers)
            if listed is None:
                return 0, ""
            self._replace(listed)
            return self._pass_on(lines)

    def _list(self) -> None:
        self._replace(relist(self._conn, self._call, self._empty))

    def _replace(self, listed: Listed) -> None:
        self._version = listed.version
        # The server may refuse a selector, and a list in its place has none.
        self._call = listed.call
        self._was_read = True
        self._is_behind = self._told = self._lists_next = False
        self._delay = _FIRST_DELAY
        self._changes.put(Change(self._place, anew=replace(listed, refused=self._refused)))

    def _open(
        self, params: Mapping[str, str]
    ) -> AbstractContextManager[tuple[int, Mapping[str, str], Iterator[bytes]]]:
        asked = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(DICE.randint(_WATCH_SECONDS, 2 * _WATCH_SECONDS)),
            **params,
        }
        asked |= {"fieldSelector": self._call.selector} if self._call.selector else {}
        return self._conn.stream(self._call.path, asked, timeout=_SILENCE_SECONDS, live=True)

    def _gathered(self, lines: Iterator[Line], headers: Mapping[str, str]) -> Listed | None:
        """Take in all that is sent first, up to the bookmark that ends it; None where that does not come."""
        part, block, others = self._empty(), Block(self._call), 0
        for line in lines:
            if line.type == "ADDED":
                block.add(line.object, part)
                continue
            if line.type == "ERROR":
                return None
            block.empty_into(part)
            if line.type != "BOOKMARK":
                take_in(part, self._call, bytes(line.object), is_gone=line.type == _DELETED)
            elif is_end(line):
                return Listed(
                    call=self._call,
                    part=part,
                    status=ReadStatus(resource=self._call.resource, outcome=ReadOutcome.OK, scope=self._call.namespace),
                    answered=date_of(headers),
                    version=about(line).resource_version,
                )
            elif others == _MOST_OTHER_BOOKMARKS:
                self._offers_all_first = False
                return None
            else:
                others += 1
        return None

    def _pass_on(self, lines: Iterator[Line]) -> tuple[int, str]:
        for line in lines:
            if line.type == "ERROR":
                return refusal(line)
            meta = about(line)
            self._version = meta.resource_version or self._version
            self._delay, self._told = _FIRST_DELAY, False
            if line.type != "BOOKMARK":
                gone = line.type == _DELETED
                self._changes.put(Change(self._place, meta.uid, bytes(line.object), gone))
        return 0, ""

    def _poll(self, words: str) -> None:
        """Wait until the list is to be read again, because it may not be watched."""
        if not self._polls:
            told = f"{self._call.resource} cannot be watched: {words}; reading them every {_POLL_SECONDS:g} s"
            self._changes.put(Change(self._place, well=True, told=told))
        self._polls = True
        time.sleep(_POLL_SECONDS)

    def _trouble(self, words: str) -> None:
        trouble = f"{self._call.resource}: {words}"
        if self._was_read:
            self._changes.put(
                Change(self._place, trouble=trouble, told="" if self._told else f"{trouble}; asking again")
            )
            self._is_behind = True
        self._told = True
        self._delay = _paused(self._delay)

    def _pace(self, seconds: float) -> None:
        """Wait a while before the next stream, where one took so many seconds, that is, where it ended soon."""
        self._soon_delay = _FIRST_DELAY if seconds >= _SOON_SECONDS else _paused(self._soon_delay)


def _paused(seconds: float) -> float:
    """Wait for about that long; return how long to wait the next time."""
    time.sleep(seconds * DICE.uniform(0.5, 1.0))
    return min(_LONGEST_DELAY, seconds * 2)
