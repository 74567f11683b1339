"""What logs add to the verdict on one object: attempts that were counted, and the driver's words beside the record's.

In: traces that were joined to the object. Out: failures like those of events, tallies, evidence. Pure.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from cosictl.diagnosis.graph import Graph, rpc_of_text
from cosictl.knowledge.policies import Effect
from cosictl.knowledge.proven import DEEDS, FINALITY
from cosictl.model.failures import Carrier, Classification, Failure, GrpcCode
from cosictl.model.logs import LogTrace, Writer
from cosictl.model.objects import Access, Bucket, Stateful
from cosictl.model.refs import Rpc
from cosictl.model.report import Evidence

LOGS = frozenset({Carrier.SIDECAR_LOG, Carrier.DRIVER_LOG})


class Tally(Struct, frozen=True, kw_only=True, gc=False):
    """Attempts that logs of one writer count: how many at least, when, and which log.

    ``begun`` is when the newest was begun, where that stands in a line of its own. ``until`` is when the writer was
    last seen at work on anything at all.
    """

    attempts: int
    first: datetime | None
    last: datetime | None
    begun: datetime | None
    until: datetime | None
    where: str


class Heard(Struct, frozen=True, kw_only=True, gc=False):
    """What logs say about one object. ``failures`` are those with words, the newest first."""

    failures: tuple[Failure, ...] = ()
    sidecar: Tally | None = None
    driver: Tally | None = None
    answered_ok: datetime | None = None

    @property
    def most(self) -> Tally | None:
        """The tally that counted more; the sidecar's where they agree."""
        both = [tally for tally in (self.sidecar, self.driver) if tally is not None]
        return max(both, key=lambda tally: tally.attempts, default=None)


SILENT = Heard()


def heard_of(graph: Graph, obj: Stateful) -> Heard:
    """Return what the logs say about an object and what it is doing now: its making, or its going."""
    traces = graph.spoken.traces.get(obj.ref, ()) if graph.spoken.traces else ()
    if not traces:
        return SILENT
    calls = _calls_of(obj)
    mine = [trace for trace in traces if trace.rpc is None or trace.rpc in calls]
    said = sorted((failure_of(trace) for trace in traces if trace.text), key=_newest_first)
    fine = [t.last for t in mine if t.code is GrpcCode.OK and t.last is not None]
    return Heard(
        failures=tuple(said),
        sidecar=_tally([trace for trace in mine if trace.writer is not Writer.DRIVER], "sidecar"),
        driver=_tally([trace for trace in mine if trace.writer is Writer.DRIVER and trace.code is not None], "driver"),
        answered_ok=max(fine, default=None),
    )


def _calls_of(obj: Stateful) -> frozenset[Rpc]:
    gone = obj.meta.deleted is not None
    match obj:
        case Bucket():
            return frozenset({Rpc.DELETE}) if gone else frozenset({Rpc.CREATE, Rpc.GET_EXISTING})
        case Access():
            return frozenset({Rpc.REVOKE}) if gone else frozenset({Rpc.GRANT})
        case _:
            return frozenset()


def failure_of(trace: LogTrace) -> Failure:
    """Return a trace as a failure like any other."""
    return Failure(
        carrier=Carrier.DRIVER_LOG if trace.writer is Writer.DRIVER else Carrier.SIDECAR_LOG,
        text=trace.text,
        rpc=trace.rpc or rpc_of_text(trace.text),
        component=trace.origin.words,
        first=trace.first,
        last=trace.last,
        count=max(1, trace.attempts, trace.lines),
    )


def _tally(traces: Sequence[LogTrace], who: str) -> Tally | None:
    """Add up attempts: within one log by whatever counts most, of several logs each stretch of time once."""
    spans: list[tuple[datetime | None, datetime | None, int]] = []
    for origin in dict.fromkeys(trace.origin for trace in traces):
        own = [trace for trace in traces if trace.origin == origin]
        count = _counted(own)
        if count:
            firsts = [trace.first for trace in own if trace.first is not None]
            lasts = [trace.last for trace in own if trace.last is not None]
            spans.append((min(firsts, default=None), max(lasts, default=None), count))
    if not spans:
        return None
    lasts = [last for _, last, _ in spans if last is not None]
    newest = max(traces, key=lambda trace: trace.last.timestamp() if trace.last else 0.0)
    return Tally(
        attempts=_without_overlap(spans),
        first=min((first for first, _, _ in spans if first is not None), default=None),
        last=max(lasts, default=None),
        begun=max((t.last for t in traces if t.last is not None and _is_begin(t)), default=None),
        until=max((trace.until for trace in traces if trace.until is not None), default=None),
        where=f"{who} log ({newest.origin.words})",
    )


def _is_begin(trace: LogTrace) -> bool:
    return not trace.text and trace.code is None


def _counted(traces: Iterable[LogTrace]) -> int:
    """The attempts one log shows at least: lines that begin one, lines that end one, or lines that tell of one."""
    begun = ended = told = 0
    for trace in traces:
        if _is_begin(trace):
            begun += trace.attempts
        elif trace.attempts:
            ended += trace.attempts
        else:
            told = max(told, trace.lines)
    return max(begun, ended, told)


def _without_overlap(spans: Iterable[tuple[datetime | None, datetime | None, int]]) -> int:
    """Add counts of different stretches of time; of those that overlap, which may be copies, the largest counts."""
    total, largest, end = 0, 0, None
    for first, last, count in sorted(spans, key=lambda span: span[0].timestamp() if span[0] else 0.0):
        if end is not None and first is not None and first > end:
            total, largest, end = total + largest, 0, None
        largest = max(largest, count)
        end = max(end, last) if end is not None and last is not None else end or last
    return total + largest


def _newest_first(failure: Failure) -> tuple[float, str]:
    return (-failure.last.timestamp() if failure.last else 0.0, failure.text)


def words_of(tally: Tally) -> str:
    """Say what a log counted, as the basis of a verdict."""
    times = "1 attempt" if tally.attempts == 1 else f"{tally.attempts} attempts"
    last = f", the last {tally.last:%Y-%m-%dT%H:%M:%SZ}" if tally.last is not None else ""
    return f"{tally.where}: {times}{last}"


def beside(failure: Failure, found: Classification, effect: Effect, *, recorded: bool, attempts: int) -> Evidence:
    """Say in one sentence what the driver answers, what that means, and what the sidecar did about it."""
    code = found.grpc_code.value if found.grpc_code is not None else found.cause.value
    again = max(0, attempts - 1)
    deed = DEEDS[effect].format(
        recorded="recorded it" if recorded else "recorded nothing that is left",
        again="1 time" if again == 1 else f"{again} times",
    )
    return Evidence(
        text=f"driver says {code}: {FINALITY[found.retryable]}; {deed}",
        source=f"log of {failure.component} beside the object",
        at=failure.last,
    )


def drivers_word(heard: Heard) -> Failure | None:
    """The newest refusal in a driver's own log."""
    return next((failure for failure in heard.failures if failure.carrier is Carrier.DRIVER_LOG), None)
