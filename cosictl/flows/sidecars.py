"""Sidecars: observe, conclude, and say who serves what, what another sidecar would do, or how to change one."""

from collections.abc import Callable, Sequence

from cosictl.diagnosis.fixes import fixes
from cosictl.diagnosis.fleet import fleet
from cosictl.diagnosis.graph import link
from cosictl.diagnosis.policy import choose
from cosictl.diagnosis.report import concluded
from cosictl.diagnosis.whatif import compare
from cosictl.errors import NotFoundError, UsageError
from cosictl.flows.asked import NAMING_DRIVERS, check_read
from cosictl.flows.diagnose import known_policy
from cosictl.knowledge.policies import POLICIES
from cosictl.model.copying import replace
from cosictl.model.fleet import Comparison, Fix, Fleet
from cosictl.model.report import Report
from cosictl.model.snapshot import Snapshot


def survey(read: Callable[[], Snapshot], *, drivers: Sequence[str] = ()) -> tuple[Report, Fleet]:
    """Return the diagnosis and who serves which driver, those named only. Raises NotFoundError and ClusterError."""
    graph = link(read())
    policies = choose(graph)
    report = concluded(graph, policies)
    found = fleet(graph, policies, report)
    if not found.drivers:
        check_read(graph.snapshot, NAMING_DRIVERS)
    if not drivers:
        return report, found
    wanted = {name.casefold() for name in drivers}
    lines = tuple(line for line in found.drivers if line.driver.casefold() in wanted)
    missing = sorted(wanted - {line.driver.casefold() for line in lines})
    if missing:
        raise NotFoundError(f"no class and no Bucket names driver {missing[0]}", next_step="cosictl get drivers")
    return report, replace(found, drivers=lines, unmatched=(), unnamed=())


def comparison(read: Callable[[], Snapshot], *, policies: Sequence[str] = ()) -> Comparison:
    """Return what each policy would do with the failing objects; all of them where none is named. Raises UsageError."""
    names = tuple(known_policy(name) for name in policies) or tuple(POLICIES)
    graph = link(read())
    now = choose(graph)
    return compare(concluded(graph, now), now, names)


def fix_list(read: Callable[[], Snapshot], *, to: str = "", drivers: Sequence[str] = ()) -> tuple[Fix, ...]:
    """Return the change for each workload with a sidecar. Raises NotFoundError, and UsageError for no image."""
    if to and (to != to.strip() or any(mark in to for mark in " \t\n'\"")):
        raise UsageError(f"--to {to}: is no image", next_step="write it like registry.example/name:tag")
    _, found = survey(read, drivers=drivers)
    return fixes(found, to=to)
