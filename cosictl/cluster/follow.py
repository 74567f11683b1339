"""Read one object and what it is made of, one GET each, instead of the whole cluster.

A claim leads to its Bucket, an access to its class, its claims and their Buckets. Missing objects are recorded, and
what is recorded about the object itself (v1alpha1: its events) is read too.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from cosictl.cluster.connect import Connection, Response
from cosictl.cluster.lists import EVENT_HOME, GROUP
from cosictl.cluster.noanswer import NoAnswerError
from cosictl.cluster.reader import ask, served
from cosictl.cluster.translate import date_of, outcome_of, unreachable, words_of
from cosictl.errors import ClusterError, DumpError
from cosictl.intake.builder import SnapshotBuilder
from cosictl.model.objects import Access, Bucket, Claim
from cosictl.model.refs import CLUSTER_SCOPED, Api, Kind
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, TimeBasis

_PLURALS: Final = {
    Kind.BUCKET: "buckets",
    Kind.CLAIM: "bucketclaims",
    Kind.ACCESS: "bucketaccesses",
    Kind.BUCKET_CLASS: "bucketclasses",
    Kind.ACCESS_CLASS: "bucketaccessclasses",
}
_OK, _NOT_FOUND = 200, 404


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    conn: Connection
    versions: tuple[str, ...]
    builder: SnapshotBuilder
    times: list[datetime] = field(default_factory=list)

    def get(self, kind: Kind, namespace: str, name: str) -> bool:
        """Read one object, in the first version that has it. Returns whether it is there."""
        if not name:
            return False
        where = "" if kind in CLUSTER_SCOPED else f"/namespaces/{namespace}"
        resource = _PLURALS[kind]
        for version in self.versions:
            path = f"/apis/{GROUP}/{version}{where}/{resource}/{name}"
            answer = self._ask(path, {})
            if answer.status == _OK:
                self.builder.add(answer.body, origin=path, kind=kind, api_version=f"{GROUP}/{version}")
                self._note(resource, ReadOutcome.OK)
                return True
            if answer.status != _NOT_FOUND:
                self._note(resource, outcome_of(answer.status), words_of(answer.status, answer.body))
                return False
        return False

    def events(self, namespace: str, uid: str) -> None:
        """Read the events about one object."""
        path = f"/api/v1/namespaces/{namespace}/events"
        answer = self._ask(path, {"fieldSelector": f"involvedObject.uid={uid}"})
        if answer.status != _OK:
            self._note("events", outcome_of(answer.status), words_of(answer.status, answer.body))
            return
        try:
            self.builder.add_list(answer.body, origin=path, kind="Event", api_version="v1")
        except DumpError as error:
            self._note("events", ReadOutcome.FAILED, str(error))
        else:
            self._note("events", ReadOutcome.OK)

    def _ask(self, path: str, params: dict[str, str]) -> Response:
        try:
            answer = ask(self.conn, path, params)
        except NoAnswerError as error:
            raise unreachable(self.conn.source, error) from error
        found = date_of(answer.headers)
        if found is not None:
            self.times.append(found)
        return answer

    def _note(self, resource: str, outcome: ReadOutcome, reason: str = "") -> None:
        self.builder.note(ReadStatus(resource=resource, outcome=outcome, reason=reason))

    def snapshot(self) -> Snapshot:
        """Return what has been read."""
        taken_at, basis = datetime.now(UTC).replace(microsecond=0), TimeBasis.LOCAL
        if self.times:
            taken_at, basis = min(self.times), TimeBasis.SERVER
        return self.builder.build(taken_at=taken_at, basis=basis)


def read_object(conn: Connection, kind: Kind, namespace: str, name: str) -> tuple[SnapshotBuilder, Snapshot]:
    """Read a Bucket, a claim or an access and all that a sidecar looks at for it.

    The builder keeps exact objects. Raises ClusterError and CosiMissingError; an object that is not there is missing
    from the snapshot, one that was refused is in its reads.
    """
    if kind not in {Kind.BUCKET, Kind.CLAIM, Kind.ACCESS}:
        raise ClusterError(f"{kind} is nothing that a driver is asked about")
    reading = _Reading(conn, served(conn), SnapshotBuilder(source=conn.source, keep_exact=True))
    reading.get(kind, namespace, name)
    for access in reading.snapshot().accesses:
        _follow_access(reading, access, namespace)
    for claim in reading.snapshot().claims:
        if kind is Kind.CLAIM or claim.api is Api.V1ALPHA1:
            any(reading.get(Kind.BUCKET, "", found) for found in bucket_names(claim))
    snapshot = reading.snapshot()
    about: tuple[Bucket | Access, ...] = snapshot.accesses if kind is Kind.ACCESS else snapshot.buckets
    for item in about:
        if item.api is Api.V1ALPHA1:
            reading.events(item.meta.namespace or EVENT_HOME, item.meta.uid)
    return reading.builder, reading.snapshot()


def _follow_access(reading: _Reading, access: Access, namespace: str) -> None:
    for name in access.claim_names:
        reading.get(Kind.CLAIM, namespace, name)
    for entry in access.accessed:
        reading.get(Kind.BUCKET, "", entry.name)
    if access.api is Api.V1ALPHA1:
        reading.get(Kind.ACCESS_CLASS, "", access.class_name)


def bucket_names(claim: Claim) -> tuple[str, ...]:
    """Return the name of a claim's Bucket, or those it can have while the claim does not say. Pure.

    Sources: controllers up to the image of the v0.2.2 manifest name it class + UID, v0.2.2's code ``bucket-`` + UID,
    main ``bc-`` + UID.
    """
    told = claim.bucket_name or claim.existing_bucket
    if told:
        return (told,)
    uid = claim.meta.uid
    if claim.api is Api.V1ALPHA2:
        return (f"bc-{uid}",)
    return (f"bucket-{uid}", f"{claim.class_name}{uid}")
