"""What is said where a table on a terminal ends before its objects do."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from cosictl.cli.layout import Layout
from cosictl.cli.said import same_again, say
from cosictl.flows.get import Listing
from cosictl.model.refs import Ref
from cosictl.model.report import SEVERITY, STUCK, Outlook


def say_rest(listing: Listing, rest: Sequence[Ref], layout: Layout) -> None:
    """Say on stderr how many objects were not printed, how many of them are stuck, and what to type to see them."""
    outlooks = Counter(listing.verdicts[ref].outlook for ref in rest if ref in listing.verdicts)
    for line in rest_lines(len(rest), outlooks, same_again(), narrowed=bool(layout.wanted.outlooks)):
        say(line)


def rest_lines(count: int, outlooks: Mapping[Outlook, int], again: str, *, narrowed: bool) -> Iterator[str]:
    """Yield what is to be said of ``count`` objects that were left out; ``again`` is the command that left them out.

    ``narrowed``: it asked for certain outlooks, so that there is nothing to narrow. Pure.
    """
    if not count:
        return
    yield f"… {count:,} more: {again} --all"
    stuck = [outlook for outlook in SEVERITY if outlook in STUCK and outlooks.get(outlook)]
    if stuck and not narrowed:
        told = ", ".join(f"{outlooks[outlook]:,} {outlook.value}" for outlook in stuck)
        yield f"  among them {told}: {again} --outlook {','.join(stuck)}"
