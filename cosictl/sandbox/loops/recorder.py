"""Events as client-go writes them: similar ones are combined, repeated ones counted, too many of them held back.

``Correlator`` decides and is pure; ``Recorder`` queues and writes (client-go 0.32.3 tools/record/events_cache.go and
event.go).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cosictl.model.copying import replace
from cosictl.sandbox.api.resources import EVENTS
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.workqueue import TokenBucket
from cosictl.sandbox.ports import ApiError, Json

# events_cache.go:39-53. The tenth different text of otherwise equal events within ten minutes is the first one that
# is combined.
MAX_SIMILAR: Final = 10
SIMILAR_WITHIN: Final = timedelta(seconds=600)
COMBINED: Final = "(combined from similar events): "
SPAM_BURST: Final = 25
SPAM_RATE: Final = 1 / 300
# event.go: what comes while so many wait is dropped.
MAX_QUEUED: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing a component wants to say: about which object (an ``involvedObject``), why, in what words, when."""

    component: str
    involved: Json
    reason: str
    message: str
    at: datetime

    @property
    def subject(self) -> tuple[str, ...]:
        """What the spam filter counts together: source and object, whatever the reason."""
        fields = ("apiVersion", "kind", "namespace", "name", "uid")
        return (self.component, *(str(self.involved.get(name, "")) for name in fields))

    @property
    def similar(self) -> tuple[str, ...]:
        """What is combined: the same but for the text."""
        return (*self.subject, self.reason)

    @property
    def same(self) -> tuple[str, ...]:
        """What is counted: the very same."""
        return (*self.similar, self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One event to write: its name, how often it was seen, since when and until when; ``count`` 1 is a new one."""

    name: str
    observation: Observation
    message: str
    count: int
    first: datetime
    last: datetime


@dataclass(slots=True)
class _Similar:
    last: datetime
    messages: list[str] = field(default_factory=list)


class Correlator:
    """Decides for every observation whether and how it is written. It lives as long as the process that observes."""

    def __init__(self) -> None:
        self._similar: dict[tuple[str, ...], _Similar] = {}
        self._written: dict[tuple[str, ...], Write] = {}
        self._filters: dict[tuple[str, ...], TokenBucket] = {}

    def correlate(self, observation: Observation, now: datetime) -> Write | None:
        """Return the write, or None when the filter holds it back: counted all the same."""
        write, key = self._combine(observation, now)
        known = self._written.get(key)
        if known is not None:
            write = replace(write, name=known.name, first=known.first, count=known.count + 1)
        self._written[key] = write
        bucket = self._filters.setdefault(observation.subject, TokenBucket(rate=SPAM_RATE, burst=SPAM_BURST))
        return write if bucket.take(now) else None

    def _combine(self, observation: Observation, now: datetime) -> tuple[Write, tuple[str, ...]]:
        record = self._similar.get(observation.similar)
        if record is None or now - record.last > SIMILAR_WITHIN:
            record = self._similar[observation.similar] = _Similar(last=now)
        record.last = now
        if observation.message not in record.messages:
            record.messages.append(observation.message)
        if len(record.messages) < MAX_SIMILAR:
            return _write(observation, observation.message, observation.at), observation.same
        record.messages.pop(0)
        return _write(observation, COMBINED + observation.message, now), observation.similar


def _write(observation: Observation, message: str, at: datetime) -> Write:
    name = f"{observation.involved.get('name', '')}.{int(at.timestamp() * 1_000_000) * 1000:x}"
    return Write(name=name, observation=observation, message=message, count=1, first=at, last=at)


def involved(value: Mapping[str, object], api_version: str, kind: str) -> Json:
    """Return the reference of an object as events hold it; an empty object (after a failed write) has only a kind."""
    meta = value.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    found = {"kind": kind, "apiVersion": api_version}
    for name in ("namespace", "name", "uid", "resourceVersion"):
        if meta.get(name):
            found[name] = meta[name]
    return found


def second(moment: datetime) -> str:
    """Return a time as API objects hold it, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def body_of(write: Write) -> Json:
    """Return the event as an object of core/v1. Events about cluster-wide objects live in ``default``."""
    observation = write.observation
    namespace = observation.involved.get("namespace") or "default"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": write.name, "namespace": namespace},
        "involvedObject": dict(observation.involved),
        "reason": observation.reason,
        "message": write.message,
        "source": {"component": observation.component},
        "firstTimestamp": second(write.first),
        "lastTimestamp": second(write.last),
        "count": write.count,
        "type": "Warning",
        "eventTime": None,
        "reportingComponent": observation.component,
        "reportingInstance": "",
    }


class Recorder:
    """Writes the warnings of one process, in order and behind its back.

    ``only_namespace``: the events of other namespaces are never written (sidecar image-60 writes into its Pod's own).
    """

    def __init__(self, api: ApiClient, clock: Clock, component: str, *, only_namespace: str = "") -> None:
        self._api = api
        self._clock = clock
        self._component = component
        self._only = only_namespace
        self._correlator = Correlator()
        self._queue: asyncio.Queue[Observation] = asyncio.Queue(maxsize=MAX_QUEUED)

    def warn(self, about: Json, reason: str, message: str) -> None:
        """Say something about an object (its ``involvedObject``), unless a thousand things wait to be said."""
        observation = Observation(
            component=self._component, involved=about, reason=reason, message=message, at=self._clock.now()
        )
        if not self._queue.full():
            self._queue.put_nowait(observation)

    async def run(self) -> None:
        """Write until cancelled. An event that the API server refuses is given up, as client-go does."""
        while True:
            observation = await self._queue.get()
            write = self._correlator.correlate(observation, self._clock.now())
            if write is not None:
                await self._put(body_of(write))

    async def _put(self, body: Json) -> None:
        namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
        if self._only and namespace != self._only:
            return
        try:
            if body["count"] > 1 and await self._patch(namespace, name, body):
                return
            await self._api.create(EVENTS, namespace, body)
        except ApiError:
            return

    async def _patch(self, namespace: str, name: str, body: Json) -> bool:
        change = {key: body[key] for key in ("count", "lastTimestamp", "message")}
        try:
            await self._api.patch(EVENTS, namespace, name, change)
        except ApiError as error:
            if error.code != 404:
                raise
            # It has expired meanwhile: written anew, with the count it had reached.
            return False
        return True
