"""A sidecar's row from the calls that a driver noted, and nothing else: a stream of lines, in bounded memory.

A line is a JSON object with ``t`` (seconds), ``method``, ``key`` (a name, an ID, an account) and ``code``.
"""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from cosictl.diagnosis.backoff_fit import Fitted, Pauses
from cosictl.diagnosis.measured import QUIET, Measurement, Trial, judge_all
from cosictl.errors import DumpError
from cosictl.model.copying import replace
from cosictl.model.failures import GRPC_NUMBERS, GrpcCode
from cosictl.model.refs import Api, Rpc

# So many objects are followed; those that come later are counted.
MOST_KEYS: Final = 100_000
LONGEST_KEY: Final = 2048
_RPCS: Final = {rpc.value: rpc for rpc in Rpc}
# Go, C and the numbers spell codes in their own ways.
_CODES: Final = {
    **{code.value.lower(): code for code in GrpcCode},
    "cancelled": GrpcCode.CANCELED,
    **{str(number): code for number, code in GRPC_NUMBERS.items()},
}
# A pause that is so much shorter than the one before belongs to a restart or an edit, and so does what follows. Short
# pauses of a busy sidecar are uneven by themselves.
_SHRUNK: Final = 0.6
_SHORT: Final = 2.0
# Seconds of the wall by which the calls that a driver noted are usually late.
_NOISE: Final = 0.02
_SHRUNK_SHORT: Final = 0.3
# No clock shows so many seconds; infinity and what is no number are not below it.
_LATEST: Final = 1e12
_ABSENT: Final = "no such answer is in the recording"


@dataclass(slots=True)
class _Track:
    """What is known of one object: its last call, how many failures in a row, the last pause; ``broken``: no loop."""

    at: float
    code: GrpcCode
    failures: int = 0
    same: int = 1
    pause: float = 0.0
    broken: bool = False


@dataclass(slots=True)
class _Answers:
    """What followed one answer of one call, over all objects."""

    calls: int = 0
    followed: bool = False
    quiet: float = -1.0


@dataclass(slots=True)
class _Tally:
    """All that is kept of a recording."""

    tracks: dict[tuple[Rpc, str], _Track] = field(default_factory=dict)
    answers: dict[tuple[Rpc, GrpcCode], _Answers] = field(default_factory=dict)
    pauses: Pauses = field(default_factory=Pauses)
    end: float = -math.inf
    lines: int = 0
    unfollowed: int = 0
    others: dict[str, int] = field(default_factory=dict)


def measure_calls(lines: Iterable[tuple[str, bytes]], *, api: Api | None, speed: float) -> Measurement:
    """Return the row that recorded calls show. ``lines`` come with where they stand (``FILE: line 3``).

    ``speed``: how much faster than the wall's the sidecar's time ran. Raises DumpError that names the first line that
    is none, or that there is not one.
    """
    tally = _Tally()
    for where, line in lines:
        if line.strip():
            _count(tally, where, line, speed)
    if not tally.lines:
        raise DumpError("there are no calls in what was given", next_step="give a file with one call a line")
    for (rpc, _), track in tally.tracks.items():
        if track.same == 1:
            answers = tally.answers[rpc, track.code]
            answers.quiet = max(answers.quiet, tally.end - track.at)
    known = api or (Api.V1ALPHA2 if any(rpc is Rpc.GET_EXISTING for rpc, _ in tally.answers) else None)
    trials = [_trial(rpc, code, tally.answers.get((rpc, code))) for rpc in Rpc for code in GrpcCode]
    return Measurement(api=known, cells=judge_all(trials), backoff=_fitted(tally, speed), notes=tuple(_notes(tally)))


def _trial(rpc: Rpc, code: GrpcCode, answers: _Answers | None) -> Trial:
    if answers is None:
        return Trial(rpc=rpc, code=code, why=_ABSENT)
    # Some object was answered OK and not asked again: others that were have another reason, such as an ID that lacks.
    done = code is GrpcCode.OK and answers.quiet >= QUIET
    repeats = 2 if answers.followed and not done else 1
    return Trial(rpc=rpc, code=code, calls=answers.calls, repeats=repeats, quiet=answers.quiet)


def _fitted(tally: _Tally, speed: float) -> Fitted | None:
    """Return the backoff; pauses that are all the same may be those of loops that had begun before."""
    fitted = tally.pauses.fit(noise=_NOISE * speed)
    return replace(fitted, base=None, factor=None) if fitted is not None and fitted.factor == 1 else fitted


def _notes(tally: _Tally) -> Iterator[str]:
    yield "records, edit: calls alone do not show them, nor whether a retry is recorded"
    if tally.unfollowed:
        yield f"{tally.unfollowed} calls about objects beyond the first {MOST_KEYS} were not followed"
    for method, count in tally.others.items():
        yield f"{count} calls of {method} were passed over"


def _count(tally: _Tally, where: str, line: bytes, speed: float) -> None:
    method, key, code, at = _read(where, line)
    at *= speed
    tally.lines += 1
    tally.end = max(tally.end, at)
    rpc = _RPCS.get(method)
    if rpc is None:
        name = method if method in tally.others or len(tally.others) < 10 else "other methods"
        tally.others[name] = tally.others.get(name, 0) + 1
        return
    track = tally.tracks.get((rpc, key))
    if track is None and len(tally.tracks) >= MOST_KEYS:
        tally.unfollowed += 1
        return
    tally.answers.setdefault((rpc, code), _Answers()).calls += 1
    if track is None:
        tally.tracks[rpc, key] = _Track(at, code, failures=int(code is not GrpcCode.OK))
        return
    tally.answers[rpc, track.code].followed = True
    _pause(tally.pauses, track, at - track.at)
    track.same = track.same + 1 if code is track.code else 1
    track.failures = track.failures + 1 if code is not GrpcCode.OK else 0
    track.at, track.code = at, code


def _pause(pauses: Pauses, track: _Track, pause: float) -> None:
    """Note the pause after a failure, as long as the loop goes on undisturbed from its first failure."""
    shrunk = _SHRUNK if track.pause > _SHORT else _SHRUNK_SHORT
    track.broken = track.broken or not track.failures or pause < shrunk * track.pause
    if not track.broken:
        pauses.add(track.failures - 1, pause)
        track.pause = pause


def _read(where: str, line: bytes) -> tuple[str, str, GrpcCode, float]:
    """Read one line; raises DumpError."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        words = "nested too deeply" if isinstance(error, RecursionError) else "no JSON"
        raise _bad(where, f"it is {words}") from None
    if not isinstance(found, dict):
        raise _bad(where, "it is no JSON object")
    at, method, key, code = (found.get(name) for name in ("t", "method", "key", "code"))
    if isinstance(at, bool) or not isinstance(at, int | float) or not abs(at) < _LATEST:
        raise _bad(where, "t is no time in seconds")
    if not isinstance(method, str) or not method or len(method) > LONGEST_KEY:
        raise _bad(where, "method is no name of a call")
    if not isinstance(key, str) or len(key) > LONGEST_KEY:
        raise _bad(where, "key is no text, or too long")
    known = _CODES.get(str(code).lower().replace("_", "")) if isinstance(code, str | int) else None
    if known is None or isinstance(code, bool):
        raise _bad(where, "code is no gRPC code")
    return method.rpartition("/")[2], key, known, float(at)


def _bad(where: str, what: str) -> DumpError:
    return DumpError(
        f"{where}: {what}",
        meaning="a line is a JSON object with t, method, key and code",
        next_step="see docs/measure.md for an example",
    )
