"""Lines with JSON in them: zap on a console (v1alpha2), zap or slog as JSON, and the calls that a driver notes down.

In: one line without its line end. Out: a record, or None. A call line names a method of the contract and the code of
the answer in fields of their own, so that nothing a user can write decides.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from cosictl.intake.lenient import UndecodableError, loads
from cosictl.intake.logtext import clean_name, epoch_moment, iso_moment, names_in
from cosictl.model.failures import GRPC_NUMBERS, GrpcCode
from cosictl.model.logs import LogNames, LogRecord, Severity, Writer
from cosictl.model.refs import Kind, Rpc

_METHODS: Final = {rpc.value: rpc for rpc in Rpc}
_CODES: Final = {code.value: code for code in GrpcCode}
_OF_BUCKETS: Final = frozenset({Rpc.CREATE, Rpc.GET_EXISTING, Rpc.DELETE})
_METHOD_KEYS: Final = ("method", "grpc.method", "rpc", "grpc_method")
_CODE_KEYS: Final = ("code", "grpc.code", "grpc_code")
_TIME_KEYS: Final = ("time", "ts", "t", "timestamp", "@timestamp")
_LEVEL_KEYS: Final = ("level", "severity", "lvl")
_MESSAGE_KEYS: Final = ("msg", "message")
_ERROR_KEYS: Final = ("error", "err", "grpc.error")
_GRAVE: Final = frozenset({"error", "fatal", "panic", "dpanic", "critical"})
# controller-runtime writes this once for every reconcile that failed; what the reconciler itself wrote before it, with
# the same reconcileID, tells of the same attempt (recorded with main ee00c269).
_FAILED: Final = "Reconciler error"
_STARTED: Final = "reconciling "
_TERMINAL: Final = "terminal error: "


def parse_console(line: str, writer: Writer) -> LogRecord | None:
    """Read ``TIME<tab>LEVEL<tab>[logger<tab>]message<tab>{fields}``, zap's console form."""
    parts = line.split("\t")
    if len(parts) < 3 or (parts[1] == "INFO") or not parts[1].isupper():
        return None
    start = next((place for place, part in enumerate(parts) if place > 2 and part.startswith("{")), len(parts))
    fields = _object("\t".join(parts[start:])) if start < len(parts) else {}
    if fields is None:
        return None
    message = parts[start - 1] if start > 2 else ""
    return _reconciling(parts[1].lower(), message, fields, iso_moment(parts[0]), writer)


def parse_json(line: str, writer: Writer) -> LogRecord | None:
    """Read one JSON object."""
    fields = _object(line)
    if fields is None:
        return None
    moment = _moment(fields)
    call = _call(fields, moment)
    if call is not None:
        return call if writer in {Writer.DRIVER, Writer.UNKNOWN} else None
    level = str(_pick(fields, _LEVEL_KEYS)).lower()
    return _reconciling(level, str(_pick(fields, _MESSAGE_KEYS)), fields, moment, writer)


def _object(text: str) -> dict[str, object] | None:
    try:
        value = loads(text.encode("utf-8", "replace"))
    except UndecodableError:
        return None
    return value if isinstance(value, dict) else None


def _pick(fields: Mapping[str, object], keys: tuple[str, ...]) -> object:
    return next((fields[key] for key in keys if fields.get(key) not in (None, "")), "")


def _moment(fields: Mapping[str, object]) -> datetime | None:
    value = _pick(fields, _TIME_KEYS)
    if isinstance(value, str):
        return iso_moment(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return epoch_moment(value)
    return None


def _code(value: object) -> GrpcCode | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return GRPC_NUMBERS.get(value)
    return _CODES.get(value) if isinstance(value, str) else None


def _texts(fields: Mapping[str, object]) -> dict[str, str]:
    return {key: value for key, value in fields.items() if isinstance(value, str)}


def _call(fields: Mapping[str, object], moment: datetime | None) -> LogRecord | None:
    """Read a driver's note of one call: the method, what it was about, and the answer."""
    method, code = _pick(fields, _METHOD_KEYS), _code(_pick(fields, _CODE_KEYS))
    rpc = _METHODS.get(method.rpartition("/")[2]) if isinstance(method, str) else None
    if rpc is None or code is None:
        return None
    said = _pick(fields, (*_ERROR_KEYS, *_MESSAGE_KEYS))
    words = said if isinstance(said, str) else ""
    if not words.startswith("rpc error: "):
        words = f"rpc error: code = {code.value} desc = {words}"
    return LogRecord(
        moment=moment,
        severity=Severity.INFO if code is GrpcCode.OK else Severity.ERROR,
        writer=Writer.DRIVER,
        text="" if code is GrpcCode.OK else words,
        names=_called(rpc, fields),
        rpc=rpc,
        code=code,
        is_attempt=True,
    )


def _called(rpc: Rpc, fields: Mapping[str, object]) -> LogNames:
    """Return what a call was about: a bucket by name or ID, or an account."""
    key = fields.get("key")
    if isinstance(key, str):
        return _keyed(rpc, key)
    found = names_in(_texts(fields))
    if rpc in _OF_BUCKETS:
        return LogNames(kind=Kind.BUCKET, bucket=found.bucket)
    return LogNames(kind=Kind.ACCESS, account=found.account)


@lru_cache(maxsize=2048)
def _keyed(rpc: Rpc, key: str) -> LogNames:
    name = clean_name(key)
    return LogNames(kind=Kind.BUCKET, bucket=name) if rpc in _OF_BUCKETS else LogNames(kind=Kind.ACCESS, account=name)


def _reconciling(
    level: str, message: str, fields: Mapping[str, object], moment: datetime | None, writer: Writer
) -> LogRecord | None:
    """Read what a reconciler, or any other program, says about its work."""
    kind = fields.get("controllerKind", "")
    kind = kind if isinstance(kind, str) and kind in set(Kind) else ""
    if writer is Writer.UNKNOWN:
        # Both controller and sidecar reconcile accesses; only the first reconciles claims.
        writer = (Writer.CONTROLLER if kind == Kind.CLAIM else Writer.SIDECAR) if kind else Writer.DRIVER
    names = names_in(_texts(fields), kind=kind)
    if message.startswith(_STARTED) and kind:
        return LogRecord(moment=moment, severity=Severity.INFO, writer=writer, names=names, is_attempt=True)
    if level not in _GRAVE:
        return None
    error = _pick(fields, _ERROR_KEYS)
    text = error if isinstance(error, str) else ""
    if not kind:
        text = f"{message}: {text}" if text and message else text or message
    return LogRecord(
        moment=moment,
        severity=Severity.ERROR,
        writer=writer,
        text=(text or message).removeprefix(_TERMINAL),
        names=names,
        is_attempt=message == _FAILED and bool(kind),
    )
