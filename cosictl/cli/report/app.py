"""``cosictl report``, and the verbs below it."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, TextIO

import typer

from cosictl.cli.complete import complete_report
from cosictl.cli.judging_options import Assume, OnlyFinding
from cosictl.cli.logging_options import LogOptions, parse_wish
from cosictl.cli.options import AsOf, Dumps, Shared, with_options, with_shared
from cosictl.cli.output import Format, choose_format
from cosictl.cli.report.diff import diff
from cosictl.cli.report.listen_options import ListenOptions
from cosictl.cli.types import parse_targets

if TYPE_CHECKING:
    from cosictl.cli.wiring import Source

# The verbs below ``report``; each is also named in ``cosictl.cli.verbs``, so that it is found.
VERBS: Final[tuple[Callable[..., None], ...]] = (diff,)

reports = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
for verb in VERBS:
    reports.command(verb.__name__)(with_shared(verb))


@with_options("logged", LogOptions)
@with_options("served", ListenOptions)
def report(
    shared: Shared,
    *,
    logged: LogOptions,
    served: ListenOptions,
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="TYPE/NAME", autocompletion=complete_report, help="Only these objects."),
    ] = None,
    dumps: Dumps = None,
    as_of: AsOf = None,
    assume: Assume = None,
    finding: OnlyFinding = None,
    output_file: Annotated[
        str | None, typer.Option("--output-file", metavar="FILE", help="Write to this file, not to stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")] = False,
) -> None:
    """Write a report: a page for a browser, or text for a ticket.

    It looks at what diagnose looks at: every namespace you may read, TYPE/NAME, or the dumps of -f. Without -o it is
    Markdown for a ticket; -o html is one page for a browser that needs nothing else; -o junit is for a pipeline, and
    -o prometheus for monitoring, served with --listen. The verb below it, diff, says what changed between two.

    It goes to stdout, or with --output-file whole or not at all to a file. Exit code 0: the report was written,
    whatever it says; diagnose has exit codes for what is stuck.
    """
    from cosictl.cli.report.formats import WRITERS
    from cosictl.cli.report.target import check_target, stream_to
    from cosictl.cli.wiring import open_source
    from cosictl.flows.diagnose import known_code

    chosen = choose_format(shared, *WRITERS, Format.PROMETHEUS)
    pause = served.seconds(shared.output, output_file)
    code = known_code(finding) if finding else None
    wish = parse_wish(logged, dumps)
    named = parse_targets(targets or ())
    check_target(output_file, force=force)
    source = open_source(shared, dumps, as_of=as_of, targets=named, everywhere=not targets, logs=wish)
    if served.listen is not None:
        from cosictl.cli.report.figures import Figures

        figures = Figures(source=source, assume=assume, code=code)
        raise typer.Exit(figures.serve(served.listen, pause=pause, dumps=dumps or ()))
    write = _observed(chosen, source, assume, code)
    with stream_to(output_file, force=force) as stream:
        write(stream)


def _observed(chosen: Format, source: "Source", assume: str | None, code: str | None) -> Callable[[TextIO], object]:
    """Observe, conclude, and return what writes that in a format."""
    if chosen is Format.PROMETHEUS:
        from cosictl.cli.report.figures import Figures

        return Figures(source=source, assume=assume, code=code).writer()
    from cosictl.cli.report.formats import WRITERS
    from cosictl.flows.account import account

    return partial(WRITERS[chosen](), account(source.read, asked=source.asked, assume=assume, code=code))
