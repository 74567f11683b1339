"""The document for programs: what was promised is in it, its schema describes it, and refuses anything else."""

import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from cosictl.model.failures import Carrier, Cause, Classification, Failure, FixBy, GrpcCode
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.report import Assessment, Certainty, Evidence, Finding, Flag, Outlook, PolicyChoice, Report
from cosictl.model.snapshot import ReadOutcome, ReadStatus, TimeBasis
from cosictl.render.document import classification_document, classification_row, diagnosis_document
from cosictl.render.machine import dump_json
from tests.cli_process import V1, V2, cosictl
from tests.test_golden import CASES, diagnosed

# As it is published: inside the package.
SCHEMA: Any = json.loads((files("cosictl") / "schema" / "diagnosis.schema.json").read_text("utf-8"))
# The library checks no date-time by itself, only with a package that is not ours.
FORMATS = FormatChecker(formats=())
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FORMATS)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@FORMATS.checks("date-time")
def is_a_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", value))


FULL = Report(
    taken_at=NOW,
    basis=TimeBasis.SERVER.value,
    source="a cluster",
    policies=(
        PolicyChoice(
            api=Api.V1ALPHA1,
            policy="v0.2.2",
            driver="d.example",
            certainty=Certainty.IMAGE,
            why="its Pod",
            candidates=("v0.2.2",),
        ),
    ),
    objects=(
        Assessment(
            ref=Ref(Kind.BUCKET, "", "b"),
            uid="u",
            api=Api.V1ALPHA1,
            outlook=Outlook.LOOPING,
            basis=("an event",),
            flags=(Flag.TERMINATING,),
            failure=Failure(carrier=Carrier.EVENT, text="no such pool"),
            classification=Classification(
                retryable=False,
                cause=Cause.CONFIG,
                fix_by=FixBy.ADMIN,
                rule="r",
                span=(3, 7),
                grpc_code=GrpcCode.INTERNAL,
                backend_code="NoSuchPool",
            ),
            since=NOW - timedelta(hours=1),
            attempts=7,
            next_try=NOW + timedelta(seconds=12),
            waits_on=Ref(Kind.CLAIM, "team-a", "c"),
        ),
        Assessment(
            ref=Ref(Kind.CLAIM, "team-a", "c"), uid="", api=Api.V1ALPHA2, outlook=Outlook.WAITING, basis=("its bucket",)
        ),
    ),
    findings=(
        Finding(
            code="COSI104",
            title="t",
            root=Ref(Kind.BUCKET, "", "b"),
            outlook=Outlook.LOOPING,
            fix_by=FixBy.ADMIN,
            symptoms=(Ref(Kind.CLAIM, "team-a", "c"),),
            evidence=(Evidence(text="no such pool", source="event", at=NOW, quoted=True),),
            commands=("kubectl get x",),
            candidates=("COSI104", "COSI107"),
        ),
    ),
    unread=(ReadStatus(resource="pods", outcome=ReadOutcome.FORBIDDEN, reason="no"),),
    drivers=("d.example",),
    namespaces=("team-a",),
)


def document() -> Any:
    """The document of a report in which every field is filled, and every list has an entry."""
    return json.loads(json.dumps(diagnosis_document(FULL)))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("case", CASES)
def test_the_document_of_every_case_obeys_the_schema(case: str) -> None:
    stream = io.StringIO()
    dump_json(diagnosis_document(diagnosed(case)), stream)
    VALIDATOR.validate(json.loads(stream.getvalue()))


@pytest.mark.parametrize("recording", [V1, V2], ids=["v1alpha1", "v1alpha2"])
def test_what_the_program_prints_of_a_recording_obeys_the_schema(recording: str) -> None:
    printed = json.loads(cosictl("diagnose", "-f", recording, "-o", "json").stdout)
    VALIDATOR.validate(printed)
    assert printed["objects"]
    assert printed["findings"]
    assert yaml.safe_load(cosictl("diagnose", "-f", recording, "-o", "yaml").stdout) == printed


# As issue 2 lists them, item 7.
TOP = "takenAt source policy summary objects findings unread"
OBJECT = "kind namespace name uid outlook flags classification since attempts nextTry"
FINDING = "code title root symptoms evidence outlook fixBy commands risk"


def test_the_document_has_the_fields_that_were_promised() -> None:
    promised = document()
    assert (promised["apiVersion"], promised["kind"]) == ("cosictl.dev/v1alpha1", "Diagnosis")
    for words, part in ((TOP, promised), (OBJECT, promised["objects"][0]), (FINDING, promised["findings"][0])):
        assert set(words.split()) - part.keys() == set()


def test_a_classification_has_the_fields_of_classify_in_camel_case() -> None:
    found = FULL.objects[0].classification
    assert found is not None
    camel = {re.sub("_(.)", lambda hit: hit[1].upper(), key): value for key, value in classification_row(found).items()}
    assert camel == classification_document(found)
    promised = "retryable grpc_code backend_code cause fix_by code_mismatch rule span"
    assert set(promised.split()) - classification_row(found).keys() == set()


def test_the_summary_counts_what_is_in_the_document() -> None:
    outlooks = dict.fromkeys(map(str, Outlook), 0) | {"looping": 1, "waiting": 1}
    kinds = {"Bucket": 1, "BucketClaim": 1, "BucketAccess": 0}
    counts = {"objects": 2, "stuck": 1, "stuckPods": 0, "findings": 1}
    assert document()["summary"] == {**counts, "outlooks": outlooks, "kinds": kinds, "drivers": ["d.example"]}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document: keys of objects and positions of lists, from the top."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield (*path, key)
        yield from places(entry, (*path, key))


def spoiled(path: tuple[Any, ...], spoil: Callable[[Any, Any], object]) -> Any:
    """The full document, spoiled at one place."""
    top = document()
    holder = top
    for key in path[:-1]:
        holder = holder[key]
    spoil(holder, path[-1])
    return top


PLACES = list(places(document()))
FIELDS = [path for path in PLACES if isinstance(path[-1], str)]


def accepted(paths: list[tuple[Any, ...]], spoil: Callable[[Any, Any], object]) -> list[tuple[Any, ...]]:
    """The places where the schema does not mind."""
    return [path for path in paths if VALIDATOR.is_valid(spoiled(path, spoil))]


def test_the_full_document_obeys_the_schema() -> None:
    VALIDATOR.validate(document())


@pytest.mark.parametrize("wrong", [{"wrong": True}, 7.5, [[]]], ids=str)
def test_a_wrong_type_is_refused_at_every_place(wrong: object) -> None:
    assert accepted(PLACES, lambda holder, key: holder.__setitem__(key, wrong)) == []


def test_a_missing_field_is_refused_in_every_object() -> None:
    assert accepted(FIELDS, lambda holder, key: holder.pop(key)) == []


def test_an_extra_field_is_refused_in_every_object() -> None:
    assert accepted(FIELDS, lambda holder, _: holder.update(extra=1)) == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("apiVersion",), "cosictl.dev/v2"),
        (("kind",), "Report"),
        (("takenAt",), "yesterday"),
        (("summary", "stuck"), -1),
        (("objects", 0, "outlook"), "sad"),
        (("objects", 0, "kind"), "Pod"),
        (("objects", 0, "flags", 0), "sad"),
        (("objects", 0, "since"), "2026-03-01 12:00"),
        (("objects", 0, "attempts"), -1),
        (("objects", 0, "classification", "cause"), "sad"),
        (("objects", 0, "classification", "grpcCode"), "NOT_FOUND"),
        (("objects", 0, "classification", "span"), [1, 2, 3]),
        (("findings", 0, "code"), "C04"),
        (("findings", 0, "fixBy"), "me"),
        (("unread", 0, "outcome"), "sad"),
    ],
    ids=str,
)
def test_a_value_outside_the_vocabulary_is_refused(path: tuple[Any, ...], wrong: object) -> None:
    assert not VALIDATOR.is_valid(spoiled(path, lambda holder, key: holder.__setitem__(key, wrong)))


OF_OBJECT = SCHEMA["properties"]["objects"]["items"]["properties"]
OF_CLASSIFICATION = SCHEMA["$defs"]["classification"]["properties"]


@pytest.mark.parametrize(
    ("listed", "vocabulary"),
    [
        (SCHEMA["$defs"]["api"]["enum"], Api),
        (SCHEMA["$defs"]["outlook"]["enum"], Outlook),
        (list(SCHEMA["properties"]["summary"]["properties"]["outlooks"]["properties"]), Outlook),
        (SCHEMA["properties"]["takenAtBasis"]["enum"], TimeBasis),
        (SCHEMA["properties"]["policy"]["items"]["properties"]["certainty"]["enum"], Certainty),
        (SCHEMA["properties"]["unread"]["items"]["properties"]["outcome"]["enum"], ReadOutcome),
        (SCHEMA["properties"]["findings"]["items"]["properties"]["fixBy"]["enum"], FixBy),
        (OF_OBJECT["flags"]["items"]["enum"], Flag),
        (OF_CLASSIFICATION["cause"]["enum"], Cause),
        (OF_CLASSIFICATION["fixBy"]["enum"], FixBy),
        (OF_CLASSIFICATION["grpcCode"]["enum"][1:], GrpcCode),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_the_schema_has_the_words_of_the_model(listed: list[str], vocabulary: type[StrEnum]) -> None:
    assert listed == [word.value for word in vocabulary]
