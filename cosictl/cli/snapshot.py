"""``cosictl snapshot``."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import sys
from typing import Annotated

import typer

from cosictl.cli.options import AsOf, Dumps, Shared
from cosictl.cli.said import say, say_unread
from cosictl.errors import UsageError


def snapshot(
    shared: Shared,
    *,
    dumps: Dumps = None,
    as_of: AsOf = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")] = False,
) -> None:
    """Write a dump, with credentials masked.

    -o FILE says where to, -o - is stdout. It holds everything a diagnosis needs: diagnose -f FILE gives the findings
    that the cluster gave. Only its owner can read the file. Without -n it holds every namespace you may read, else
    the context's.
    """
    from cosictl.cli.wiring import open_source
    from cosictl.flows.snapshot import STDOUT, take_snapshot
    from cosictl.flows.writing import check_free
    from cosictl.render.lines import many

    if not shared.output:
        raise UsageError("snapshot needs -o FILE", next_step="-o - writes to stdout")
    if shared.selector or (dumps and shared.namespace):
        raise UsageError("snapshot writes everything it reads", next_step="leave out -l, and with -f also -n")
    if shared.output != STDOUT:
        check_free(shared.output, force=force)
    elif force:
        raise UsageError("--force is about a file", next_step="name the file to replace")
    source = open_source(shared, dumps, as_of=as_of, everywhere=True, keep_raw=True)
    seen = take_snapshot(source.load, shared.output, stdout=sys.stdout.buffer)
    say_unread(seen)
    if shared.output != STDOUT:
        counts = (
            many(len(seen.claims), "claim"),
            many(len(seen.buckets), "bucket"),
            many(len(seen.accesses), "access", "accesses"),
            many(len(seen.events), "event"),
        )
        say(f"wrote {shared.output}: {', '.join(counts)}; credentials are masked, names are not")
