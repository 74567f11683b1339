"""``cosictl probe-driver reproduce``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.complete import complete_targets
from cosictl.cli.options import Dumps, Shared
from cosictl.cli.output import Format, choose_format
from cosictl.cli.probe_driver.options import Dial, with_dial
from cosictl.cli.types import parse_targets
from cosictl.errors import UsageError


@with_dial
def reproduce(
    shared: Shared,
    dial: Dial,
    *,
    target: Annotated[
        str, typer.Argument(metavar="TYPE/NAME", autocompletion=complete_targets, help="A bucket, claim or access.")
    ],
    dumps: Dumps = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the request, and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send it without asking.")] = False,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="DIGEST", help="Delete or revoke just what was shown.")
    ] = None,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Do not mask credentials.")] = False,
) -> None:
    """Send the driver exactly what its sidecar sends for an object now.

    The request is built from the live objects (or -f DUMP) and shown, with what it can do. The answer is compared with
    what is recorded: reproduced, changed, fixed or worse; and it says which finding it proves. Create, get and grant
    ask once (--yes). Delete and revoke are refused unless the object is being deleted, and need --confirm DIGEST.
    """
    from cosictl.cli.probe_driver.reproducing import Wanted, run_reproduction

    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    targets = parse_targets((target,))
    if len(targets) != 1 or not targets[0].name:
        raise UsageError(f'"{target}" is not one object', next_step="write TYPE/NAME, for example claim/photos")
    wanted = Wanted(
        target=targets[0], dumps=dumps, dry_run=dry_run, yes=yes, confirm=confirm, exact=show_secrets, chosen=chosen
    )
    run_reproduction(shared, dial, wanted)
