"""The shape of a message rule: a wording, what it means, where it comes from, and samples of its own."""

from msgspec import Struct

from cosictl.knowledge.backend_codes import VERDICTS
from cosictl.model.failures import Cause, FixBy


class MessageRule(Struct, frozen=True, kw_only=True):
    """One wording, a pattern. It is searched, without case, in the masked text: values that users control are blanks.

    ``done``: while deleting or revoking, this means that the work is done already.
    """

    name: str
    wording: str
    cause: Cause
    retryable: bool | None
    fix_by: FixBy
    source: str
    samples: tuple[str, ...]
    done: bool = False


_UNSET = object()


def rule(
    name: str,
    pattern: str,
    cause: Cause,
    *samples: str,
    source: str,
    retryable: bool | object | None = _UNSET,
    fix_by: FixBy | None = None,
    done: bool = False,
) -> MessageRule:
    """Build a row; retryability and who acts default to what the cause usually means."""
    usual_retry, usual_fix = VERDICTS[cause]
    given = retryable if isinstance(retryable, bool) else None
    answer = usual_retry if retryable is _UNSET else given
    if fix_by is None:
        fix_by = usual_fix if retryable is _UNSET else FixBy.NOBODY if answer else FixBy.UNKNOWN
    return MessageRule(
        name=name,
        wording=pattern,
        cause=cause,
        retryable=answer,
        fix_by=fix_by,
        source=source,
        samples=samples,
        done=done,
    )
