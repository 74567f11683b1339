"""The outside of a run, live: the cluster, the driver, the clock, the terminal."""

import getpass
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cosictl.cli.changing.driver import tell
from cosictl.cli.changing.options import Ask
from cosictl.cli.live import connect_options
from cosictl.cli.options import CHUNK_SIZE, Shared
from cosictl.cli.said import program, say
from cosictl.cluster.connect import Connection, connect
from cosictl.cluster.lists import Reach, Scope
from cosictl.cluster.reader import read_cluster
from cosictl.cluster.writer import Place, clock_skew, cluster_identity, may, read_object, who_am_i, write
from cosictl.errors import ClusterError
from cosictl.model.objects import Meta
from cosictl.model.plan import AT_DRIVER, Action, ClusterId, Outcome, Plan, Sent, Step, Target
from cosictl.model.refs import Ref
from cosictl.remedy.ports import DriverSaid
from cosictl.remedy.state import meta_of
from cosictl.remedy.world import World, world_of
from cosictl.remedy.writes import Write, plural_of, write_of

_METHODS: Final = {"create": "POST", "patch": "PATCH", "delete": "DELETE"}
_SAMPLE: Final = {"metadata": {"uid": "u", "resourceVersion": "1"}}

Progress = Callable[[int, Step, Outcome | None], None]


@dataclass(slots=True, kw_only=True)
class LivePorts:
    """``secrets`` are those to look at; accesses that are being deleted add theirs. ``name``: who we are.

    ``unread`` are Secrets that may not be read, which was said.
    """

    shared: Shared
    ask: Ask
    conn: Connection
    namespace: str
    report: Progress = lambda *_: None
    secrets: set[tuple[str, str]] = field(default_factory=set)
    name: str = ""
    skew: timedelta | None = None
    unread: set[tuple[str, str]] = field(default_factory=set)

    def identity(self) -> ClusterId:
        """Return which cluster this is; raises ClusterError."""
        uid, anchor = cluster_identity(self.conn)
        return ClusterId(uid=uid, anchor=anchor)

    def user(self) -> str:
        """Return who we are, for the journal and for marks; where the server does not say, who we claim to be."""
        if not self.name:
            self.name = who_am_i(self.conn) or self.shared.as_user or f"local user {getpass.getuser()}"
        return self.name

    def look_at(self, plan: Plan) -> None:
        """Also read the Secrets that a plan is about."""
        named = [ref for step in plan.steps for ref in (step.target.ref, step.solves) if ref.kind == "Secret"]
        self.secrets |= {(ref.namespace, ref.name) for ref in named}

    def missing_rights(self, steps: tuple[Step, ...]) -> tuple[str, ...]:
        """Ask the server about every right the steps take, each once."""
        wanted = {_right(step) for step in steps if step.action not in AT_DRIVER}
        missing = []
        for verb, target, subresource in sorted(wanted, key=str):
            place = place_of(target)
            if not may(self.conn, verb, place, subresource):
                resource = f"{place.plural}/{subresource}" if subresource else place.plural
                where = f" -n {place.namespace}" if place.namespace else ""
                missing.append(f"{verb} {resource} {place.name}: kubectl auth can-i {verb} {resource}{where}")
        return tuple(missing)

    def observe(self) -> World:
        """Read everything that may be read, and the Secrets in question."""
        scope = Scope(reach=Reach.WIDEST, namespace=self.namespace)
        chunk = CHUNK_SIZE if self.shared.chunk_size is None else self.shared.chunk_size
        _, snapshot = read_cluster(self.conn, scope=scope, chunk_size=chunk)
        going = {(a.meta.namespace, name) for a in snapshot.accesses if a.meta.deleted for name in a.secret_names}
        return world_of(snapshot, self._secrets(self.secrets | going))

    def _secrets(self, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], Meta | None]:
        """Return the metadata of Secrets; one that may not be read is not among them."""
        found: dict[tuple[str, str], Meta | None] = {}
        for namespace, name in sorted(wanted):
            try:
                tree = self.read(Target(ref=Ref("Secret", namespace, name), api_version="v1"))
            except ClusterError as error:
                if (namespace, name) not in self.unread:
                    say(f"{program()}: {error.what}")
                self.unread.add((namespace, name))
                continue
            found[namespace, name] = meta_of(tree) if tree is not None else None
        return found

    def read(self, target: Target) -> Mapping[str, Any] | None:
        """Return an object exactly; raises ClusterError."""
        return read_object(self.conn, place_of(target))

    def send(self, write_: Write, *, dry_run: bool) -> Sent:
        """Send a write once; raises ClusterError where it certainly was not sent."""
        place = place_of(write_.target)
        path = place.collection if write_.verb == "create" else place.path
        if write_.subresource:
            path = f"{path}/{write_.subresource}"
        method = _METHODS[write_.verb]
        return write(self.conn, method, path, write_.body, write_.content.value, dry_run=dry_run)

    def tell_driver(self, step: Step, world: World) -> DriverSaid:
        """Call the driver; raises CosictlError."""
        return tell(self.shared, self.ask, step, world, self.read)

    def now(self) -> datetime:
        """Return the time by the server's clock: a plan may be made on one machine and carried out on another."""
        if self.skew is None:
            self.skew = clock_skew(self.conn)
        return datetime.now(UTC) + self.skew

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def progress(self, number: int, step: Step, outcome: Outcome | None) -> None:
        """Say how it goes."""
        self.report(number, step, outcome)


def live_ports(shared: Shared, ask: Ask) -> LivePorts:
    """Open the connection that the options name; raises ConfigError."""
    conn = connect(connect_options(shared))
    return LivePorts(shared=shared, ask=ask, conn=conn, namespace=shared.namespace or conn.namespace)


def place_of(target: Target) -> Place:
    """Return where an object is on the server."""
    ref = target.ref
    return Place(
        api_version=target.api_version, plural=plural_of(str(ref.kind)), namespace=ref.namespace, name=ref.name
    )


def _right(step: Step) -> tuple[str, Target, str]:
    """Return the right that a step takes: what its write is to be, whatever its values are."""
    if step.action is Action.DELETE_OBJECT:
        return "delete", step.target, ""
    if step.action is Action.REMOVE_FINALIZER:
        return "patch", step.target, ""
    values = {"annotation": "", "object": "{}", **step.values}
    sample = write_of(step, _SAMPLE, values=values)
    return sample.verb, step.target, sample.subresource
