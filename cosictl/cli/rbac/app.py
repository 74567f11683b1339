"""``cosictl rbac``: print roles, and check what somebody has of them."""

from collections.abc import Callable
from typing import Final

import typer

from cosictl.cli.options import Shared, with_shared
from cosictl.cli.rbac.check import check
from cosictl.cli.rbac.printing import print_

VERBS: Final[tuple[Callable[..., None], ...]] = (print_, check)

rbac = typer.Typer(rich_markup_mode=None)


def rbac_root(shared: Shared) -> None:
    """Print the rights that commands take, and check which of them you have."""


rbac.callback()(with_shared(rbac_root))
for verb in VERBS:
    rbac.command(verb.__name__.rstrip("_"))(with_shared(verb))
