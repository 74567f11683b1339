"""The options about logs that ``diagnose`` and ``events`` share, and what they ask for together."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cosictl.cli.options import parse_duration
from cosictl.errors import UsageError

if TYPE_CHECKING:
    from cosictl.model.logs import LogWish

STDIN: Final = "-"
# How far back the logs of a cluster are read where nobody says; a loop of v1alpha1 tries every 30 s.
DEFAULT_SINCE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """What was given of them."""

    logs: Annotated[bool, typer.Option("--logs", help="Also read the logs of sidecars, drivers and controllers.")] = (
        False
    )
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="How far back logs are read: 10m, 1h (default), 0: all."),
    ] = None
    previous: Annotated[
        bool,
        typer.Option("--previous", help="Also read what processes wrote that have ended, a crash in particular."),
    ] = False
    log_file: Annotated[
        list[str] | None, typer.Option("--log-file", metavar="LOG", help="Also read this log, or -; repeatable.")
    ] = None


def parse_wish(given: LogOptions, dumps: Sequence[str] | None) -> "LogWish | None":
    """Return which logs were asked for, None for none; raises UsageError.

    A file implies --logs. What is in files counts whatever its time, unless --since is given.
    """
    from cosictl.model.logs import LogWish

    files = tuple(given.log_file or ())
    if not given.logs and not files:
        for option, is_given in (("--since", given.since is not None), ("--previous", given.previous)):
            if is_given:
                raise UsageError(f"{option} is about logs", next_step="give --logs as well")
        return None
    if STDIN in files and STDIN in (dumps or ()):
        raise UsageError("standard input cannot be both the dump and a log", next_step="write one of them to a file")
    seconds = parse_duration(given.since, "--since") if given.since is not None else None
    back = timedelta(seconds=seconds) if seconds else None
    if given.since is None and not dumps:
        back = DEFAULT_SINCE
    return LogWish(
        files=files,
        live=not dumps,
        folders=bool(dumps),
        since=back,
        in_files=given.since is not None,
        previous=given.previous,
    )
