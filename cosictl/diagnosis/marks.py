"""What somebody wrote on an object with cosictl mark: read, never believed to be more than a note."""

import json
from datetime import datetime
from typing import Any

from msgspec import Struct

from cosictl.knowledge.annotations import MARK
from cosictl.model.objects import Meta
from cosictl.model.report import Evidence


class Mark(Struct, frozen=True, kw_only=True):
    """What somebody wrote on an object; ``expires`` None: never. Unreadable marks hold nothing but their text."""

    text: str
    reason: str = ""
    finding: str = ""
    by: str = ""
    at: str = ""
    ticket: str = ""
    hold: bool = False
    expires: datetime | None = None


def mark_of(meta: Meta) -> Mark | None:
    """Return what somebody wrote on an object, if anything."""
    text = meta.annotations.get(MARK)
    if text is None:
        return None
    try:
        tree: Any = json.loads(text)
        expires = datetime.fromisoformat(tree["expires"]) if tree.get("expires") else None
        if expires is not None and expires.tzinfo is None:
            expires = None
    except (ValueError, TypeError, AttributeError, KeyError):
        return Mark(text=text)
    words = {key: str(tree.get(key) or "") for key in ("reason", "finding", "by", "at", "ticket")}
    return Mark(text=text, hold=tree.get("hold") is True, expires=expires, **words)


def is_expired(mark: Mark, now: datetime) -> bool:
    """Whether a mark's time has passed."""
    return mark.expires is not None and mark.expires <= now


def mark_evidence(meta: Meta, now: datetime) -> tuple[Evidence, ...]:
    """Return what the mark of an object says, for the findings about it."""
    mark = mark_of(meta)
    if mark is None:
        return ()
    said = ", ".join(word for word in (mark.reason or mark.text, mark.finding, mark.ticket) if word)
    until = ", expired" if is_expired(mark, now) else f", until {mark.expires:%Y-%m-%d %H:%MZ}" if mark.expires else ""
    hold = "hold, " if mark.hold else ""
    return (Evidence(text=said, source=f"marked {hold}by {mark.by or 'somebody'}{until}", quoted=True),)
