"""``cosictl probe-driver call``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from typing import Annotated

import typer

from cosictl.cli.complete import complete_methods
from cosictl.cli.options import Dumps, Shared
from cosictl.cli.output import Format, choose_format, print_document
from cosictl.cli.probe_driver.options import Dial, with_dial


@with_dial
def call(
    shared: Shared,
    dial: Dial,
    *,
    method: Annotated[
        str, typer.Argument(metavar="METHOD", autocompletion=complete_methods, help="DriverCreateBucket, create, …")
    ],
    data: Annotated[
        str | None, typer.Option("--data", "-d", metavar="JSON", help="The request: JSON, @FILE, or - for stdin.")
    ] = None,
    api: Annotated[
        str | None, typer.Option("--api", metavar="VERSION", help="v1alpha1 or v1alpha2; else what the driver speaks.")
    ] = None,
    template: Annotated[bool, typer.Option("--template", help="Print an empty request, and stop.")] = False,
    dumps: Dumps = None,
    no_cluster: Annotated[
        bool, typer.Option("--no-cluster", help="Delete and revoke without asking whose it is in the cluster.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the request, and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send it without asking.")] = False,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="DIGEST", help="Delete or revoke just what was shown.")
    ] = None,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Do not mask credentials.")] = False,
) -> None:
    """Call one method of a driver with a request of your own.

    Prints the reply. No .proto files and no reflection are needed. What a call can do is said before it is made:
    create, get and grant ask once; delete and revoke are refused while an object of the cluster (or of -f DUMP) that
    is not being deleted uses the bucket or account, and need the digest of what is shown.
    """
    from cosictl.cli.probe_driver.calling import RawCall, make_call
    from cosictl.cli.probe_driver.dialling import opened

    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    raw = RawCall(method=method, data=data, api=api or "", dumps=dumps, no_cluster=no_cluster)
    if template:
        print_document(raw.template(), Format.YAML if chosen is Format.YAML else Format.JSON)
        return
    raw = raw.read()
    with opened(shared, dial) as line:
        make_call(shared, raw, line, chosen, dry_run=dry_run, yes=yes, confirm=confirm, show_secrets=show_secrets)
