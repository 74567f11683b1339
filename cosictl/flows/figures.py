"""Figures: observe, conclude, keep what was asked for, and count."""

from collections.abc import Callable

from cosictl.diagnosis.graph import link
from cosictl.diagnosis.policy import choose
from cosictl.diagnosis.report import concluded
from cosictl.diagnosis.tally import tally
from cosictl.flows.asked import Asked, narrowed
from cosictl.flows.diagnose import only
from cosictl.model.snapshot import Snapshot
from cosictl.model.tally import Tally


def figures(read: Callable[[], Snapshot], *, asked: Asked, assume: str | None = None, code: str | None = None) -> Tally:
    """Return the figures of what ``read`` observes, narrowed to what was asked for and to one finding code.

    ``assume`` is the name of a known policy. Raises NotFoundError for a name that nothing has, and what ``read``
    raises.
    """
    snapshot = read()
    graph = link(snapshot)
    policies = choose(graph, assume=assume)
    report = narrowed(concluded(graph, policies), snapshot, asked)
    return tally(report if code is None else only(report, code), snapshot, policies)
