"""``cosictl version``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import platform
import sys

from cosictl import __version__
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format


def version(shared: Shared) -> None:
    """Print the version of cosictl. -o json or yaml also says on what it runs."""
    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    if chosen is Format.TEXT:
        sys.stdout.write(f"cosictl {__version__}\n")
        return
    from cosictl.cli.output import print_document

    facts = {"version": __version__, "python": platform.python_version(), "platform": platform.platform()}
    print_document(facts, chosen)
