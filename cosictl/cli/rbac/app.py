"""``cosictl rbac``: print roles, and check what somebody has of them."""

from collections.abc import Callable
from typing import Final

import typer

from cosictl.cli.options import with_shared
from cosictl.cli.rbac.check import check
from cosictl.cli.rbac.printing import print_

VERBS: Final[tuple[Callable[..., None], ...]] = (print_, check)

rbac = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Print the rights that commands take, and check which of them you have.",
)
for verb in VERBS:
    rbac.command(verb.__name__.rstrip("_"))(with_shared(verb))
