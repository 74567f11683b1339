"""What one failure text means: retryable or not, why, and who acts. Pure; rules are rows of ``knowledge``.

The innermost statement with a meaning decides; the gRPC code decides only where the text says nothing more. What
a user can put into the text (names, parameters, tags) is blanked out first and never decides.
"""

import re
from collections.abc import Iterable

from cosictl.diagnosis.unwrap import Unwrapped, unwrap
from cosictl.knowledge.backend_codes import BACKEND_CODES, HTTP_STATUS, VERDICTS, BackendCode
from cosictl.knowledge.code_defaults import CODE_DEFAULTS
from cosictl.knowledge.message_rule import MessageRule
from cosictl.knowledge.messages import EXACT_RULES, LOOSE_RULES, TRANSPORT_RULES
from cosictl.model.failures import Carrier, Cause, Classification, FixBy, GrpcCode
from cosictl.model.refs import Api, Rpc

_TRANSIENT_CODES = frozenset({GrpcCode.UNAVAILABLE, GrpcCode.DEADLINE_EXCEEDED, GrpcCode.ABORTED, GrpcCode.CANCELED})
_UNSAYING_CODES = frozenset({GrpcCode.UNKNOWN, GrpcCode.INTERNAL, GrpcCode.OK, GrpcCode.DATA_LOSS})
_GRPC_WORDS = frozenset(code.value for code in GrpcCode)
_NEUTRAL = frozenset({Cause.INTERNAL_MASKED, Cause.UNKNOWN, Cause.DRIVER_BUG})

# Where SDKs and servers print their own error code.
_CODE_PLACES = (
    re.compile(r"\bapi error (?P<code>[A-Za-z][\w.]{2,80}): "),
    re.compile(
        r"https response error StatusCode: \d{3}, RequestID: [^,]{0,80},(?: HostID: [^,]{0,200},)? "
        r"(?P<code>[A-Z]\w{2,80}): "
    ),
    re.compile(r"\bERROR CODE: (?P<code>\w{3,80})"),
    re.compile(r"<Code>(?P<code>\w{3,80})</Code>"),
    re.compile(r"\\?\"code\\?\": ?\\?\"(?P<code>[A-Za-z]\w{2,80})\\?\""),
    re.compile(r"\berrorCode=\\?\"?(?P<code>[A-Za-z]\w{2,80})"),
    re.compile(r"\bReason: (?P<code>[a-z]\w{2,60}), Message:"),
    re.compile(r"googleapi: Error \d{3}: [^\n]{0,2000}, (?P<code>[a-z][A-Za-z]{2,60})\s*$", re.MULTILINE),
    re.compile(r"\b(?P<code>[A-Z][A-Za-z]{3,60}) tx[0-9a-f]{10,}-"),
    re.compile(r"\b(?P<code>[A-Z][A-Za-z0-9]{2,60}): [^\n]{0,2000}\n\s*status code: \d{3}"),
    re.compile(r"An error occurred \((?P<code>[A-Za-z]\w{2,80})\) when calling"),
    re.compile(r"\b[Cc]ode(?:=|: )\\?\"(?P<code>[A-Za-z]\w{2,80})\\?\""),
    re.compile(r"(?<![\w.])(?P<code>[A-Z][a-z]+(?:[A-Z][a-z0-9]*)+): "),
    re.compile(r"(?<![\w.])(?P<code>X(?:Admin|Minio)[A-Za-z]{2,60}): "),
)
_CODE_WORD = re.compile(r"(?<![\w.])[A-Z][a-z]+(?:[A-Z][a-z0-9]*)+(?![\w.(])")
_HTTP_PLACES = re.compile(
    r"StatusCode: (\d{3})|status code:? (\d{3})|RESPONSE (\d{3}):|googleapi: Error (\d{3})|(?:^|[\s:])\[(\d{3})\] "
    r"|httpStatusGot\\?\":(\d{3})|errorCode ?: ?(\d{3})\b|(?:HTTP )?response(?: code)? (\d{3})\b|<title>(?:Error "
    r")?(\d{3})\b"
    r"|HTTP (?:status )?(?:code )?(\d{3})\b|\bbut got (\d{3})\b|HTTP Error:? (\d{3})\b|error occurred \((\d{3})\)"
    r"|(?:^|[\s:\"])(\d{3}) (?:[A-Z][a-z]+ ?){1,4}(?=$|[\r\n\"<.,])",
    re.IGNORECASE,
)
_DELETING_WORDS = re.compile(r"\b(?:delet|revok|remov)\w*\b", re.IGNORECASE)
_PLAIN_FAILURE = re.compile(r"^(?:failed|unable|error|could not)\b[^:]{0,120}(?::\s*\u00a4*\s*)?\W*$", re.IGNORECASE)


def classify(
    text: str, *, rpc: Rpc | None = None, carrier: Carrier | None = None, api: Api | None = None
) -> Classification:
    """Classify one failure text.

    In: the (redacted) text; where known the call that failed, where the text stood, and the API version. Out: the
    classification; an empty or meaningless text gives ``unknown``. Never raises.
    """
    del carrier, api  # the text itself carries what these would say; kept so that callers need not know that
    peeled = unwrap(text)
    call = rpc or infer_rpc(peeled.masked)
    code, code_span = _backend_code(peeled)
    found = _decide(peeled, code, code_span, deleting=_deleting(call, peeled))
    mismatch = _mismatch(peeled.outer, found)
    return Classification(
        retryable=found.retryable,
        cause=found.cause,
        fix_by=found.fix_by,
        rule=found.rule,
        span=found.span,
        grpc_code=peeled.outer,
        backend_code=code,
        code_mismatch=mismatch,
        done=found.done,
    )


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


def _decide(peeled: Unwrapped, code: str | None, code_span: tuple[int, int], *, deleting: bool) -> Classification:
    """Ask in the order of exactness: COSI's and Kubernetes' words, transport, backend code, wordings, HTTP, code."""
    masked, core = peeled.masked, peeled.core
    if core == 0 or _own_words(masked, core):
        own = _search(EXACT_RULES, masked, 0, deleting=deleting)
        if own is not None:
            return own
    elif (inner := _search(EXACT_RULES, masked, core, deleting=deleting)) is not None and inner.rule.startswith(
        ("kube", "secret", "etcd", "go-")
    ):
        return inner
    row = BACKEND_CODES.get(code) if code is not None else None
    if row is not None and row.cause is not Cause.UNKNOWN:
        return _from_code(row, code_span, deleting=deleting)
    for rules in (TRANSPORT_RULES, LOOSE_RULES):
        match = _search(rules, masked, core, deleting=deleting)
        if match is not None:
            return match
    status = _http(masked, core, deleting=deleting)
    if status is not None:
        return status
    return _by_grpc_code(peeled, deleting=deleting)


def _own_words(masked: str, core: int) -> bool:
    """Whether COSI's exact words may stand before the status (they never repeat a driver's text)."""
    return "objectstorage" in masked[:core] and "rpc error" not in masked[:core]


def _search(rules: Iterable[MessageRule], masked: str, start: int, *, deleting: bool) -> Classification | None:
    for row in rules:
        match = row.pattern.search(masked, start)
        if match is not None:
            return Classification(
                retryable=row.retryable,
                cause=row.cause,
                fix_by=row.fix_by,
                rule=row.name,
                span=match.span(),
                done=row.done and deleting,
            )
    return None


def _backend_code(peeled: Unwrapped) -> tuple[str | None, tuple[int, int]]:
    """The backend's own error code and where it stands; the most explicit place wins."""
    masked = peeled.masked
    for pattern in _CODE_PLACES[:-2]:
        match = pattern.search(masked)
        if match is not None:
            return match["code"], match.span("code")
    for pattern in _CODE_PLACES[-2:]:
        for match in pattern.finditer(masked, peeled.core):
            if match["code"] in BACKEND_CODES or match["code"].startswith("XAdmin"):
                return match["code"], match.span("code")
    # A known code of two words or more is no accident of prose, wherever it stands in the driver's words.
    for match in _CODE_WORD.finditer(masked, peeled.core):
        if match[0] in BACKEND_CODES and match[0] not in _GRPC_WORDS:
            return match[0], match.span()
    return None, (0, 0)


def _from_code(row: BackendCode, span: tuple[int, int], *, deleting: bool) -> Classification:
    return Classification(
        retryable=row.retryable,
        cause=row.cause,
        fix_by=row.fix_by,
        rule=f"backend-code:{row.code}",
        span=span,
        done=deleting and row.cause is Cause.NOT_FOUND,
    )


def _http(masked: str, start: int, *, deleting: bool) -> Classification | None:
    for match in _HTTP_PLACES.finditer(masked, start):
        number = next(int(group) for group in match.groups() if group is not None)
        cause = HTTP_STATUS.get(number)
        # A text may also name the status it had expected.
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


def _deleting(call: Rpc | None, peeled: Unwrapped) -> bool:
    if call is not None:
        return call in {Rpc.DELETE, Rpc.REVOKE}
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
