"""The versioned machine document of a diagnosis; its schema is ``cosictl/schema/diagnosis.schema.json``."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from cosictl.model.failures import Cause, Classification, FixBy, GrpcCode
from cosictl.model.refs import Ref
from cosictl.model.report import STUCK, Assessment, Evidence, Finding, Outlook, PolicyChoice, Report
from cosictl.model.snapshot import ReadStatus
from cosictl.render.ages import stamp
from cosictl.render.machine import Rows, json_text

API_VERSION = "cosictl.dev/v1alpha1"


def diagnosis_document(report: Report) -> dict[str, object]:
    """Return the document of a report, ready for JSON or YAML."""
    return {key: list(value) if isinstance(value, Rows) else value for key, value in diagnosis_rows(report).items()}


def diagnosis_rows(report: Report) -> dict[str, object]:
    """Return the same document with objects and findings that are made one by one, when they are written."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Diagnosis",
        "takenAt": stamp(report.taken_at),
        "takenAtBasis": report.basis,
        "source": report.source,
        "namespaces": list(report.namespaces),
        "policy": [policy_document(choice) for choice in report.policies],
        "summary": summary_document(report),
        "objects": Rows(report.objects, object_document),
        "findings": Rows(report.findings, finding_document),
        "unread": [unread_document(status) for status in report.unread],
        "skippedFiles": report.skipped_files,
    }


def summary_document(report: Report) -> dict[str, object]:
    """Return the counts: per outlook, per kind, stuck objects and Pods, findings."""
    outlooks = Counter(item.outlook for item in report.objects)
    kinds = Counter(str(item.ref.kind) for item in report.objects)
    return {
        "objects": len(report.objects),
        "stuck": sum(outlooks[outlook] for outlook in STUCK),
        "stuckPods": len(report.stuck_pods),
        "findings": len(report.findings),
        "outlooks": {outlook.value: outlooks[outlook] for outlook in Outlook},
        "kinds": {kind: kinds[kind] for kind in ("Bucket", "BucketClaim", "BucketAccess")},
        "drivers": list(report.drivers),
    }


def policy_document(choice: PolicyChoice) -> dict[str, object]:
    """Return how a sidecar policy was chosen."""
    return {
        "apiVersion": choice.api.value,
        "driver": choice.driver,
        "name": choice.policy,
        "certainty": choice.certainty.value,
        "why": choice.why,
        "candidates": list(choice.candidates),
    }


def object_document(item: Assessment) -> dict[str, object]:
    """Return one object's verdict."""
    return {
        "apiVersion": item.api.value,
        **_ref(item.ref),
        "uid": item.uid,
        "outlook": item.outlook.value,
        "flags": [flag.value for flag in item.flags],
        "basis": list(item.basis),
        "classification": None if item.classification is None else classification_document(item.classification),
        "message": None if item.failure is None else item.failure.text,
        "since": stamp(item.since),
        "attempts": item.attempts,
        "nextTry": stamp(item.next_try),
        "waitsOn": None if item.waits_on is None else _ref(item.waits_on),
        "driver": item.driver,
        "policy": item.policy,
    }


def classification_document(found: Classification) -> dict[str, object]:
    """Return a classification with camelCase keys."""
    return {
        "retryable": found.retryable,
        "grpcCode": None if found.grpc_code is None else found.grpc_code.value,
        "backendCode": found.backend_code,
        "cause": found.cause.value,
        "fixBy": found.fix_by.value,
        "codeMismatch": found.code_mismatch,
        "done": found.done,
        "rule": found.rule,
        "span": list(found.span),
    }


def classification_row(found: Classification, *, row_id: object = None) -> dict[str, object]:
    """Return a classification with the snake_case keys of ``classify``; ``id`` is carried through where given."""
    row: dict[str, object] = {} if row_id is None else {"id": row_id}
    return row | {
        "retryable": found.retryable,
        "grpc_code": None if found.grpc_code is None else found.grpc_code.value,
        "backend_code": found.backend_code,
        "cause": found.cause.value,
        "fix_by": found.fix_by.value,
        "code_mismatch": found.code_mismatch,
        "done": found.done,
        "rule": found.rule,
        "span": list(found.span),
    }


def classification_lines(found: Sequence[Classification], ids: Sequence[object]) -> list[str]:
    """Return the rows of classifications as lines of JSON, each with its ``id`` where that is not None."""
    rests = map(_row_text, found)
    if _are_plain(ids):
        return [f'{{"id": "{one}", {rest}' for one, rest in zip(ids, rests, strict=True)]
    return [
        "{" + rest if one is None else f'{{"id": {json_text(one)}, {rest}' for one, rest in zip(ids, rests, strict=True)
    ]


def _are_plain(ids: Iterable[object]) -> bool:
    """Tell whether all are strings that JSON writes as they are."""
    if {*map(type, ids)} != {str}:
        return False
    letters = "".join(map(str, ids))
    # Beyond ASCII some of what counts as printable is invisible, and is escaped.
    return letters.isascii() and letters.isprintable() and '"' not in letters and "\\" not in letters


# Texts that mean the same are classified by one object.
@lru_cache(maxsize=16_384)
def _row_text(found: Classification) -> str:
    # Of ever new texts the meanings are few; only where it stands differs, and that is the last field.
    meaning = (found.retryable, found.grpc_code, found.backend_code, found.cause, found.fix_by)
    start, end = found.span
    return f"{_meaning_text(meaning, (found.code_mismatch, found.done, found.rule))}[{start}, {end}]}}\n"


@lru_cache(maxsize=4096)
def _meaning_text(
    meaning: tuple[bool | None, GrpcCode | None, str | None, Cause, FixBy], rest: tuple[bool, bool, str]
) -> str:
    retryable, grpc_code, backend_code, cause, fix_by = meaning
    code_mismatch, done, rule = rest
    found = Classification(
        retryable=retryable,
        grpc_code=grpc_code,
        backend_code=backend_code,
        cause=cause,
        fix_by=fix_by,
        code_mismatch=code_mismatch,
        done=done,
        rule=rule,
    )
    return json_text(classification_row(found))[1:].removesuffix("[0, 0]}")


def finding_document(finding: Finding) -> dict[str, object]:
    """Return one finding."""
    return {
        "code": finding.code,
        "title": finding.title,
        "outlook": finding.outlook.value,
        "root": _ref(finding.root),
        "symptoms": [_ref(ref) for ref in finding.symptoms],
        "candidates": list(finding.candidates),
        "explanation": finding.explanation,
        "evidence": [_evidence(fact) for fact in finding.evidence],
        "since": stamp(finding.since),
        "fixBy": finding.fix_by.value,
        "remedy": finding.remedy,
        "commands": list(finding.commands),
        "risk": finding.risk,
    }


def unread_document(status: ReadStatus) -> dict[str, object]:
    """Return what could not be read, in the server's own words."""
    return {
        "resource": status.resource,
        "scope": status.scope,
        "outcome": status.outcome.value,
        "reason": status.reason,
    }


def _ref(ref: Ref) -> dict[str, object]:
    return {"kind": str(ref.kind), "namespace": ref.namespace, "name": ref.name}


def _evidence(fact: Evidence) -> dict[str, object]:
    return {"text": fact.text, "source": fact.source, "at": stamp(fact.at), "quoted": fact.quoted}
