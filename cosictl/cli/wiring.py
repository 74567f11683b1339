"""Which port a command reads through: files, or a cluster. The only way to the room ``cluster`` from here.

``kubernetes`` loads when a cluster is read, and never before.
"""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cosictl.cli.options import Shared
from cosictl.cli.said import say
from cosictl.cli.streams import log_input, remark, standard_input
from cosictl.cli.types import Target
from cosictl.errors import UsageError
from cosictl.flows.asked import Asked, Named
from cosictl.flows.labels import parse_selector
from cosictl.model.snapshot import Snapshot

if TYPE_CHECKING:
    from cosictl.cli.watching import Watch
    from cosictl.intake.builder import SnapshotBuilder
    from cosictl.model.logs import LogWish

Observation = tuple["SnapshotBuilder", Snapshot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How to observe, and which of the observed objects were asked for.

    ``load`` observes; its builder can be written as a dump where ``open_source`` was told to keep raw objects.
    """

    load: Callable[[], Observation]
    asked: Asked

    def read(self) -> Snapshot:
        """Observe."""
        return self.load()[1]


def open_source(
    shared: Shared,
    dumps: Sequence[str] | None,
    *,
    as_of: str | None = None,
    targets: Sequence[Target] = (),
    everywhere: bool = False,
    keep_raw: bool = False,
    only: frozenset[str] = frozenset(),
    logs: "LogWish | None" = None,
) -> Source:
    """Return the source that the options name: the files of ``-f``, else the cluster.

    ``everywhere``: without -n, look at every namespace that may be read, not only at the context's. Files hold what
    they hold, and -n then filters. ``only`` are the resources to read from a cluster (empty: all). ``logs``: which
    logs to read with them, None for none. Raises UsageError, and ConfigError for a kubeconfig that cannot be used.
    """
    moment = parse_moment(as_of) if as_of else None
    labels = parse_selector(shared.selector) if shared.selector else None
    named = tuple(Named(kind=target.resource.kind, name=target.name) for target in targets)
    namespace = "" if shared.all_namespaces else shared.namespace or ""
    if dumps:
        load = _file_port(dumps, moment, keep_raw=keep_raw, logs=logs)
    else:
        from cosictl.cli.live import cluster_port

        clusterwide = any(not target.resource.namespaced for target in targets)
        load, namespace = cluster_port(
            shared,
            as_of=moment,
            everywhere=everywhere,
            clusterwide=clusterwide,
            keep_raw=keep_raw,
            only=only,
            logs=logs,
        )
    port = _talkative(load) if shared.verbosity else load
    return Source(load=port, asked=Asked(named=named, namespace=namespace, labels=labels))


def open_watch(
    shared: Shared, *, targets: Sequence[Target] = (), everywhere: bool = False, keep_raw: bool = False
) -> tuple["Watch", Asked]:
    """Return how to watch the cluster, and what was asked for; arguments and errors as ``open_source``."""
    from cosictl.cli.live import cluster_watch

    labels = parse_selector(shared.selector) if shared.selector else None
    named = tuple(Named(kind=target.resource.kind, name=target.name) for target in targets)
    clusterwide = any(not target.resource.namespaced for target in targets)
    watch, namespace = cluster_watch(shared, everywhere=everywhere, clusterwide=clusterwide, keep_raw=keep_raw)
    return watch, Asked(named=named, namespace=namespace, labels=labels)


def _talkative(load: Callable[[], Observation]) -> Callable[[], Observation]:
    """Also say on stderr what was read, and how that went."""

    def talk() -> Observation:
        builder, snapshot = load()
        say(f"source: {snapshot.source}")
        say(f"as of: {snapshot.taken_at.isoformat()}, {snapshot.basis}")
        for status in snapshot.reads:
            scope = f" in {status.scope}" if status.scope else ""
            say(f"{status.resource}{scope}: {status.outcome} {status.reason}".rstrip())
        return builder, snapshot

    return talk


def _file_port(
    paths: Sequence[str], as_of: datetime | None, *, keep_raw: bool, logs: "LogWish | None"
) -> Callable[[], Observation]:
    from cosictl.intake.files import load_dump

    def load() -> Observation:
        stdin = standard_input() if "-" in paths else None
        return load_dump(
            paths, stdin=stdin, as_of=as_of, clock=datetime.now(UTC), keep_raw=keep_raw, logs=logs is not None
        )

    if logs is None:
        return load
    from cosictl.flows.logs import with_logs

    return with_logs(load, logs, stdin=log_input(logs), say=remark)


def parse_moment(text: str) -> datetime:
    """Read ``--as-of``; a time without a zone is UTC. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text}: is no time", next_step="write it like 2026-01-31T12:00:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
