"""The port to a live cluster. What talks to a server loads with this module; nothing imports it before it is needed."""

# ruff: noqa: PLC0415 - what reads logs loads where logs are read

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cosictl.cli.options import Shared
from cosictl.cli.said import program, say
from cosictl.cli.streams import log_input, remark
from cosictl.cluster.connect import ConnectOptions, connect
from cosictl.cluster.lists import Reach, Scope
from cosictl.cluster.names import object_names
from cosictl.cluster.reader import CHUNK_SIZE, observe_last, read_cluster
from cosictl.intake.builder import SnapshotBuilder
from cosictl.intake.kinds import Model
from cosictl.model.snapshot import Snapshot

if TYPE_CHECKING:
    from cosictl.cluster.watching import ClusterWatch
    from cosictl.intake.logfold import LogsRead
    from cosictl.model.logs import LogTarget, LogWish


def connect_options(shared: Shared) -> ConnectOptions:
    """Return the connection that the shared options describe; raises UsageError."""
    return ConnectOptions(
        kubeconfig=shared.kubeconfig or "",
        context=shared.context or "",
        cluster=shared.cluster or "",
        user=shared.user or "",
        as_user=shared.as_user or "",
        as_groups=tuple(shared.as_group or ()),
        server=shared.server or "",
        token=shared.token or "",
        request_timeout=shared.timeout_seconds,
    )


def cluster_port(
    shared: Shared,
    *,
    as_of: datetime | None,
    everywhere: bool,
    clusterwide: bool,
    keep_raw: bool,
    only: frozenset[str] = frozenset(),
    logs: "LogWish | None" = None,
) -> tuple[Callable[[], tuple[SnapshotBuilder, Snapshot]], str]:
    """Return how to read the cluster, and the namespace that was asked for (empty: all of them).

    ``everywhere``: without -n, as many namespaces as may be read. ``clusterwide``: cluster-scoped objects were asked
    for, whose relatives may be in any namespace. ``logs`` are read after the objects. Raises ConfigError and
    UsageError; nothing is sent yet.
    """
    conn = connect(connect_options(shared))
    scope, asked = _scope(shared, conn.namespace, everywhere=everywhere, clusterwide=clusterwide)
    # A dump is evidence, and exact; else the server's cache will do.
    exact = CHUNK_SIZE if keep_raw else None
    chunk_size = exact if shared.chunk_size is None else shared.chunk_size

    said: set[tuple[str, ...]] = set()

    def load() -> tuple[SnapshotBuilder, Snapshot]:
        builder, snapshot = read_cluster(
            conn, scope=scope, chunk_size=chunk_size, keep_raw=keep_raw, as_of=as_of, only=only
        )
        # Said once, however often the cluster is read.
        if scope.reach is Reach.WIDEST and snapshot.namespaces and snapshot.namespaces not in said:
            said.add(snapshot.namespaces)
            told = ", ".join(snapshot.namespaces)
            say(f"{program()}: you may not list every namespace, so this is about namespace {told} only")
        return builder, snapshot

    if logs is None:
        return load, asked

    from cosictl.cluster.pod_logs import read_pod_logs
    from cosictl.flows.logs import with_logs

    def read_pods(targets: "Sequence[LogTarget]", since: datetime | None, reference: datetime) -> "LogsRead":
        return read_pod_logs(conn, targets, since=since, reference=reference)

    return with_logs(load, logs, read_pods=read_pods, stdin=log_input(logs), say=remark), asked


def claims_last(
    shared: Shared, begin: Callable[[Snapshot], None], heed: Callable[[Sequence[Model]], None]
) -> tuple[SnapshotBuilder, Snapshot]:
    """Read the cluster, the claims after all else: see ``observe_last``."""
    conn = connect(connect_options(shared))
    scope, _ = _scope(shared, conn.namespace, everywhere=False, clusterwide=False)
    chunk_size = shared.chunk_size
    return observe_last(
        conn, scope=scope, resource="bucketclaims", begin=begin, heed=heed, chunk_size=chunk_size
    ).build()


def cluster_watch(shared: Shared, *, everywhere: bool, clusterwide: bool, keep_raw: bool) -> tuple["ClusterWatch", str]:
    """Return how to watch the cluster, and the namespace that was asked for; arguments and errors as above."""
    from cosictl.cluster.watching import ClusterWatch

    conn = connect(connect_options(shared))
    scope, asked = _scope(shared, conn.namespace, everywhere=everywhere, clusterwide=clusterwide)
    return ClusterWatch(conn, scope=scope, keep_raw=keep_raw, say=remark), asked


def _scope(shared: Shared, own: str, *, everywhere: bool, clusterwide: bool) -> tuple[Scope, str]:
    """Where to look, and the namespace that was asked for; ``own`` is the context's."""
    namespace = shared.namespace or own
    if shared.all_namespaces:
        reach, asked = Reach.ALL, ""
    elif shared.namespace:
        reach, asked = Reach.WIDEST if clusterwide else Reach.ONE, namespace
    elif everywhere:
        reach, asked = Reach.WIDEST, ""
    else:
        reach, asked = Reach.WIDEST if clusterwide else Reach.ONE, namespace
    return Scope(reach=reach, namespace=namespace), asked


def cluster_names(shared: Shared, resource: str, *, timeout: float) -> list[str]:
    """Return the names of a resource (the API's plural) where the options point, within ``timeout`` seconds.

    Raises ConfigError; a cluster that does not answer in time has no names.
    """
    conn = connect(connect_options(shared))
    namespace = "" if shared.all_namespaces else shared.namespace or conn.namespace
    return object_names(conn, resource, namespace, timeout=timeout)
