"""The options that every changing verb has: what is chosen, and whether it is done."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cosictl.cli.complete import complete_outlooks
from cosictl.cli.options import parse_duration, state_folder
from cosictl.errors import UsageError

_FOLDER: Final = "journal"


class DryRun(StrEnum):
    """Who is asked about a plan without carrying it out."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How far to go, and where it is written down."""

    apply: Annotated[bool, typer.Option("--apply", help="Do it, after asking.")] = False
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="DIGEST", help="Do it without asking: the digest of the plan.")
    ] = None
    dry_run: Annotated[
        DryRun | None, typer.Option("--dry-run", help="client: only the plan; server: ask the server about each step.")
    ] = None
    wait: Annotated[
        str | None, typer.Option("--wait", metavar="TIME", help="How long to look for the effect of a step (60s).")
    ] = None
    journal_dir: Annotated[
        str | None, typer.Option("--journal-dir", metavar="DIR", help="Where journals and backups are kept.")
    ] = None

    @property
    def folder(self) -> Path:
        """Where journals are."""
        return Path(self.journal_dir) if self.journal_dir else state_folder() / _FOLDER

    @property
    def wait_seconds(self) -> float | None:
        """How long to wait for an effect; raises UsageError."""
        return parse_duration(self.wait, "--wait") if self.wait is not None else None

    def check(self) -> None:
        """Raise UsageError for options that exclude each other."""
        if self.dry_run is not None and (self.apply or self.confirm):
            raise UsageError("--dry-run and --apply exclude each other", next_step="leave out one of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """Which objects, beside those named."""

    finding: Annotated[
        str | None, typer.Option("--finding", metavar="CODE", help="Only objects with this finding: COSI104.")
    ] = None
    outlook: Annotated[
        str | None,
        typer.Option("--outlook", metavar="LIST", autocompletion=complete_outlooks, help="Only these outlooks."),
    ] = None
    of_driver: Annotated[str | None, typer.Option("--driver", metavar="NAME", help="Only objects of this driver.")] = (
        None
    )
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="TIME", help="Only what has been so for longer: 30m, 2h.")
    ] = None
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Refuse plans of more steps.")] = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Where the driver can be asked, for the verbs whose proof may need it."""

    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="ADDRESS", help="The driver, to ask it: unix:///PATH, tcp://HOST:PORT."),
    ] = None
    pod: Annotated[
        str | None, typer.Option("--pod", metavar="NS/NAME", help="The driver's pod, to ask it through kubectl's exec.")
    ] = None
    bucket_id: Annotated[
        str | None, typer.Option("--bucket-id", metavar="ID", help="The ID of a bucket whose object is gone.")
    ] = None
    retain: Annotated[
        bool, typer.Option("--retain", help="Let stuck deletions finish and keep the data in the backend.")
    ] = False
    even_if_retrying: Annotated[
        list[str] | None,
        typer.Option("--even-if-retrying", metavar="TYPE/NAME", help="Also this object, which may yet succeed."),
    ] = None
