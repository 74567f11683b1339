"""Logs: which ones, read after the objects, and added to the observation."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import BinaryIO

from cosictl.errors import DumpError
from cosictl.intake.builder import SnapshotBuilder
from cosictl.intake.logfiles import Writers, origin_of, read_log_file
from cosictl.intake.logfold import LogFold, LogsRead
from cosictl.intake.redact import redact
from cosictl.knowledge.images import match_image
from cosictl.model.copying import replace
from cosictl.model.logs import POD_LOGS, LogOrigin, LogTarget, LogWish, Writer
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot

# Under which a snapshot says how the reading of logs went.
FILES = "logs"

Observation = tuple[SnapshotBuilder, Snapshot]


# Reads logs of containers: which, how far back, and a time near their end.
PodLogs = Callable[[Sequence[LogTarget], datetime | None, datetime], LogsRead]


def with_logs(
    load: Callable[[], Observation],
    wish: LogWish,
    *,
    read_pods: PodLogs | None = None,
    stdin: BinaryIO | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Callable[[], Observation]:
    """Return a port that observes as ``load`` does, and then reads the logs that were wished for.

    ``read_pods`` reads from the cluster, None where there is none. ``say`` is told what a reader should know: what
    was cut, and what nobody understood. Raises DumpError for a named file that cannot be read.
    """

    def observe() -> Observation:
        builder, snapshot = load()
        since = snapshot.taken_at - wish.since if wish.since is not None else None
        folds, statuses = _from_files(builder, snapshot, wish, since if wish.in_files else None, stdin)
        if read_pods is not None and wish.live:
            targets = targets_in(snapshot, previous=wish.previous)
            read = read_pods(targets, since, snapshot.taken_at) if targets else _none(snapshot)
            folds, statuses = [*folds, *read.folds], [*statuses, *read.statuses]
        for fold in folds:
            for words in remarks(fold):
                say(words)
            if fold.unkept:
                reason = f"{fold.origin.words}: and {fold.unkept} more failures were not kept"
                statuses.append(ReadStatus(resource=FILES, outcome=ReadOutcome.FAILED, reason=reason))
        return builder, added(snapshot, folds, statuses)

    return observe


def added(snapshot: Snapshot, folds: Iterable[LogFold], statuses: Iterable[ReadStatus] = ()) -> Snapshot:
    """Return an observation with logs in it."""
    folds = tuple(folds)
    reads = {*snapshot.reads, *(replace(status, reason=redact(status.reason)) for status in statuses)}
    return replace(
        snapshot,
        logs=tuple(trace for fold in folds for trace in fold.traces()),
        crashes=tuple(crash for fold in folds for crash in fold.crashes()),
        reads=tuple(sorted(reads, key=lambda s: (s.resource, s.scope, s.outcome, s.reason))),
    )


def remarks(fold: LogFold) -> Iterable[str]:
    """Say what is worth knowing about the reading of one log."""
    if fold.cut:
        yield f"log of {fold.origin.words}: {fold.cut}"
    if fold.lines and not fold.understood:
        yield f"log of {fold.origin.words}: none of its {fold.lines} lines tells of a COSI object"


def _from_files(
    builder: SnapshotBuilder, snapshot: Snapshot, wish: LogWish, since: datetime | None, stdin: BinaryIO | None
) -> tuple[list[LogFold], list[ReadStatus]]:
    folds, statuses = [], []
    writers = writers_in(snapshot)
    for path in dict.fromkeys(wish.files):
        origin = origin_of(path, writers)
        folds.append(read_log_file(path, origin, reference=snapshot.taken_at, since=since, stdin=stdin))
    for path in builder.log_files if wish.folders else ():
        try:
            fold = read_log_file(path, origin_of(path, writers), reference=snapshot.taken_at, since=since)
        except DumpError as error:
            statuses.append(ReadStatus(resource=FILES, outcome=ReadOutcome.FAILED, reason=error.what))
        else:
            folds.append(fold)
    return folds, statuses


def _none(snapshot: Snapshot) -> LogsRead:
    """Say that no log was found to read, and why."""
    lost = [s for s in snapshot.reads if s.resource == "pods" and s.outcome is not ReadOutcome.OK]
    reason = "no pod with a COSI sidecar or controller was found"
    if lost:
        reason = f"pods could not be read, so it is not known whose logs to read: {lost[0].reason or lost[0].outcome}"
    outcome = lost[0].outcome if lost else ReadOutcome.ABSENT
    return LogsRead(statuses=(ReadStatus(resource=POD_LOGS, outcome=outcome, reason=reason),))


def targets_in(snapshot: Snapshot, *, previous: bool) -> tuple[LogTarget, ...]:
    """Return the containers whose logs tell about COSI: sidecars, controllers, and what runs beside a sidecar.

    ``previous``: also what the process before has written, where a container was started again.
    """
    restarts = {
        (pod.meta.namespace, pod.meta.name, container.name): container.restarts
        for pod in snapshot.pods
        for container in pod.containers
    }
    return tuple(
        LogTarget(
            origin=LogOrigin(writer=writer, namespace=place[0], pod=place[1], container=place[2]),
            previous=previous and restarts.get(place, 0) > 0,
        )
        for place, writer in sorted(writers_in(snapshot).items())
    )


def writers_in(snapshot: Snapshot) -> Writers:
    """Return what the containers of the Pods that were read are, by their images: (namespace, pod, container)."""
    found: dict[tuple[str, str, str], Writer] = {}
    for pod in snapshot.pods:
        place = (pod.meta.namespace, pod.meta.name)
        matches = {c.name: match_image(c.image, c.image_id) for c in pod.containers}
        beside_sidecar = any(match is not None and match.role == "sidecar" for match in matches.values())
        for name, match in matches.items():
            if match is not None:
                found[(*place, name)] = Writer.SIDECAR if match.role == "sidecar" else Writer.CONTROLLER
            elif beside_sidecar:
                found[(*place, name)] = Writer.DRIVER
    return found
