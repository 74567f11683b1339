"""What the API server is told to do wrong, on purpose. Pure: ``sabotage`` does it.

A fault reads ``KIND[:VERB[:RESOURCE]][:x3][:wait=0.5]``:

- a status: ``429``, ``500``, ``503``, ``403`` and the like, in place of an answer;
- ``reset``, ``truncate``, ``slow``, ``malformed``: the connection is cut before the answer, in the middle of it, the
  answer takes ``wait`` seconds, or is complete but no JSON;
- ``expired-continue``: 410 on a continue token; ``expired-token``: 401;
- ``refused-selector``: 400 on a list with a field selector; ``refused-streaming``: 422 on a watch that is to begin with
  all there is, as from a server whose feature gate WatchList is off;
- ``conflict``: 409 on a write; ``lost-answer``: a write is done, but its answer never arrives.

``VERB`` is the Kubernetes verb, ``RESOURCE`` a plural (``pods/log`` with its subresource) or ``discovery``; ``*``
stands for any. ``x3`` is how often; without it a status and what happens to connections happens always, the others
once. ``wait`` is also the Retry-After of 429 and 503, in seconds.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cosictl.model.copying import replace

DISCOVERY: Final = "discovery"
VERBS: Final = frozenset(
    {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
)
WRITES: Final = frozenset({"create", "delete", "deletecollection", "patch", "update"})
# The reason that goes with a status, in the server's words.
REASONS: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    RESET = "reset"
    TRUNCATE = "truncate"
    SLOW = "slow"
    MALFORMED = "malformed"
    EXPIRED_CONTINUE = "expired-continue"
    EXPIRED_TOKEN = "expired-token"
    REFUSED_SELECTOR = "refused-selector"
    REFUSED_STREAMING = "refused-streaming"
    CONFLICT = "conflict"
    LOST_ANSWER = "lost-answer"


_ONCE: Final = frozenset({FaultKind.EXPIRED_CONTINUE, FaultKind.CONFLICT, FaultKind.LOST_ANSWER})
# The parameter that a request must have for the fault to happen to it.
_NEEDS: Final = {
    FaultKind.EXPIRED_CONTINUE: "continue",
    FaultKind.REFUSED_SELECTOR: "fieldSelector",
    FaultKind.REFUSED_STREAMING: "sendInitialEvents",
}
_VERBS_OF: Final = {
    FaultKind.EXPIRED_CONTINUE: frozenset({"list"}),
    FaultKind.REFUSED_SELECTOR: frozenset({"list", "watch"}),
    FaultKind.REFUSED_STREAMING: frozenset({"watch"}),
    FaultKind.CONFLICT: frozenset({"patch", "update", "delete"}),
    FaultKind.LOST_ANSWER: WRITES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault; ``verb`` and ``resource`` empty are any, ``times`` 0 is always, ``wait`` counts seconds."""

    kind: FaultKind
    code: int = 0
    verb: str = ""
    resource: str = ""
    times: int = 0
    wait: float = 1.0

    def fits(self, verb: str, resource: str, *, query: Container[str] = ()) -> bool:
        """Tell whether a request is of the kind this fault is for; ``query`` holds the names of its parameters."""
        if self.verb not in {"", verb} or self.resource not in {"", resource}:
            return False
        if self.kind in _NEEDS and _NEEDS[self.kind] not in query:
            return False
        return verb in _VERBS_OF.get(self.kind, frozenset({verb}))


def parse_fault(text: str) -> Fault:
    """Read one fault. ValueError says in one line what is wrong."""
    head, *parts = text.replace(" ", ":").split(":")
    fault = _kind(head, text)
    places = []
    for part in filter(None, parts):
        if part.startswith("wait="):
            fault = replace(fault, wait=_seconds(part.removeprefix("wait="), text))
        elif part[0] == "x" and part[1:].isdigit():
            fault = replace(fault, times=_times(part[1:], text))
        else:
            places.append("" if part == "*" else part)
    if len(places) > 2:
        raise ValueError(f"fault {text!r}: after {head} come a verb and a resource, not {len(places)} words")
    verb, resource = [*places, "", ""][:2]
    if verb and verb not in VERBS:
        raise ValueError(f"fault {text!r}: {verb} is no verb; there are {', '.join(sorted(VERBS))}")
    wanted = _VERBS_OF.get(fault.kind)
    if verb and wanted and verb not in wanted:
        raise ValueError(f"fault {text!r}: {fault.kind} can only happen to {', '.join(sorted(wanted))}")
    return replace(fault, verb=verb, resource=resource)


def parse_faults(texts: Iterable[str]) -> tuple[Fault, ...]:
    """Read several. ValueError as for one."""
    return tuple(parse_fault(text) for text in texts)


class FaultPlan:
    """Faults with how often they are still due. The first that fits a request is the one that happens."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._due: list[tuple[Fault, int]] = [(fault, fault.times) for fault in faults]

    def replace(self, faults: Iterable[Fault]) -> None:
        """Forget what is still due, and begin with these."""
        self._due = [(fault, fault.times) for fault in faults]

    def take(self, verb: str, resource: str, *, query: Container[str] = ()) -> Fault | None:
        """Return what goes wrong with a request, and count it."""
        for place, (fault, left) in enumerate(self._due):
            if fault.fits(verb, resource, query=query):
                if left == 1:
                    del self._due[place]
                elif left:
                    self._due[place] = (fault, left - 1)
                return fault
        return None


def _kind(head: str, text: str) -> Fault:
    if head.isdigit():
        code = int(head)
        if code not in REASONS:
            known = ", ".join(str(one) for one in REASONS)
            raise ValueError(f"fault {text!r}: no status {code}; there are {known}")
        return Fault(kind=FaultKind.STATUS, code=code)
    names = {kind.value: kind for kind in FaultKind if kind is not FaultKind.STATUS}
    if head not in names:
        raise ValueError(f"fault {text!r}: unknown; there are a status such as 429, {', '.join(names)}")
    kind = names[head]
    return Fault(kind=kind, times=1 if kind in _ONCE else 0)


def _times(text: str, whole: str) -> int:
    if int(text) < 1:
        raise ValueError(f"fault {whole!r}: x{text} never happens")
    return int(text)


def _seconds(text: str, whole: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise ValueError(f"fault {whole!r}: wait={text} is no number of seconds up to 3600")
    return seconds
