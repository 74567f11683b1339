"""Account: observe once, and conclude everything that a report tells."""

from collections.abc import Callable

from cosictl.diagnosis.chains import chains
from cosictl.diagnosis.fleet import fleet
from cosictl.diagnosis.graph import Graph, link
from cosictl.diagnosis.heard import heard_of
from cosictl.diagnosis.policy import choose
from cosictl.diagnosis.report import concluded
from cosictl.diagnosis.whatif import compare, what_ifs
from cosictl.flows.asked import Asked, narrowed
from cosictl.flows.diagnose import known_policy, only
from cosictl.knowledge.policies import POLICIES
from cosictl.model.account import Account
from cosictl.model.failures import Failure
from cosictl.model.refs import Ref
from cosictl.model.report import Report
from cosictl.model.snapshot import Snapshot


def account(
    read: Callable[[], Snapshot], *, asked: Asked, assume: str | None = None, code: str | None = None
) -> Account:
    """Return all that is to be told of what ``read`` observes, narrowed to what was asked for and to one finding code.

    Who serves which driver is told of all that was read. ``assume`` is the name of a policy; an unknown one raises
    UsageError before anything is read. Raises NotFoundError for a name that nothing has.
    """
    if assume is not None:
        known_policy(assume)
    snapshot = read()
    graph = link(snapshot)
    policies = choose(graph, assume=assume)
    whole = concluded(graph, policies)
    report = narrowed(whole, snapshot, asked)
    report = report if code is None else only(report, code)
    return Account(
        report=report,
        fleet=fleet(graph, policies, whole),
        comparison=compare(report, policies, POLICIES),
        what_ifs=what_ifs(report, POLICIES),
        chains=chains(graph, {item.ref for item in report.objects}),
        records=_records(graph, report),
    )


def _records(graph: Graph, report: Report) -> dict[Ref, tuple[Failure, ...]]:
    """The failure records of the objects of a report, from objects, events and logs."""
    found: dict[Ref, tuple[Failure, ...]] = {}
    for item in report.objects:
        obj = graph.object_of(item.ref)
        failures = (*graph.failures_of(obj), *heard_of(graph, obj).failures) if obj is not None else ()
        if failures:
            found[item.ref] = failures
    return found
