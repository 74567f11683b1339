"""What one failure text means: retryable or not, why, and who acts. Pure; rules are rows of ``knowledge``.

The innermost statement with a meaning decides; the gRPC code decides only where the text says nothing more. What
a user can put into the text (names, parameters, tags) is blanked out first and never decides.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter

from cosictl.diagnosis import unwrap as unwrapping
from cosictl.diagnosis.alike import Blanking
from cosictl.diagnosis.literals import LiteralIndex
from cosictl.diagnosis.runs import Run, runs_of
from cosictl.diagnosis.unwrap import BLANK, Unwrapped, unwrap
from cosictl.knowledge.backend_codes import BACKEND_CODES, HTTP_STATUS, VERDICTS, BackendCode
from cosictl.knowledge.code_defaults import CODE_DEFAULTS
from cosictl.knowledge.messages import ALL_RULES, EXACT_RULES
from cosictl.model.copying import replace
from cosictl.model.failures import Cause, Classification, FixBy, GrpcCode
from cosictl.model.refs import Rpc

_TRANSIENT_CODES = frozenset({GrpcCode.UNAVAILABLE, GrpcCode.DEADLINE_EXCEEDED, GrpcCode.ABORTED, GrpcCode.CANCELED})
_UNSAYING_CODES = frozenset({GrpcCode.UNKNOWN, GrpcCode.INTERNAL, GrpcCode.OK, GrpcCode.DATA_LOSS})
_GRPC_WORDS = frozenset(code.value for code in GrpcCode)
_NEUTRAL = frozenset({Cause.INTERNAL_MASKED, Cause.UNKNOWN, Cause.DRIVER_BUG})

# Where SDKs and servers print their own error code.
_CODE_PLACES = (
    r"\bapi error (?P<code>[A-Za-z][\w.]{2,80}): ",
    (
        r"https response error StatusCode: \d{3}, RequestID: [^,]{0,80},(?: HostID: [^,]{0,200},)? "
        r"(?P<code>[A-Z]\w{2,80}): "
    ),
    r"\bERROR CODE: (?P<code>\w{3,80})",
    r"<Code>(?P<code>\w{3,80})</Code>",
    r"\\?\"code\\?\": ?\\?\"(?P<code>[A-Za-z]\w{2,80})\\?\"",
    r"\berrorCode=\\?\"?(?P<code>[A-Za-z]\w{2,80})",
    r"\bReason: (?P<code>[a-z]\w{2,60}), Message:",
    r"googleapi: Error \d{3}: [^\n]{0,2000}, (?P<code>[a-z][A-Za-z]{2,60})\s*$",
    r"\b(?P<code>[A-Z][A-Za-z]{3,60}) tx[0-9a-f]{10,}-",
    r"\b(?P<code>[A-Z][A-Za-z0-9]{2,60}): [^\n]{0,2000}\n\s*status code: \d{3}",
    r"An error occurred \((?P<code>[A-Za-z]\w{2,80})\) when calling",
    r"\b[Cc]ode(?:=|: )\\?\"(?P<code>[A-Za-z]\w{2,80})\\?\"",
)
_ADMIN_CODE = re.compile(r"(?<![\w.])(?P<code>X(?:Admin|Minio)[A-Za-z]{2,60}): ")
_CODE_WORD = re.compile(r"(?<![\w.])(?P<code>[A-Z][a-z]+(?:[A-Z][a-z0-9]*)+)(?!\w)(?P<colon>: )?")
_HTTP_PLACES = (
    r"StatusCode: (\d{3})\b|status code:? (\d{3})\b|RESPONSE (\d{3}):|googleapi: Error (\d{3})\b"
    r"|(?:^|[\s:])\[(\d{3})\] |httpStatusGot\\?\":(\d{3})\b|errorCode ?: ?(\d{3})\b"
    r"|(?:HTTP )?response(?: code)? (\d{3})\b|<title>(?:Error )?(\d{3})\b"
    r"|HTTP (?:status )?(?:code )?(\d{3})\b|\bbut got (\d{3})\b|HTTP Error:? (\d{3})\b|error occurred \((\d{3})\)"
    r"|(?:^|[\s:\"])(\d{3}) (?:[A-Z][a-z]+ ?){1,4}(?=$|[\r\n\"<.,])"
)
_STATUS_DIGITS = re.compile(r"\d\d\d")
_DELETING_WORDS = re.compile(r"\b(?:delet|revok|remov)\w*\b", re.IGNORECASE)
_LOOSE, _HTTP = len(EXACT_RULES), len(ALL_RULES)
_INDEX = LiteralIndex([*(rule.wording for rule in ALL_RULES), _HTTP_PLACES], re.IGNORECASE)
_PLACES = LiteralIndex(_CODE_PLACES, re.MULTILINE)
_Worth = Mapping[int, Sequence[re.Pattern[str]]]
_PLAIN_FAILURE = re.compile(r"^(?:failed|unable|error|could not)\b[^:]{0,120}(?::\s*\u00a4*\s*)?\W*$", re.IGNORECASE)


# What is looked for in a text without a pattern, here and in ``unwrap``.
_PLAIN_WORDS = "objectstorage rpc error failed to create delete grant revoke bucket access XAdmin XMinio remov message"


def telling_runs() -> Iterator[Run]:
    """Whatever a text is asked for: letters and digits of every pattern, of every code, and of plain words."""
    own = (*vars(unwrapping).values(), *globals().values())
    patterns = [found.pattern for found in own if isinstance(found, re.Pattern)]
    for pattern in (*patterns, *(rule.wording for rule in ALL_RULES), *_CODE_PLACES, _HTTP_PLACES):
        yield from runs_of(pattern)
    for word in (*_PLAIN_WORDS.split(), *unwrapping.PLAIN_WORDS):
        yield from map(Run, re.findall("[A-Za-z0-9]+", word))
    for code in BACKEND_CODES:
        # A code is looked up whole.
        yield from (Run(word, begins=True, ends=True) for word in re.findall("[A-Za-z0-9]+", code))


@cache
def blanking() -> Blanking:
    """What makes texts alike that mean the same."""
    return Blanking(telling_runs())


def meaning_of(text: str, rpc: Rpc | None) -> Classification:
    """Classify one (redacted) text; ``rpc`` is the call that failed, where known. Never raises."""
    if not text.isascii():
        # Half of a letter, as JSON can spell it, cannot be looked for; as long as that is what stands in its place.
        text = text.encode("utf-8", "replace").decode()
    peeled = unwrap(text)
    call = rpc or infer_rpc(peeled.masked)
    lower = peeled.masked.lower().replace(BLANK, " ")
    code, code_span = _backend_code(peeled, lower)
    found = _decide(peeled, lower, code, code_span, deleting=_deleting(call, peeled, lower))
    return replace(found, grpc_code=peeled.outer, backend_code=code, code_mismatch=_mismatch(peeled.outer, found))


def infer_rpc(text: str) -> Rpc | None:
    """The call a text speaks of, by the words COSI's sidecars put in front; None when they are not there."""
    head = text[:400]
    for words, rpc in (
        ("failed to create bucket: ", Rpc.CREATE),
        ("failed to delete bucket: ", Rpc.DELETE),
        ("failed to grant bucket access: ", Rpc.GRANT),
        ("failed to revoke access: ", Rpc.REVOKE),
    ):
        if words in head:
            return rpc
    return None


def _decide(
    peeled: Unwrapped, lower: str, code: str | None, code_span: tuple[int, int], *, deleting: bool
) -> Classification:
    """Ask in the order of exactness: COSI's and Kubernetes' words, transport, backend code, wordings, HTTP, code."""
    masked, core = peeled.masked, peeled.core
    own = core == 0 or _own_words(masked, core)
    worth = _INDEX.worth(lower if own else lower[core:])
    exact = _search(worth, range(_LOOSE), masked, 0 if own else core, deleting=deleting)
    if exact is not None and (own or exact.rule.startswith(("kube", "secret", "etcd", "go-"))):
        return exact
    row = BACKEND_CODES.get(code) if code is not None else None
    if row is not None and row.cause is not Cause.UNKNOWN:
        return _from_code(row, code_span, deleting=deleting)
    match = _search(worth, range(_LOOSE, _HTTP), masked, core, deleting=deleting)
    if match is not None:
        return match
    status = _http(worth.get(_HTTP, ()), masked, core, deleting=deleting)
    if status is not None:
        return status
    return _by_grpc_code(peeled, deleting=deleting)


def _own_words(masked: str, core: int) -> bool:
    """Whether COSI's exact words may stand before the status (they never repeat a driver's text)."""
    return "objectstorage" in masked[:core] and "rpc error" not in masked[:core]


def _search(worth: _Worth, places: range, masked: str, start: int, *, deleting: bool) -> Classification | None:
    """Ask the rules at ``places`` that are worth it; the first that matches decides."""
    for place, patterns in worth.items():
        if place not in places:
            continue
        spans = [match.span() for pattern in patterns if (match := pattern.search(masked, start)) is not None]
        if spans:
            row = ALL_RULES[place]
            return Classification(
                retryable=row.retryable,
                cause=row.cause,
                fix_by=row.fix_by,
                rule=row.name,
                # Of alternatives the leftmost matches, and where two begin at one place, the first.
                span=min(spans, key=itemgetter(0)),
                done=row.done and deleting,
            )
    return None


def _backend_code(peeled: Unwrapped, lower: str) -> tuple[str | None, tuple[int, int]]:
    """The backend's own error code and where it stands; the most explicit place wins."""
    masked = peeled.masked
    for patterns in _PLACES.worth(lower).values():
        for pattern in patterns:
            match = pattern.search(masked)
            if match is not None:
                return match["code"], match.span("code")
    return _loose_code(masked, peeled.core)


def _loose_code(masked: str, core: int) -> tuple[str | None, tuple[int, int]]:
    """A known code of two words or more is no accident of prose, wherever it stands in the driver's words.

    The best place is in front of a colon.
    """
    # Without a capital there is none, and that is seen at once.
    if masked[core:].islower():
        return None, (0, 0)
    first: re.Match[str] | None = None
    for match in _CODE_WORD.finditer(masked, core):
        if match["code"] in BACKEND_CODES:
            if match["colon"]:
                return match["code"], match.span("code")
            if (
                first is None
                and match["code"] not in _GRPC_WORDS
                and masked[match.end() : match.end() + 1] not in {".", "("}
            ):
                first = match
    for match in _ADMIN_CODE.finditer(masked, core) if "XAdmin" in masked or "XMinio" in masked else ():
        if match["code"] in BACKEND_CODES or match["code"].startswith("XAdmin"):
            return match["code"], match.span("code")
    return (first["code"], first.span("code")) if first is not None else (None, (0, 0))


def _from_code(row: BackendCode, span: tuple[int, int], *, deleting: bool) -> Classification:
    return Classification(
        retryable=row.retryable,
        cause=row.cause,
        fix_by=row.fix_by,
        rule=f"backend-code:{row.code}",
        span=span,
        done=deleting and row.cause is Cause.NOT_FOUND,
    )


def _http(patterns: Sequence[re.Pattern[str]], masked: str, start: int, *, deleting: bool) -> Classification | None:
    """Ask for an HTTP status; a text may also name the one it had expected."""
    if not _STATUS_DIGITS.search(masked, start):
        return None
    found = (match for pattern in patterns for match in pattern.finditer(masked, start))
    for match in sorted(found, key=re.Match.start):
        number = next(int(group) for group in match.groups() if group is not None)
        cause = HTTP_STATUS.get(number)
        if cause is not None and cause is not Cause.UNKNOWN:
            return _from_status(number, cause, match.span(), deleting=deleting)
    return None


def _from_status(number: int, cause: Cause, span: tuple[int, int], *, deleting: bool) -> Classification:
    retryable, fix_by = VERDICTS[cause]
    done = deleting and cause is Cause.NOT_FOUND
    if cause is Cause.NOT_FOUND and not deleting:
        retryable, fix_by = None, FixBy.UNKNOWN
    return Classification(retryable=retryable, cause=cause, fix_by=fix_by, rule=f"http:{number}", span=span, done=done)


def _by_grpc_code(peeled: Unwrapped, *, deleting: bool) -> Classification:
    code = peeled.inner or peeled.outer
    if code is None or peeled.strange:
        plain = _PLAIN_FAILURE.match(peeled.masked.strip()) is not None and not peeled.strange
        cause = Cause.INTERNAL_MASKED if plain else Cause.UNKNOWN
        return Classification(retryable=None, cause=cause, fix_by=FixBy.UNKNOWN, rule="nothing-tells")
    row = CODE_DEFAULTS[code]
    core = peeled.masked[peeled.core :].strip()
    span = (0, peeled.core)
    if code is GrpcCode.NOT_FOUND and deleting:
        return Classification(
            retryable=False, cause=Cause.NOT_FOUND, fix_by=FixBy.ADMIN, rule="grpc:NotFound", span=span, done=True
        )
    if row.retryable is False and _PLAIN_FAILURE.match(core):
        # A code chosen for a failure whose cause was swallowed proves nothing (seen with InvalidArgument).
        return Classification(
            retryable=None, cause=Cause.INTERNAL_MASKED, fix_by=FixBy.UNKNOWN, rule="masked-failure", span=span
        )
    cause = Cause.UNKNOWN if row.cause is Cause.INTERNAL_MASKED and len(core) > 200 else row.cause
    return Classification(retryable=row.retryable, cause=cause, fix_by=row.fix_by, rule=f"grpc:{code.value}", span=span)


def _deleting(call: Rpc | None, peeled: Unwrapped, lower: str) -> bool:
    if call is not None:
        return call in {Rpc.DELETE, Rpc.REVOKE}
    if not any(word in lower for word in ("delet", "revok", "remov")):
        return False
    return _DELETING_WORDS.search(peeled.masked[:300]) is not None


def _mismatch(outer: GrpcCode | None, found: Classification) -> bool:
    """Whether the outer code points to another kind of failure than the text."""
    if outer is None or outer is GrpcCode.UNKNOWN or found.retryable is None:
        return False
    if outer is GrpcCode.INTERNAL:
        return found.retryable is False and found.cause not in _NEUTRAL
    if outer is GrpcCode.RESOURCE_EXHAUSTED:
        return found.cause not in {Cause.THROTTLED, Cause.QUOTA, Cause.UNKNOWN}
    if outer in _TRANSIENT_CODES:
        return found.retryable is False
    if outer is GrpcCode.ALREADY_EXISTS:
        return found.cause is not Cause.ALREADY_EXISTS
    return found.retryable is True and outer not in _UNSAYING_CODES
