"""``cosictl probe-driver``: the verbs below it."""

from collections.abc import Callable
from typing import Final

import typer

from cosictl.cli.options import Shared, with_shared
from cosictl.cli.probe_driver.call import call
from cosictl.cli.probe_driver.check import check
from cosictl.cli.probe_driver.info import info
from cosictl.cli.probe_driver.reproduce import reproduce

EPILOG: Final = (
    "Exit codes: 0 the driver answered OK, 1 no answer that can be used, 2 usage, 4 refused by a guard, "
    "64+N the driver answered gRPC code N, 124 timed out."
)
VERBS: Final[tuple[Callable[..., None], ...]] = (info, reproduce, call, check)

probe = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog=EPILOG,
)


def probe_root(shared: Shared) -> None:
    """Ask the driver itself: who it is, and what it answers.

    The driver listens on a unix socket: --endpoint, else COSI_ENDPOINT, else unix:///var/lib/cosi/cosi.sock. From
    outside, --pod NS/NAME or --driver NAME reaches into its pod.
    """


probe.callback()(with_shared(probe_root))
for verb in VERBS:
    probe.command(epilog=EPILOG)(with_shared(verb))
