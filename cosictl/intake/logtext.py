"""What the texts and names of log lines are made into before anything else sees them: masked, cut, comparable.

In: values as a log line holds them, hostile. Out: masked texts of bounded length, the shape by which equal failures
are recognised, and the names of objects among the fields of a line.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cosictl.intake.redact import redact
from cosictl.intake.wire import moment
from cosictl.model.logs import LogNames
from cosictl.model.refs import Kind

# Code points of one failure that are kept; the reason stands at the beginning or the end of longer ones.
LONGEST_TEXT = 1000
_LONGEST_NAME = 253
# Names of Kubernetes objects cannot be credentials of a shape that is masked.
_PLAIN = re.compile(r"[a-z0-9.-]{1,253}")
# What differs from one attempt to the next in a text that is the same otherwise: request ids, times, addresses.
_MOVING = re.compile(
    r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|\b0x[0-9A-Fa-f]+\b|\b(?=[A-Za-z_]*\d)\w{8,}\b|\d+", re.ASCII
)
# What fields of log lines are called, in COSI's programs and in drivers.
_FIELDS = {
    **dict.fromkeys(("bucket", "bucketName", "bucket_name", "bucketID", "bucketId", "bucket_id"), "bucket"),
    **dict.fromkeys(("bucketAccess", "bucketAccessName", "bucket_access"), "access"),
    **dict.fromkeys(("bucketClaim", "bucketClaimName", "bucket_claim"), "claim"),
    **dict.fromkeys(("account", "accountID", "accountId", "account_id", "accountName", "account_name"), "account"),
    **dict.fromkeys(("userName", "user"), "account"),
    **dict.fromkeys(("namespace", "ns"), "namespace"),
    **dict.fromkeys(("name", "key"), "name"),
}
# What the sidecar calls accounts by (v0.2.2 client/apis/objectstorage/consts, the same in v1alpha2).
ACCOUNT_PREFIX = "ba-"


@lru_cache(maxsize=1024)
def settled(text: str) -> tuple[str, str]:
    """Return a failure text masked and cut, and its shape: equal for texts that differ in numbers only."""
    # Masked before it is cut: half a credential is not recognised.
    masked = redact(text)
    if len(masked) > LONGEST_TEXT:
        half = LONGEST_TEXT // 2
        masked = f"{masked[:half]} … {masked[-half:]}"
    return masked, _MOVING.sub("#", masked)


def clean_name(value: str) -> str:
    """Return a name as it may be kept."""
    if _PLAIN.fullmatch(value):
        return value
    return redact(value)[:_LONGEST_NAME]


def names_in(fields: Mapping[str, str], *, kind: str = "") -> LogNames:
    """Return the names among the fields of a structured line; of several fields for one thing the first counts.

    ``kind`` says what the line is about, where its place tells; a plain ``name`` is then that object's, else that of
    a bucket, or of an account where it is called as the sidecar calls accounts.
    """
    found: dict[str, str] = {}
    for key, value in fields.items():
        meant = _FIELDS.get(key)
        if meant is not None and value and meant not in found:
            found[meant] = clean_name(value)
    name = found.pop("name", "")
    if name:
        place = {Kind.ACCESS: "access", Kind.CLAIM: "claim"}.get(Kind(kind), "bucket") if kind else "bucket"
        if not kind and name.startswith(ACCOUNT_PREFIX):
            place = "account"
        found.setdefault(place, name)
    return LogNames(kind=kind, **found)


@lru_cache(maxsize=256)
def _day(month: int, day: int, year: int, limit: datetime) -> datetime | None:
    """Return the newest such day that is not after ``limit``; None for the 30th of February."""
    for candidate in range(year, year - 8, -1):
        try:
            found = datetime(candidate, month, day, tzinfo=UTC)
        except ValueError:
            continue
        if found <= limit:
            return found
    return None


def klog_moment(stamp: str, reference: datetime) -> datetime | None:
    """Return the time of a klog header (``1123 15:07:02.980962``), which has no year and is taken to be UTC.

    ``reference`` is a time near it, seldom before it: the newest year that does not lie a day after that is taken.
    """
    second = _second(stamp[:13], reference)
    return second.replace(microsecond=int(stamp[14:20])) if second is not None else None


@lru_cache(maxsize=256)
def _second(stamp: str, reference: datetime) -> datetime | None:
    limit = (reference + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        midnight = _day(int(stamp[0:2]), int(stamp[2:4]), limit.year, limit)
        clock = timedelta(hours=int(stamp[5:7]), minutes=int(stamp[8:10]), seconds=int(stamp[11:13]))
    except ValueError:
        return None
    return midnight + clock if midnight is not None else None


def iso_moment(text: str) -> datetime | None:
    """Return a time as RFC 3339 has it, of whatever precision; None where it is none."""
    try:
        return moment(datetime.fromisoformat(text))
    except ValueError:
        return None


def epoch_moment(value: float) -> datetime | None:
    """Return a time from seconds since 1970, or from milliseconds or nanoseconds where they are that many."""
    for unit in (1.0, 1e3, 1e6, 1e9):
        if value / unit < 1e11:
            try:
                return datetime.fromtimestamp(value / unit, tz=UTC)
            except (OverflowError, OSError, ValueError):
                return None
    return None
