"""Read a diagnosis back that was written with ``-o json`` or ``-o yaml``.

In: the bytes of such a document (``cosictl/schema/diagnosis.schema.json``). Out: the report, as far as the document
tells it: the words of failures and findings stay behind. Fields that an earlier version did not write are empty; a
version that is not known is refused, and so is a word that is not in our vocabulary, for it would be read as nothing.
"""

from datetime import datetime
from typing import Final

import msgspec

from cosictl.errors import DumpError
from cosictl.intake.documents import BrokenDumpError, NoDumpError, json_documents
from cosictl.intake.dump import API_VERSION
from cosictl.intake.lenient import CONTENT_ERRORS, UndecodableError, decode
from cosictl.intake.redact import redact
from cosictl.intake.wire import Wire, moment
from cosictl.model.failures import Cause, Classification, FixBy, GrpcCode
from cosictl.model.refs import Api, Ref
from cosictl.model.report import Assessment, Finding, Outlook, Report
from cosictl.model.snapshot import ReadOutcome, ReadStatus

KIND: Final = "Diagnosis"
# Documents of ours name their version first, also with sorted keys.
HEAD_BYTES: Final = 1024
_GROUP: Final = API_VERSION.partition("/")[0] + "/"


class _RefWire(Wire):
    kind: str
    name: str
    namespace: str = ""


class _ClassificationWire(Wire):
    retryable: bool | None = None
    grpc_code: str | None = None
    cause: str = Cause.UNKNOWN.value
    fix_by: str = FixBy.UNKNOWN.value
    rule: str = ""


class _ObjectWire(_RefWire, kw_only=True):
    outlook: str
    api_version: str = Api.V1ALPHA1.value
    uid: str = ""
    classification: _ClassificationWire | None = None
    since: datetime | None = None
    attempts: int | None = None
    waits_on: _RefWire | None = None
    driver: str = ""


class _FindingWire(Wire):
    code: str
    outlook: str
    root: _RefWire
    title: str = ""
    symptoms: list[_RefWire] = msgspec.field(default_factory=list)
    since: datetime | None = None


class _UnreadWire(Wire):
    resource: str
    outcome: str
    scope: str = ""
    reason: str = ""


class _Head(Wire):
    api_version: str = ""
    kind: str = ""


class _Document(Wire):
    taken_at: datetime
    objects: list[_ObjectWire]
    findings: list[_FindingWire]
    unread: list[_UnreadWire]
    taken_at_basis: str = ""
    source: str = ""
    namespaces: list[str] = msgspec.field(default_factory=list)


def may_be_report(head: bytes) -> bool:
    """Tell from the first bytes of a file whether it is worth reading whole: documents of ours say so at once."""
    return _GROUP.encode() in head[:HEAD_BYTES]


def read_report(data: bytes, *, origin: str) -> Report | None:
    """Return the report in the bytes of a file, None where they are something else.

    ``origin`` names the file in errors. Raises DumpError for a report that is broken or of a version not known.
    """
    try:
        documents = list(json_documents(data))
        head = decode(documents[0], _Head) if len(documents) == 1 else _Head()
    except (NoDumpError, BrokenDumpError, UndecodableError):
        return None
    if head.kind != KIND or not head.api_version.startswith(_GROUP):
        return None
    if head.api_version != API_VERSION:
        raise DumpError(
            f"{origin}: report format {head.api_version} is not known",
            meaning="it was written by another version of cosictl",
            next_step="write it again with this version, or compare it with the version that wrote it",
        )
    try:
        return _report(msgspec.json.decode(documents[0], type=_Document))
    except CONTENT_ERRORS as error:
        raise DumpError(
            f"{origin}: is no report that can be compared: {error}",
            meaning="it was edited, or written by another version of cosictl",
            next_step="write it again: cosictl diagnose -o json",
        ) from None


def _report(document: _Document) -> Report:
    """Convert a document; raises ValueError for a word that is not ours."""
    return Report(
        taken_at=_moment(document.taken_at),
        basis=document.taken_at_basis,
        source=document.source,
        policies=(),
        objects=tuple(_object(item) for item in document.objects),
        findings=tuple(_finding(item) for item in document.findings),
        unread=tuple(_unread(item) for item in document.unread),
        namespaces=tuple(document.namespaces),
    )


def _object(wire: _ObjectWire) -> Assessment:
    found = wire.classification
    return Assessment(
        ref=_ref(wire),
        uid=wire.uid,
        api=Api(wire.api_version),
        outlook=Outlook(wire.outlook),
        basis=(),
        classification=None if found is None else _classification(found),
        since=moment(wire.since),
        attempts=wire.attempts,
        waits_on=None if wire.waits_on is None else _ref(wire.waits_on),
        driver=wire.driver,
    )


def _classification(wire: _ClassificationWire) -> Classification:
    return Classification(
        retryable=wire.retryable,
        cause=Cause(wire.cause),
        fix_by=FixBy(wire.fix_by),
        rule=wire.rule,
        grpc_code=None if wire.grpc_code is None else GrpcCode(wire.grpc_code),
    )


def _finding(wire: _FindingWire) -> Finding:
    return Finding(
        code=wire.code,
        title=wire.title,
        root=_ref(wire.root),
        outlook=Outlook(wire.outlook),
        fix_by=FixBy.UNKNOWN,
        symptoms=tuple(map(_ref, wire.symptoms)),
        since=moment(wire.since),
    )


def _unread(wire: _UnreadWire) -> ReadStatus:
    outcome = ReadOutcome(wire.outcome)
    return ReadStatus(resource=wire.resource, outcome=outcome, scope=wire.scope, reason=redact(wire.reason))


def _ref(wire: _RefWire) -> Ref:
    return Ref(wire.kind, wire.namespace, wire.name)


def _moment(value: datetime) -> datetime:
    found = moment(value)
    if found is None:
        raise ValueError("it does not say when it was taken")
    return found
