"""``cosictl sidecars``: the table, and the verbs below it."""

from collections.abc import Callable
from typing import Annotated, Final

import typer

from cosictl.cli.options import AsOf, Dumps, NoTrunc, Shared, with_shared
from cosictl.cli.sidecars.compare import compare
from cosictl.cli.sidecars.fix import fix
from cosictl.cli.sidecars.listing import list_
from cosictl.cli.sidecars.measure import measure
from cosictl.errors import UsageError

VERBS: Final[tuple[Callable[..., None], ...]] = (list_, compare, fix, measure)

sidecars = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def sidecars_root(
    shared: Shared,
    *,
    ctx: typer.Context,
    drivers: Annotated[
        list[str] | None, typer.Option("--driver", metavar="NAME", help="Only this driver; repeatable.")
    ] = None,
    dumps: Dumps = None,
    as_of: AsOf = None,
    no_trunc: NoTrunc = False,
) -> None:
    """Show which sidecar release serves which driver, and what it does with errors.

    One line per driver, then its pods, images, leases and hazards. The verbs: what another release would do
    (compare), how to change the image (fix), and what a sidecar really does (measure).
    """
    if ctx.invoked_subcommand is None:
        list_(shared, drivers=drivers, dumps=dumps, as_of=as_of, no_trunc=no_trunc)
    elif drivers or dumps or as_of or no_trunc:
        raise UsageError(
            f"options of {ctx.invoked_subcommand} stand after it",
            next_step=f"cosictl sidecars {ctx.invoked_subcommand} …",
        )


sidecars.callback(invoke_without_command=True)(with_shared(sidecars_root))
for verb in VERBS:
    sidecars.command(verb.__name__.rstrip("_"))(with_shared(verb))
