"""Remedies that need a driver, a Secret or another version; and what undo makes of a bucket whose data were kept."""

from pathlib import Path
from typing import Final

from cosictl.knowledge.annotations import QUARANTINED_DRIVER
from cosictl.knowledge.finalizers import SECRET_PROTECTION
from cosictl.model.copying import replace
from cosictl.sandbox.objects import DRIVER, TEAM, access_class, bucket_class, claim
from cosictl.sandbox.plan import Plan, plan_scenario
from cosictl.sandbox.scenarios import LONG_CLASS
from tests.changing import Hands, Person
from tests.live_sandbox import live

SPEED: Final = 30.0
SECRET: Final = "photos-reader-credentials"


def unrevocable() -> Plan:
    """The healthy story with a driver that no longer knows the accounts it is to revoke."""
    plan = plan_scenario("healthy")
    keys = access_class("keys", parameters={"revoke": "NotFound", "message": "user {key} does not exist"})
    return replace(plan, objects=tuple(keys if item["kind"] == keys["kind"] else item for item in plan.objects))


def test_a_revoke_that_was_done_long_ago_is_let_go_and_its_secret_after_it(tmp_path: Path) -> None:
    with live(tmp_path, unrevocable(), speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        hands.delete("access/photos-reader")
        hands.until(lambda: "COSI410" in hands.findings(), "COSI410")
        assert "a driver is missing" in person.plans("cleanup", "access/photos-reader")["declined"][0]["reason"]
        socket = str(sandbox.sockets[DRIVER])
        words = ("cleanup", "access/photos-reader", "--endpoint", socket)
        assert "stays, with a credential that no longer works" in person.plans(*words)["warnings"][0]
        run = person.does(*words)
        assert [step["action"] for step in run["steps"]] == ["revoke-at-driver", "remove-finalizer"]
        assert "NotFound" in run["steps"][0]["words"]
        assert hands.get("access/photos-reader") is None
        hands.delete(f"secret/{SECRET}")
        run = person.does("repair", f"secret/{SECRET}", "-n", TEAM)
        assert run["steps"][0]["words"] == "written; it is gone"
        assert hands.get(f"secret/{SECRET}") is None


def test_a_secret_that_is_used_is_left_alone(tmp_path: Path) -> None:
    with live(tmp_path, "healthy", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        hands.delete(f"secret/{SECRET}")
        plan = person.plans("repair", f"secret/{SECRET}", "-n", TEAM)
        tree = hands.get(f"secret/{SECRET}")
    assert plan["steps"] == []
    assert "still uses it" in plan["declined"][0]["reason"]
    assert tree is not None
    assert SECRET_PROTECTION in tree["metadata"]["finalizers"]


def uncontrolled() -> Plan:
    """The story of COSI-86 after its controller went, and with it the claim's finalizer."""
    plan = plan_scenario("cosi-86")
    uid, name = "47e66339-3815-41ff-ae62-209ef2f9db17", LONG_CLASS + "47e66339-3815-41ff-ae62-209ef2f9db17"
    about = {"namespace": TEAM, "name": "reports", "uid": uid}
    asks = claim("reports", LONG_CLASS)
    asks |= {"metadata": about, "status": {"bucketReady": False, "bucketName": name}}
    bucket = {
        "apiVersion": asks["apiVersion"],
        "kind": "Bucket",
        "metadata": {"name": name},
        "spec": {"driverName": DRIVER, "bucketClassName": LONG_CLASS, "bucketClaim": about, "deletionPolicy": "Delete"},
    }
    return replace(plan, controllers=(), loaded=True, objects=(bucket_class(LONG_CLASS), asks, bucket))


def test_a_claim_that_goes_without_its_bucket_has_not_ended_the_trouble(tmp_path: Path) -> None:
    with live(tmp_path, uncontrolled(), speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        hands.until(lambda: "COSI106" in hands.findings(), "COSI106")
        run = person.does("cleanup", "claim/reports", code=1)
        assert hands.get("claim/reports") is None
    (step,) = run["steps"]
    assert step["result"] == "unknown"
    assert "is gone, but Bucket/" in step["words"]


def test_the_driver_itself_is_asked_to_delete(tmp_path: Path) -> None:
    with live(tmp_path, "deletion", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        bucket = hands.name_of_bucket("archive")
        words = ("cleanup", f"bucket/{bucket}", "--endpoint", str(sandbox.sockets[DRIVER]))
        run = person.does(*words, code=1)
        assert run["steps"][0]["result"] == "failed"
        assert "FailedPrecondition" in run["steps"][0]["words"]
        # Somebody empties it: the driver would delete now, and is asked.
        sandbox.backends[DRIVER].buckets.pop(bucket)
        hands.patch(f"bucket/{bucket}", {"spec": {"parameters": None}})
        hands.gone(f"bucket/{bucket}")
        hands.gone("claim/archive")


def test_another_driver_is_not_asked(tmp_path: Path) -> None:
    with live(tmp_path, "deletion", speed=SPEED) as sandbox, live(_folder(tmp_path), "two-drivers") as other:
        person = Person(sandbox, tmp_path)
        bucket = Hands(sandbox).name_of_bucket("archive")
        foreign = str(other.sockets["other.example.com"])
        calls = len(other.backends["other.example.com"].calls)
        run = person.does("cleanup", f"bucket/{bucket}", "--endpoint", foreign, code=1)
        assert "and the object's is cosi.example.com" in run["steps"][0]["words"]
        assert len(other.backends["other.example.com"].calls) == calls


def _folder(path: Path) -> Path:
    made = path / "other"
    made.mkdir()
    return made


def test_kept_data_come_back_as_a_static_bucket(tmp_path: Path) -> None:
    with live(tmp_path, "deletion", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        bucket = hands.name_of_bucket("archive")
        run = person.does("cleanup", f"bucket/{bucket}", "--retain")
        hands.gone(f"bucket/{bucket}")
        assert bucket in sandbox.backends[DRIVER].buckets
        person.does("undo", run["run"])
        tree = hands.get(f"bucket/{bucket}")
    assert tree is not None
    assert (tree["spec"]["deletionPolicy"], tree["spec"]["existingBucketID"]) == ("Retain", bucket)
    assert tree["spec"]["bucketClaim"] == {}


def test_a_quarantine_that_is_only_an_annotation_is_tidied_up(tmp_path: Path) -> None:
    with live(tmp_path, "cosi-86", speed=SPEED) as sandbox:
        hands, person = Hands(sandbox), Person(sandbox, tmp_path)
        bucket = f"bucket/{hands.name_of_bucket('reports')}"
        person.does("quarantine", bucket, wait="0s", code=1)
        assert "COSI603" in hands.findings()
        hands.patch(bucket, {"spec": {"driverName": DRIVER}})
        run = person.does("repair", bucket)
        assert run["steps"][0]["action"] == "unmark"
        tree = hands.get(bucket)
        assert tree is not None
        assert QUARANTINED_DRIVER not in tree["metadata"].get("annotations", {})
        person.does("undo", run["run"])
        tree = hands.get(bucket)
        assert tree is not None
        assert tree["metadata"]["annotations"][QUARANTINED_DRIVER] == DRIVER


def test_on_v1alpha2_no_single_loop_can_be_stopped(tmp_path: Path) -> None:
    with live(tmp_path, "mixed-api", speed=SPEED) as sandbox:
        declined = Person(sandbox, tmp_path).plans("quarantine", "claim/photos")["declined"]
    assert "on v1alpha2 spec.driverName cannot be changed" in declined[0]["reason"]
    assert "scale the driver's sidecar to 0" in declined[0]["help"]
