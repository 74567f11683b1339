"""Find out what a sidecar does: play its driver, give every answer to every call, and look at what follows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from cosictl.diagnosis.backoff_fit import Pauses
from cosictl.diagnosis.measured import Cell, Cells, Measurement, Trial, judge_all, records_of
from cosictl.errors import ClusterError
from cosictl.flows.measuring.objects import Set, namespace_tree
from cosictl.flows.measuring.ports import Ports, Tree
from cosictl.flows.measuring.probe import ENDING, OF_ACCESS, Probe, Target
from cosictl.flows.measuring.session import LEASES, Seen, Session
from cosictl.flows.measuring.watch import Pace
from cosictl.knowledge.policies import EditEffect, Effect
from cosictl.model.copying import replace
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc

# Where Bucket events are; a sidecar that writes into its own namespace only has to live there (image-60).
_EVENT_HOME: Final = "default"
# Seconds of the wall in which a single answer shows whether it kills.
_ALONE: Final = 1.0
_ALONE_LONGEST: Final = 20.0
_LEASE: Final = 150.0
# Seconds of the wall by which a busy machine may be late; the sidecar's time may run faster.
_NOISE: Final = 0.1
_FOREIGN: Final = (
    "another sidecar runs in this cluster ({}), and any v1alpha1 sidecar ends the deletions of all, so what this one "
    "does about them cannot be told"
)
_UNSEEN: Final = "whether another sidecar runs cannot be told ({}), and any v1alpha1 sidecar ends the deletions of all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to measure: the version, the run's own name, and how fast and how long (the sidecar's seconds)."""

    api: Api
    run: str
    namespace: str
    speed: float
    watch_for: float


def measure(ports: Ports, wanted: Wanted, *, now: datetime) -> Measurement:
    """Measure the whole row. What it makes is left to ``clean``. ``now`` is the cluster's time, for Leases.

    Raises CosictlError where the cluster refuses or the sidecar does not come up.
    """
    foreign = foreign_sidecars(ports, now) if wanted.api is Api.V1ALPHA1 else ""
    ports.kube.create("namespaces", namespace_tree(wanted.run, wanted.namespace))
    cells = [cell for cell in _cells(wanted.api) if not (foreign and cell.rpc in ENDING)]
    run = _Run(ports, wanted)
    if not ports.own or wanted.api is Api.V1ALPHA2:
        seen = run.session(cells, pod_namespace=wanted.namespace, for_backoff=True)
        return _concluded(
            wanted.api,
            [seen],
            elsewhere=_seen_elsewhere(seen),
            foreign=foreign,
            own=ports.own,
            noise=_NOISE * wanted.speed,
        )
    buckets = run.session(
        [cell for cell in cells if cell.rpc not in OF_ACCESS], pod_namespace=_EVENT_HOME, for_backoff=True
    )
    of_access = [cell for cell in cells if cell.rpc in OF_ACCESS]
    witness = next((_target(trial) for trial in buckets.trials if _is_recorded_loop(trial)), None)
    accesses = run.session([*([witness] if witness else []), *of_access], pod_namespace=wanted.namespace)
    elsewhere = next((trial.recorded for trial in accesses.trials if _target(trial) == witness), None)
    kept = replace(accesses, trials=tuple(trial for trial in accesses.trials if _target(trial) != witness))
    return _concluded(
        wanted.api, [buckets, kept], elsewhere=elsewhere, foreign=foreign, own=True, noise=_NOISE * wanted.speed
    )


class _Run:
    """Sessions of one run, one after the other: two v1alpha1 sidecars would get into each other's way."""

    def __init__(self, ports: Ports, wanted: Wanted) -> None:
        self._ports = ports
        self._wanted = wanted
        self._numbers = count(1)

    def session(self, cells: Sequence[Target], *, pod_namespace: str, for_backoff: bool = False) -> Seen:
        """Measure some cells with a sidecar of their own."""
        session = self._session(pod_namespace)

        def dies_alone(target: Target) -> bool:
            return self._dies_alone(target, pod_namespace)

        try:
            session.open()
            return session.run(cells, for_backoff=for_backoff, dies_alone=dies_alone)
        finally:
            session.close()

    def _session(self, pod_namespace: str) -> Session:
        wanted = self._wanted
        prefix = f"{wanted.run}-{next(self._numbers)}"
        driver = f"{prefix}.measure.cosictl.dev"
        names = Set(api=wanted.api, run=wanted.run, namespace=wanted.namespace, driver=driver, prefix=prefix)
        pace = Pace(speed=wanted.speed, watch_for=wanted.watch_for)
        stage = self._ports.open_stage(driver)
        return Session(ports=self._ports, names=names, pace=pace, pod_namespace=pod_namespace, stage=stage)

    def _dies_alone(self, target: Target, pod_namespace: str) -> bool:
        """Give one answer to a sidecar that has nothing else to do, and see whether it dies of it."""
        self._ports.say(f"the sidecar ended; is it {target.rpc.value} answered {target.code.value}?")
        session = self._session(pod_namespace)
        try:
            session.open()
            watch = session.watch([target], 0, for_backoff=False)
            ends = self._ports.clock() + _ALONE_LONGEST
            while watch.step():
                heard = watch.probes[0].heard
                now = self._ports.clock()
                if now > ends or (heard and (len(heard) > 1 or now - heard[0].answered > _ALONE)):
                    return False
            return bool(watch.probes[0].heard)
        finally:
            session.close()


def _cells(api: Api) -> Iterable[Target]:
    """Yield the cells to measure; the OK of each call first. v1alpha1 has no GetExisting."""
    for rpc in Rpc:
        if api is Api.V1ALPHA2 or rpc is not Rpc.GET_EXISTING:
            yield from (Target(rpc=rpc, code=code) for code in GrpcCode)


def foreign_sidecars(ports: Ports, now: datetime) -> str:
    """Say why deletions cannot be measured in a v1alpha1 cluster, "" where they can.

    A sidecar's Lease is one whose name ends in ``-cosi``; it is alive while it is renewed (150 s, v0.2.2).
    """
    try:
        leases = ports.kube.list(LEASES, "leases")
    except ClusterError as error:
        return _UNSEEN.format(error.what)
    names = [str(lease["metadata"]["name"]) for lease in leases if _is_alive(lease, now)]
    alive = sorted(name for name in names if name.endswith("-cosi"))
    return _FOREIGN.format(", ".join(alive)) if alive else ""


def _is_alive(lease: Tree, now: datetime) -> bool:
    spec = lease.get("spec") or {}
    try:
        renewed = datetime.fromisoformat(str(spec.get("renewTime")))
    except ValueError:
        return False
    lasts = timedelta(seconds=float(spec.get("leaseDurationSeconds") or _LEASE))
    return bool(spec.get("holderIdentity")) and now - renewed < lasts


def _target(trial: Trial) -> Target:
    return Target(rpc=trial.rpc, code=trial.code)


def _is_recorded_loop(trial: Trial) -> bool:
    return trial.rpc is Rpc.CREATE and trial.recorded is True and not trial.succeeded and not trial.crashed


def _seen_elsewhere(seen: Seen) -> bool | None:
    """Tell, for one sidecar whose namespace is not known, whether events were seen in two namespaces."""
    homes = {trial.rpc in OF_ACCESS for trial in seen.trials if trial.recorded}
    return len(homes) > 1 if homes else None


def _concluded(
    api: Api, seen: Sequence[Seen], *, elsewhere: bool | None, foreign: str, own: bool, noise: float
) -> Measurement:
    trials = [trial for one in seen for trial in one.trials]
    if not own:
        trials = list(_half_blind(trials))
    if foreign:
        trials += [Trial(rpc=rpc, code=code, why=foreign) for rpc in ENDING for code in GrpcCode]
    cells = _completed(judge_all(trials))
    probes = [probe for one in seen for probe in one.probes]
    pauses = Pauses()
    for probe in probes:
        if probe.target.rpc is Rpc.CREATE:
            pauses.add_all(probe.pauses())
    edit, why = _edit(probes)
    records = records_of(cells, in_status=any(probe.in_status for probe in probes), elsewhere=elsewhere)
    notes = [why] if why else []
    if records is None:
        notes.append("records: no failure was recorded, or only where its namespace says nothing")
    return Measurement(
        api=api, cells=cells, backoff=pauses.fit(noise=noise), records=records, edit=edit, notes=tuple(notes)
    )


def _half_blind(trials: Iterable[Trial]) -> Iterable[Trial]:
    """Where nothing at all was recorded of a kind, the sidecar may not be able to write there: that says nothing."""
    listed = list(trials)
    recorded = {trial.rpc in OF_ACCESS for trial in listed if trial.recorded}
    for trial in listed:
        yield trial if (trial.rpc in OF_ACCESS) in recorded else replace(trial, recorded=None)


def _completed(cells: Cells) -> Cells:
    """Add the call that v1alpha1 does not have, in the order of the calls."""
    never = {code: Cell(effect=Effect.NOT_CALLED) for code in GrpcCode}
    return {rpc: cells.get(rpc, never) for rpc in Rpc}


def _edit(probes: Iterable[Probe]) -> tuple[EditEffect | None, str]:
    """Return what edits did, or why that is not known."""
    edited = [probe for probe in probes if probe.edit is not None]
    found = {probe.after_edit for probe in edited if probe.after_edit is not None}
    if len(found) == 1:
        return found.pop(), ""
    if not edited:
        return None, "edit: no create was retried with pauses long enough to tell what an edit does"
    return None, f"edit: {'two edits had different effects' if found else 'it was not watched to its end'}"
