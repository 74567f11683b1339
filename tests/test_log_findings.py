"""What logs change in a diagnosis, and what they must not: joined by name, told apart, counted once."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from cosictl.diagnosis.report import diagnose
from cosictl.flows.asked import Asked
from cosictl.flows.events import timeline
from cosictl.flows.logs import added, targets_in, with_logs, writers_in
from cosictl.intake.files import load_dump, read_dump
from cosictl.intake.logfiles import origin_of
from cosictl.intake.loglines import read_log
from cosictl.model.copying import replace
from cosictl.model.failures import Carrier
from cosictl.model.logs import LogOrigin, LogWish, Writer
from cosictl.model.refs import Kind, Ref
from cosictl.model.report import Assessment, Finding, Outlook, Report
from cosictl.model.snapshot import ReadOutcome, Snapshot
from cosictl.render.document import diagnosis_document
from tests.test_golden import GOLDEN
from tests.test_truth import RECORDED, truths

V1: Final = RECORDED / "v1alpha1"
SIDECAR: Final = "objectstorage-provisioner-sidecar"
BUCKET: Final = "bucket-3c20017e-f4f9-4b2a-913a-1ca03bf63beb"


def heard(version: str, *files: str, folders: bool = True) -> Snapshot:
    folder = RECORDED / version
    wish = LogWish(files=tuple(str(folder / name) for name in files), folders=folders)
    return with_logs(lambda: load_dump([str(folder)], logs=True), wish)()[1]


def told(snapshot: Snapshot, text: str) -> Report:
    """The diagnosis of a snapshot with one more log in it."""
    fold = read_log([text.encode()], LogOrigin(file="x.log"), reference=snapshot.taken_at)
    return diagnose(added(snapshot, [fold]))


def of(report: Report, ref: Ref) -> Assessment:
    return next(item for item in report.objects if item.ref == ref)


def about(report: Report, code: str, name: str) -> Finding:
    return next(one for one in report.findings if one.code == code and one.root.name == name)


LOGS: Final = {"sidecar": (), "and driver": ("driver-calls.jsonl",)}


@pytest.mark.parametrize("logs", LOGS)
@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_with_logs_too_a_knowing_person_accepts_every_outlook(version: str, logs: str) -> None:
    judged = {str(item.ref): item.outlook.value for item in diagnose(heard(version, *LOGS[logs])).objects}
    for of_version, name, facts in truths():
        if of_version == version:
            assert judged[name] in str(facts["state"]), name


def test_logs_never_make_a_verdict_better() -> None:
    plain = {item.ref: item.outlook for item in diagnose(read_dump([str(V1)])).objects}
    changed = {
        (plain[item.ref], item.outlook)
        for item in diagnose(heard("v1alpha1", "driver-calls.jsonl")).objects
        if plain[item.ref] is not item.outlook
    }
    assert changed == {(Outlook.UNKNOWN, Outlook.LOOPING)}


def test_the_drivers_word_stands_beside_what_the_sidecar_recorded() -> None:
    report = diagnose(heard("v1alpha1", "driver-calls.jsonl"))
    said = [fact.text for one in report.findings for fact in one.evidence if fact.text.startswith("driver says")]
    assert "driver says PermissionDenied: final; the sidecar recorded it and tried again 14 times" in said
    assert "driver says AlreadyExists: final; the sidecar records nothing of it and tried again 14 times" in said
    assert any("Canceled: may pass by itself" in text for text in said)
    gone = diagnose(heard("v1alpha2", "driver-calls.jsonl"))
    words = [fact.text for one in gone.findings for fact in one.evidence]
    assert "driver says InvalidArgument: final; the sidecar recorded it and gave up" in words


UNAVAILABLE: Final = Ref(Kind.BUCKET, "", "bucket-d6a79f8e-a038-4993-b31f-2dc884075fdf")


@pytest.mark.parametrize(
    ("code", "outlook"),
    [("InvalidArgument", Outlook.LOOPING), ("Unavailable", Outlook.RETRYING)],
    ids=["another answer since", "the same answer since"],
)
def test_the_record_speaks_until_the_driver_answers_otherwise(code: str, outlook: Outlook) -> None:
    call = {
        "time": "2026-11-23T15:11:05Z",
        "method": "DriverCreateBucket",
        "key": UNAVAILABLE.name,
        "code": code,
    }
    item = of(told(read_dump([str(V1)]), json.dumps(call)), UNAVAILABLE)
    assert item.outlook is outlook
    assert item.failure is not None
    assert (item.failure.carrier is Carrier.EVENT) is (code == "Unavailable")


def test_a_line_that_is_older_than_the_record_does_not_speak_for_the_present() -> None:
    call = {"t": 1795446480.0, "method": "DriverCreateBucket", "key": UNAVAILABLE.name, "code": "InvalidArgument"}
    item = of(told(read_dump([str(V1)]), json.dumps(call)), UNAVAILABLE)
    assert item.outlook is Outlook.RETRYING


def test_attempts_that_were_counted_replace_an_estimate_that_is_smaller() -> None:
    text = "\n".join(
        f'I1123 15:{minute:02}:{second:02}.000000 1 bucket_controller.go:75] "Add Bucket" name="{BUCKET}"'
        for minute in range(8, 11)
        for second in range(60)
    )
    item = of(told(read_dump([str(V1)]), text), Ref(Kind.BUCKET, "", BUCKET))
    assert item.attempts == 180
    assert item.basis[-1] == "sidecar log (x.log): 180 attempts, the last 2026-11-23T15:10:59Z"


def test_a_log_that_was_given_twice_counts_once_and_parts_of_one_add_up() -> None:
    text = (V1 / "driver-calls.jsonl").read_text()
    lines = text.splitlines(keepends=True)
    snapshot = read_dump([str(V1)])
    whole, half, rest = (
        read_log([part.encode()], LogOrigin(file=name), reference=snapshot.taken_at)
        for name, part in (("a", text), ("b", "".join(lines[:140])), ("c", "".join(lines[140:])))
    )
    ref = Ref(Kind.BUCKET, "", BUCKET)
    counts = [of(diagnose(added(snapshot, folds)), ref).attempts for folds in ([whole], [whole, half], [half, rest])]
    assert counts == [15, 15, 15]


def test_what_is_older_than_the_object_is_about_another_of_its_name() -> None:
    snapshot = read_dump([str(V1)])
    head = "E1123 10:00:00.000000 1 bucket_controller.go:140]"
    text = f'{head} "Internal Error from driver" err="x" bucket="{BUCKET}"'
    assert of(told(snapshot, text), Ref(Kind.BUCKET, "", BUCKET)).outlook is Outlook.UNKNOWN
    spoken = added(snapshot, [read_log([text.encode()], LogOrigin(file="x"), reference=snapshot.taken_at)])
    _, records = timeline(lambda: spoken, asked=Asked())
    (found,) = [record for record in records if record.failure.carrier is Carrier.SIDECAR_LOG]
    assert found.about == Ref(Kind.BUCKET, "", BUCKET)


def test_an_object_is_found_by_its_backend_id_its_account_and_its_claim() -> None:
    snapshot = read_dump([str(V1)])
    access = next(item for item in snapshot.accesses if item.meta.name == "acc-denied")
    renamed = replace(snapshot.buckets[0], bucket_id="backend-7")
    snapshot = replace(snapshot, buckets=(renamed, *snapshot.buckets[1:]))
    head = "E1123 15:10:00.000000 1 bucketaccess_controller.go:119]"
    lines = (
        '{"method": "DriverDeleteBucket", "key": "backend-7", "code": "Internal"}',
        f'{{"method": "DriverGrantBucketAccess", "key": "ba-{access.meta.uid}", "code": "Internal"}}',
        f'{head} "Failed to fetch bucketClaim" err="e" bucketClaim="ghost"',
    )
    fold = read_log(["\n".join(lines).encode()], LogOrigin(), reference=snapshot.taken_at)
    _, records = timeline(lambda: added(snapshot, [fold]), asked=Asked())
    spoken = {record.about for record in records if record.failure.carrier is not Carrier.EVENT}
    assert spoken == {renamed.ref, access.ref, Ref(Kind.ACCESS, "team-a", "acc-noclaim")}


def test_a_name_that_two_accesses_have_is_left_to_neither() -> None:
    snapshot = read_dump([str(V1)])
    twin = next(item for item in snapshot.accesses if item.meta.name == "acc-denied")
    other = replace(twin, meta=replace(twin.meta, namespace="team-b", uid="other"))
    snapshot = replace(snapshot, accesses=(*snapshot.accesses, other))
    text = (
        'E1123 15:10:00.000000 1 bucketaccess_controller.go:125] "Invalid arguments" err="no" bucketAccess="acc-denied"'
    )
    fold = read_log([text.encode()], LogOrigin(), reference=snapshot.taken_at)
    _, records = timeline(lambda: added(snapshot, [fold]), asked=Asked())
    (found,) = [record for record in records if record.failure.carrier is Carrier.SIDECAR_LOG]
    assert found.about == Ref(Kind.ACCESS, "", "acc-denied")


def test_the_poison_access_is_named_with_the_command_that_ends_it() -> None:
    finding = about(diagnose(heard("v1alpha1")), "COSI406", "acc-exists")
    assert finding.root == Ref(Kind.ACCESS, "team-a", "acc-exists")
    assert finding.outlook is Outlook.LOOPING
    assert "cosictl cleanup access/acc-exists -n team-a --even-if-retrying access/acc-exists" in finding.commands
    assert any(f.text == "the sidecar died while working on BucketAccess team-a/acc-exists" for f in finding.evidence)
    assert any(fact.quoted and "nil pointer dereference" in fact.text for fact in finding.evidence)


@pytest.mark.parametrize("granted", [True, False], ids=["granted since", "made later"])
def test_an_access_that_cannot_have_killed_is_no_poison(granted: bool) -> None:  # noqa: FBT001 - a factor of the table
    snapshot = heard("v1alpha1")
    made = next(item for item in snapshot.accesses if item.meta.name == "acc-denied")
    created = made.meta.created if granted else datetime(2026, 11, 23, 15, 11, 20, tzinfo=UTC)
    poison = replace(made, meta=replace(made.meta, name="acc-exists", uid="n", created=created), ready=granted or None)
    report = diagnose(replace(snapshot, accesses=(*snapshot.accesses, poison)))
    assert not any(one.code == "COSI406" for one in report.findings)


def test_an_answer_after_the_death_takes_the_blame_away() -> None:
    snapshot = heard("v1alpha1")
    made = next(item for item in snapshot.accesses if item.meta.name == "acc-denied")
    poison = replace(made, meta=replace(made.meta, name="acc-exists", uid="n"))
    snapshot = replace(snapshot, accesses=(*snapshot.accesses, poison))
    assert any(one.code == "COSI406" and one.root == poison.ref for one in diagnose(snapshot).findings)
    after = '{"time": "2026-11-23T15:11:30Z", "method": "DriverGrantBucketAccess", "key": "ba-n", "code": "OK"}'
    fold = read_log([after.encode()], LogOrigin(file="d"), reference=snapshot.taken_at)
    calm = replace(snapshot, logs=(*snapshot.logs, *fold.traces()))
    assert not any(one.code == "COSI406" and one.root == poison.ref for one in diagnose(calm).findings)


def test_a_cluster_and_its_dump_say_the_same_about_the_same_text() -> None:
    snapshot = read_dump([str(GOLDEN / "log-a06-poison" / "input")])
    text = GOLDEN / "log-a06-poison" / "input" / "namespaces" / "cosi-driver" / "pods" / "driver-0" / SIDECAR
    data = (text / "previous.log").read_text()
    live = LogOrigin(writer=Writer.SIDECAR, namespace="cosi-driver", pod="driver-0", container=SIDECAR, previous=True)
    path = f"must-gather/namespaces/cosi-driver/pods/driver-0/{SIDECAR}/{SIDECAR}/logs/previous.log"
    dump = origin_of(path, writers_in(snapshot))
    stamped = "".join(f"2026-11-23T11:59:29.700000000Z {line}\n" for line in data.splitlines())
    found = [
        diagnosis_document(diagnose(added(snapshot, [read_log([raw.encode()], whose, reference=snapshot.taken_at)])))
        for raw, whose in ((stamped, live), (data, dump))
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("path", "place", "previous"),
    [
        ("a/namespaces/ns-1/pods/p-0/c/c/logs/current.log", ("ns-1", "p-0", "c"), False),
        ("a/namespaces/ns-1/pods/p-0/c/c/logs/previous.insecure.log", ("ns-1", "p-0", "c"), True),
        ("/var/log/pods/ns-1_p-0_0123456789abcdef0123456789abcdef/c/0.log", ("ns-1", "p-0", "c"), False),
        ("sidecar.log", ("", "", ""), False),
    ],
)
def test_a_path_says_whose_log_it_is(path: str, place: tuple[str, str, str], previous: bool) -> None:  # noqa: FBT001
    origin = origin_of(path, {("ns-1", "p-0", "c"): Writer.DRIVER})
    assert (origin.namespace, origin.pod, origin.container) == place
    assert origin.previous is previous
    assert origin.writer is (Writer.DRIVER if origin.pod else Writer.UNKNOWN)


def test_sidecars_controllers_and_what_runs_beside_a_sidecar_are_read() -> None:
    snapshot = read_dump([str(GOLDEN / "a06-crash-loop" / "input")])
    pod = snapshot.pods[0]
    beside = replace(pod.containers[0], name="driver", image="example.com/driver:1", restarts=0)
    alone = replace(pod, meta=replace(pod.meta, name="cosi-ui"), containers=(beside,))
    snapshot = replace(snapshot, pods=(replace(pod, containers=(*pod.containers, beside)), alone))
    found = {
        (t.origin.pod, t.origin.container, t.origin.writer, t.previous) for t in targets_in(snapshot, previous=True)
    }
    assert found == {("driver-0", "driver", Writer.DRIVER, False), ("driver-0", SIDECAR, Writer.SIDECAR, True)}


def test_no_pod_to_read_is_said_and_counts_as_unread() -> None:
    snapshot = read_dump([str(V1)])
    said: list[str] = []
    port = with_logs(
        lambda: (load_dump([str(V1)])[0], snapshot),
        LogWish(live=True),
        read_pods=lambda *_: pytest.fail("there is nothing to read"),
        say=said.append,
    )
    _, found = port()
    (status,) = [status for status in found.reads if status.resource == "pods/log"]
    assert status.outcome is ReadOutcome.NOT_IN_DUMP
    assert "pods could not be read" in status.reason


def test_a_log_that_nobody_understands_is_said() -> None:
    said: list[str] = []
    wish = LogWish(files=("-",))
    with_logs(lambda: load_dump([str(V1)]), wish, stdin=io.BytesIO(b"nothing\nof interest\n"), say=said.append)()
    assert said == ["log of standard input: none of its 2 lines tells of a COSI object"]


def test_since_holds_for_files_only_where_it_was_given() -> None:
    wish = LogWish(folders=True, since=timedelta(minutes=1))
    loaded = load_dump([str(V1)], logs=True)
    every, newer = (with_logs(lambda: loaded, replace(wish, in_files=given))()[1] for given in (False, True))
    assert {trace.origin.file.rpartition("/")[2] for trace in newer.logs} == {"sidecar-crash.log"}
    assert len(every.logs) > len(newer.logs)
    assert len(newer.crashes) == 1


def test_without_being_asked_no_log_is_read() -> None:
    assert read_dump([str(V1)]).logs == ()
    builder, _ = load_dump([str(V1)], logs=True)
    assert [Path(path).name for path in builder.log_files] == ["sidecar-crash.log", "sidecar.log"]
    assert builder.skipped_files == 2
