"""Follow one list: what it holds now, then each change, whatever happens to the connection in between.

In: a list as it was read. Out: changes in a queue. A stream that ends goes on where it ended, by the version of the
last object or bookmark. Where the server has forgotten that version (410), it is asked for all there is and what comes
after in one answer, object by object (``sendInitialEvents``); a server that does not offer that, for the list.

Sources: Kubernetes API concepts, "efficient detection of changes" and "streaming lists": offered from 1.27 on where
its operator wants it, from 1.32 on by itself; others refuse the parameters, and what is between may drop them.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from queue import Queue
from typing import Final

import msgspec

from cosictl.cluster.connect import Connection
from cosictl.cluster.noanswer import NoAnswerError, Trouble
from cosictl.cluster.reader import Listed, relist
from cosictl.cluster.retry import DICE
from cosictl.cluster.translate import date_of, words_about, words_of
from cosictl.cluster.watchlines import GONE, Block, Line, about, is_end, lines_of, refusal, take_in
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
# A stream that lived so long was no failure.
_SOON_SECONDS: Final = 1.0
_OK: Final = 200
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
    ``at`` is when it came, by the monotonic clock.
    """

    place: int
    uid: str = ""
    data: bytes = b""
    is_gone: bool = False
    anew: Listed | None = None
    trouble: str = ""
    well: bool = False
    told: str = ""
    at: float = msgspec.field(default_factory=time.monotonic)


class Follower:
    """Follows one list from the version it was read at; ``place`` is the list's among those that are watched.

    ``silence`` is after how many seconds a connection counts as dead that brings not even bookmarks.
    """

    def __init__(
        self,
        conn: Connection,
        place: int,
        listed: Listed,
        changes: "Queue[Change]",
        *,
        silence: float = _SILENCE_SECONDS,
    ) -> None:
        self._conn = conn
        self._silence = silence
        self._place = place
        self._call = listed.call
        # Not of that part itself: its objects would stay for as long as this does.
        self._empty = listed.part.part().part
        self._version = listed.version
        self._refused = listed.refused
        # What was never read is no news that does not come.
        self._was_read = bool(listed.version)
        self._changes = changes
        # Pauses grow, until a stream has lived for a while.
        self._delay = _FIRST_DELAY
        # When the stream that is read was opened, and whether it has said anything.
        self._opened: float | None = None
        self._spoke = False
        # Who asked knows already what was refused at first; it is asked for again, with growing pauses.
        self._told = not self._was_read
        self._is_behind = False
        self._polls = False
        self._offers_all_first = True
        self._lists_next = False
        # Whole lists must not pile up where nobody takes them.
        self._room = threading.Semaphore()
        self._ended = threading.Event()

    def is_taken_in(self) -> None:
        """Say that the list that was read anew was taken in: from another thread, and after each of them."""
        self._room.release()

    def end(self) -> None:
        """Ask for nothing more: ``run`` ends when its stream does, or its pause."""
        self._ended.set()
        self._room.release()

    def run(self) -> None:
        """Follow until the process ends, or ``end``."""
        while not self._ended.is_set():
            tried = self._try()
            if tried is None:
                continue
            status, words = tried
            if status in _NO_WATCH:
                self._poll(words)
            elif status in {0, GONE} or _AHEAD in words:
                if status:
                    self._note(words)
                self._pace()
            else:
                self._trouble(words)
                continue
            if status:
                self._version = ""

    def _try(self) -> tuple[int, str] | None:
        """Read the stream to its end; returns why that was, None where that was trouble, and told."""
        self._opened, self._spoke = None, False
        try:
            return self._stream() if self._version else self._from_the_start()
        except NoAnswerError as error:
            # Silence may mean that nothing happens: the next stream will tell.
            if not (self._has_lived() and error.trouble is Trouble.SLOW_ANSWER):
                self._trouble(words_about(error))
            elif not self._spoke:
                # A server that was put back to an earlier state is silent until it has come that far again.
                self._version = ""
        except ClusterError as error:
            self._trouble(error.what)
        except CONTENT_ERRORS as error:
            # The same would come again; of a list, what can be read is.
            self._version, self._lists_next = "", True
            self._trouble(f"the stream is broken: {error}")
        except Exception as error:  # noqa: BLE001 - credential plugins raise what they like, and a thread that ended says nothing
            self._trouble(f"{type(error).__name__}: {error}")
        return None

    def _stream(self) -> tuple[int, str]:
        """Pass on changes until the stream ends; return why: a status, 0 for its usual end."""
        with self._open({"resourceVersion": self._version}) as (status, _, pieces):
            if status != _OK:
                return status, words_of(status, b"".join(pieces))
            self._opened = time.monotonic()
            if self._is_behind:
                self._changes.put(Change(self._place, well=True))
                self._is_behind = False
            return self._pass_on(lines_of(pieces))

    def _from_the_start(self) -> tuple[int, str]:
        """Read all there is, then what changes; returns as ``_stream``, also where a list comes next."""
        if self._lists_next or not self._offers_all_first:
            self._replace(relist(self._conn, self._call, self._empty))
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
            self._opened, self._spoke = time.monotonic(), True
            return self._pass_on(lines)

    def _replace(self, listed: Listed) -> None:
        self._version = listed.version
        # The server may refuse a selector, and a list in its place has none.
        self._call = listed.call
        self._was_read = True
        self._is_behind = self._lists_next = self._told = False
        self._room.acquire()
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
        return self._conn.stream(self._call.path, asked, timeout=self._silence, live=True)

    def _gathered(self, lines: Iterator[Line], headers: Mapping[str, str]) -> Listed | None:
        """Take in all that is sent first, up to the bookmark that ends it; None where that does not come."""
        part, others = self._empty(), 0
        block = Block(self._call, part)
        for line in lines:
            if line.type == "ADDED":
                block.add(line.object)
                continue
            if line.type == "ERROR":
                return None
            block.empty()
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
            self._spoke = True
            if line.type == "ERROR":
                status, words = refusal(line)
                if status not in _NOT_NOW:
                    self._version = ""
                return status, words
            meta = about(line)
            self._version = meta.resource_version or self._version
            if line.type != "BOOKMARK":
                gone = line.type == _DELETED
                self._changes.put(Change(self._place, meta.uid, bytes(line.object), gone))
        return 0, ""

    def _poll(self, words: str) -> None:
        """Wait until the list is to be read again, because it may not be watched."""
        if not self._polls:
            told = f"{self._call.resource} cannot be watched: {words}; reading them every {_POLL_SECONDS:g} s"
            self._changes.put(Change(self._place, well=True, told=told))
        self._polls, self._delay = True, _FIRST_DELAY
        self._ended.wait(_POLL_SECONDS)

    def _trouble(self, words: str) -> None:
        """Tell why nothing comes, and wait before the next try."""
        self._note(words, is_told=True)
        self._pace()

    def _note(self, words: str, *, is_told: bool = False) -> None:
        """Let everybody know that what is known may be old: until a stream goes on, or all is read anew."""
        if self._has_lived():
            self._told = False
        trouble = f"{self._call.resource}: {words}"
        if self._was_read:
            told = f"{trouble}; asking again" if is_told and not self._told else ""
            self._changes.put(Change(self._place, trouble=trouble, told=told))
            self._is_behind = True
        self._told = self._told or is_told

    def _has_lived(self) -> bool:
        return self._opened is not None and time.monotonic() - self._opened >= _SOON_SECONDS

    def _pace(self) -> None:
        """Wait before the next stream, longer each time until one has lived for a while."""
        if self._has_lived():
            self._delay = _FIRST_DELAY
        self._ended.wait(self._delay * DICE.uniform(0.5, 1.0))
        self._delay = min(_LONGEST_DELAY, self._delay * 2)
