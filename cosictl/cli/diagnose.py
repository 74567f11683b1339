"""``cosictl diagnose``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosictl.cli.complete import complete_targets
from cosictl.cli.judging_options import Assume, OnlyFinding
from cosictl.cli.logging_options import LogOptions, parse_wish
from cosictl.cli.options import AsOf, Dumps, NoTrunc, Shared, with_options
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import program, same_again
from cosictl.cli.types import Target, parse_targets

if TYPE_CHECKING:
    from cosictl.model.report import Report


@with_options("logged", LogOptions)
def diagnose(
    shared: Shared,
    *,
    logged: LogOptions,
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="TYPE/NAME", autocompletion=complete_targets, help="Only these objects."),
    ] = None,
    dumps: Dumps = None,
    as_of: AsOf = None,
    assume: Assume = None,
    finding: OnlyFinding = None,
    show_all: Annotated[bool, typer.Option("--all", help="Print every object of a finding.")] = False,
    no_trunc: NoTrunc = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Stay, and show what changes.")] = False,
    interval: Annotated[
        str | None, typer.Option(metavar="TIME", help="With -w: look again at least this often (5s).")
    ] = None,
) -> None:
    """Find out what is stuck, and why.

    It also says whether waiting helps, who can fix it, what to type, and what could be lost by typing it.

    Without a target it looks at every namespace you may read, else at the context's. With -f it reads dumps instead
    of a cluster; with --logs also what sidecars, drivers and controllers wrote. -o json and -o yaml print one
    document. With -w it stays and shows what gets stuck and what gets better: a view on a terminal, lines in a pipe,
    JSON with -o jsonl. Exit code 3: something is stuck; 5: something is unknown.
    """
    from cosictl.cli.wiring import open_source
    from cosictl.flows.diagnose import known_code, run_diagnosis, verdict

    watched = (Format.JSONL,) if watch else (Format.JSON, Format.YAML)
    chosen = choose_format(shared, Format.TEXT, *watched)
    code = known_code(finding) if finding else None
    wish = parse_wish(logged, dumps)
    named = parse_targets(targets or ())
    if watch:
        _watch(shared, named, chosen, dumps=dumps, interval=interval, assume=assume, code=code)
    source = open_source(shared, dumps, as_of=as_of, targets=named, everywhere=not targets, logs=wish)
    report = run_diagnosis(source.read, asked=source.asked, assume=assume, code=code)
    _print(report, shared, chosen, dumps=dumps, show_all=show_all, only_finding=code, no_trunc=no_trunc)
    raise typer.Exit(verdict(report))


def _print(report: "Report", shared: Shared, chosen: Format, *, dumps: Sequence[str] | None, **how: Any) -> None:
    if chosen is Format.TEXT:
        from cosictl.render.diagnosis_text import print_diagnosis

        files = [str(path) for path in dumps or () if str(path) != "-"]
        print_diagnosis(report, output(shared), files=files, prog=program(), again=same_again(), **how)
    else:
        from cosictl.render.document import diagnosis_rows

        print_document(diagnosis_rows(report), chosen)


def _watch(
    shared: Shared,
    named: Sequence[Target],
    chosen: Format,
    *,
    dumps: Sequence[str] | None,
    interval: str | None,
    assume: str | None,
    code: str | None,
) -> None:
    """Stay until somebody interrupts."""
    from cosictl.cli.watching import watch_interval
    from cosictl.cli.watching_diagnosis import watch_diagnosis
    from cosictl.cli.wiring import open_watch
    from cosictl.flows.diagnose import run_diagnosis

    pause = watch_interval(interval, targets=named, dumps=dumps)
    port, asked = open_watch(shared, targets=named, everywhere=not named)
    watch_diagnosis(port, partial(run_diagnosis, asked=asked, assume=assume, code=code), shared, chosen, pause)
