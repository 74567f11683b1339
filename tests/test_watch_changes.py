"""What ``diagnose -w`` tells of two reports, one after the other."""

from datetime import UTC, datetime

import pytest

from cosictl.cli.watching_diagnosis import Change, Seen, changes
from cosictl.model.failures import FixBy
from cosictl.model.refs import Api, Ref
from cosictl.model.report import Assessment, Finding, Flag, Outlook, Report

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BUCKET = Ref("Bucket", "", "b")


def report(outlook: str, code: str = "", *, uid: str = "1", going: bool = False) -> Report:
    """One Bucket; an empty outlook is none."""
    flags = (Flag.TERMINATING,) if going else ()
    item = Assessment(ref=BUCKET, uid=uid, api=Api.V1ALPHA1, outlook=Outlook(outlook or "ready"), basis=(), flags=flags)
    finding = Finding(code=code, title="", root=BUCKET, outlook=item.outlook, fix_by=FixBy.UNKNOWN)
    return Report(
        taken_at=NOW,
        basis="",
        source="",
        policies=(),
        objects=(item,) if outlook else (),
        findings=(finding,) if code else (),
        unread=(),
    )


def was(outlook: str, code: str = "", *, failed: bool = False) -> dict[Ref, Seen]:
    seen = Seen(uid="1", outlook=Outlook(outlook), code=code, cause=None, is_going=False, has_failed=failed)
    return {BUCKET: seen}


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ({}, report("ready"), None),
        ({}, report("waiting"), None),
        ({}, report("looping", "COSI104"), "looping COSI104"),
        (was("looping", "COSI104"), report("looping", "COSI104"), None),
        (was("looping", "COSI104"), report("looping", "COSI106"), "looping COSI106 (was COSI104)"),
        (was("looping"), report("ready"), "ready (was looping, its loop stopped)"),
        (was("looping"), report("parked", "COSI603"), "parked COSI603 (was looping, its loop stopped)"),
        (was("looping"), report(""), "gone (was looping, its loop stopped)"),
        (was("looping"), report("retrying"), "retrying (was looping)"),
        (was("looping"), report("unknown"), "unknown (was looping)"),
        (was("retrying"), report("ready"), "ready (was retrying)"),
        (was("looping"), report("unknown", "COSI206"), "unknown COSI206 (was looping, its loop stopped)"),
        (was("retrying", failed=True), report("ready"), "ready (was retrying)"),
        (was("retrying", failed=True), report("parked"), "parked (was retrying, its loop stopped)"),
        (was("retrying", failed=True), report(""), "gone (was retrying, its loop stopped)"),
        # Nobody has failed yet: it was only just made, or asked to go.
        (was("retrying"), report("stalled", "COSI110"), "stalled COSI110 (was retrying)"),
        (was("retrying"), report(""), "gone (was retrying)"),
        (was("ready"), report("waiting", going=True), "being deleted, waiting (was ready)"),
        (was("waiting"), report("waiting", going=True), "being deleted, waiting"),
        (was("ready"), report("ready", uid="2"), "ready (was ready, made anew)"),
        (was("ready"), report(""), "gone (was ready)"),
    ],
)
def test_what_is_told(before: dict[Ref, Seen], now: Report, words: str | None) -> None:
    found: list[Change] = changes(before, now)
    assert [change.words for change in found] == ([] if words is None else [words])
