"""``cosictl sidecars fix``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from enum import StrEnum
from typing import Annotated

import typer

from cosictl.cli.options import AsOf, Dumps, Shared
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import program, say_unread
from cosictl.cli.sidecars.listing import Drivers


class Form(StrEnum):
    """How a change is written."""

    SET_IMAGE = "set-image"
    PATCH = "patch"
    KUSTOMIZE = "kustomize"


def fix(
    shared: Shared,
    *,
    drivers: Drivers = None,
    to: Annotated[str | None, typer.Option("--to", metavar="IMAGE", help="The image to change to.")] = None,
    form: Annotated[Form, typer.Option("--form", help="How to write the change.")] = Form.SET_IMAGE,
    dumps: Dumps = None,
    as_of: AsOf = None,
) -> None:
    """Print how to change the image of each sidecar, and what that would change.

    It never applies it. For each Deployment, DaemonSet or StatefulSet: the container, from which image, to which, as a
    kubectl set image line, a strategic merge patch, or a kustomize snippet; what becomes of the objects that are stuck
    now, and what to look at first. Where no image helps it says so, with the reason.
    """
    from cosictl.cli.wiring import open_source
    from cosictl.flows.sidecars import fix_list

    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    source = open_source(shared, dumps, as_of=as_of, everywhere=True)
    snapshot = source.read()
    found = fix_list(lambda: snapshot, to=to or "", drivers=drivers or ())
    say_unread(snapshot)
    if chosen is not Format.TEXT:
        from cosictl.render.fleet_document import fixes_document

        print_document(fixes_document(found), chosen)
        return
    from cosictl.render.fix_text import print_fixes

    print_fixes(found, output(shared), form=form.value, prog=program())
