"""Accounts for the tests of reports: of a dump as the program makes them, or of a report that was made up."""

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from cosictl.flows.account import account
from cosictl.flows.asked import Asked
from cosictl.intake.files import load_dump
from cosictl.model.account import Account, Chain
from cosictl.model.failures import Failure
from cosictl.model.fleet import Comparison, Fleet
from cosictl.model.refs import Ref
from cosictl.model.report import Report

# What words from a cluster may try in a page or in a ticket.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style></pre><svg onload=alert(1)>",
    "<!-- a -->",
    "&lt;b&gt; &amp;",
    "javascript:alert(1)",
    "[click](https://evil.example/)",
    "![](https://evil.example/x.png)",
    "https://evil.example/ www.evil.example me@evil.example",
    "@everyone #12 !3 GH-4 :tada:",
    "**bold** __bold__ ~~gone~~ $x$",
    "a|b||c\\|d",
    "`one` ``two`` ```three",
    "# heading",
    "\n\n# heading\n\n| a |\n|---|\n",
    "---",
    "1. one",
    "> quote",
    "\x1b[2J\u202egnp.exe\u200b",
)


def of_dump(path: Path) -> Account:
    """The account of a dump."""
    return account(
        lambda: load_dump([str(path)], stdin=None, as_of=None, clock=datetime(2026, 12, 1, tzinfo=UTC))[1],
        asked=Asked(),
    )


def of_report(
    report: Report, *, records: Mapping[Ref, tuple[Failure, ...]] | None = None, chains: tuple[Chain, ...] = ()
) -> Account:
    """The account of a report, with nothing to compare."""
    return Account(
        report=report,
        fleet=Fleet(drivers=(), unmatched=(), unnamed=()),
        comparison=Comparison(
            apis=(), now=report.policies, calls_now=0, loops_now=0, counted=0, silent=0, prospects=()
        ),
        what_ifs=(),
        chains=chains,
        records=records or {},
    )


def written(write: Callable[[Account, TextIO], None], told: Account) -> str:
    """What a format writes of an account."""
    stream = io.StringIO()
    write(told, stream)
    return stream.getvalue()
