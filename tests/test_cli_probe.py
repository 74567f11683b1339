"""``probe-driver`` as its users run it: processes against real drivers, and a sandbox for what a cluster tells."""

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from cosictl.driver.types import DriverError
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api
from cosictl.sandbox.run import Sandbox
from tests.cli_process import COMMAND, V1, V2, cosictl, environment, one_line
from tests.drivers import FAULTS, NAME, Hanging, Refusing, Wrapped, correct, process, serving
from tests.live_sandbox import live

PROBE: Final = "probe-driver"
STUCK: Final = "bucket/bucket-9bc130dd-0325-4951-842c-3f5856135121"
DIGEST: Final = re.compile(r"--confirm ([0-9a-f]{16})")


def probe(verb: str, path: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return cosictl(PROBE, verb, "--endpoint", f"unix://{path}", *words, stdin=stdin)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Path]:
    with serving(tmp_path, correct()) as path:
        yield path


def test_info_says_who_it_is(driver: Path) -> None:
    told = probe("info", driver, "-f", V1)
    assert (told.returncode, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    assert lines[0] == "cosi.example.com · v1alpha1 + v1alpha2"
    assert f"  at              unix://{driver}" in lines
    assert "  name            valid" in lines
    assert any(line.startswith("  round trip ") and line.endswith("(5 calls)") for line in lines)
    assert any(line.startswith("  asked for       by ") for line in lines)


def test_info_as_json(driver: Path) -> None:
    told = probe("info", driver, "-f", V2, "-o", "json", "--count", "3")
    found = json.loads(told.stdout)
    assert (found["name"], found["apiVersions"], found["protocols"]) == (NAME, ["v1alpha1", "v1alpha2"], ["S3"])
    trip = found["roundTrip"]
    assert 0 < trip["min"] <= trip["median"] <= trip["max"] < 10
    assert (trip["count"], found["health"], found["reflection"], found["nameProblems"]) == (3, None, False, [])
    assert found["cluster"]["compared"]
    assert "BucketClass/ok" in found["cluster"]["exactly"] or len(found["cluster"]["exactly"]) > 3
    assert "nobody.example.com" in found["cluster"]["otherDrivers"]


def test_info_tells_names_that_differ_only_by_case(tmp_path: Path) -> None:
    with serving(tmp_path, correct("COSI.example.com")) as path:
        told = probe("info", path, "-f", V1)
    assert told.returncode == 0
    assert "by nobody, exactly as it is written" in told.stdout
    assert "asks for cosi.example.com: v1alpha1 takes that, v1alpha2 does not (COSI601)" in told.stdout
    assert "capital letters" in told.stdout


def test_info_without_a_cluster_says_so_and_works(driver: Path, tmp_path: Path) -> None:
    told = probe("info", driver, "--kubeconfig", str(tmp_path / "none"))
    assert told.returncode == 0
    assert "asked for       not compared with a cluster: " in told.stdout
    assert "asked for" not in probe("info", driver, "--no-cluster").stdout


def test_the_endpoint_may_come_from_the_environment_and_has_a_default(driver: Path) -> None:
    told = cosictl(PROBE, "info", "--no-cluster", env={"COSI_ENDPOINT": str(driver)})
    assert told.returncode == 0
    refused = cosictl(PROBE, "info", "--no-cluster")
    assert refused.returncode == 1
    assert "unix:///var/lib/cosi/cosi.sock: no such file" in one_line(refused.stderr)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("info", "--endpoint", "/x", "--pod", "a/b"), "exclude each other"),
        (("info", "--endpoint", "nothing"), "is no endpoint"),
        (("info", "--timeout", "0"), "a deadline is always set"),
        (("info", "--connect-timeout", "soon"), "is no duration"),
        (("info", "--cert", "x"), "belong together"),
        (("info", "--pod", "a/b/c", "--kubeconfig", "KUBECONFIG"), "is no pod"),
        (("reproduce", "class/x", "-f", V1), "not found"),
        (("reproduce", "claims"), "is not one object"),
        (("call", "nothing", "--template"), "there is no method"),
        (("call", "create", "--template", "--api", "v1"), "no such version"),
        (("check", "--focus", "("), "is no regular expression"),
        (("check", "--parameter", "x"), "is not KEY=VALUE"),
        (("check", "--api", "v1"), "no such version"),
        (("check", "--clean-up-only", "../x"), "is no prefix"),
        (("nonsense",), "see cosictl probe-driver --help"),
        (("info", "--nonsense"), "see cosictl probe-driver info --help"),
    ],
)
def test_bad_command_lines_are_one_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        json.dumps(
            {
                "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "users": [{"name": "u", "user": {}}],
                "current-context": "c",
            }
        )
    )
    given = [str(config) if word == "KUBECONFIG" else word for word in words]
    told = cosictl(PROBE, *given)
    assert told.stdout == ""
    assert said in one_line(told.stderr)
    assert told.returncode in {1, 2}


def test_a_hang_is_a_time_out(tmp_path: Path) -> None:
    with serving(tmp_path, Hanging()) as path:
        told = probe("info", path, "--timeout", "0.3s", "--no-cluster")
    assert told.returncode == 124
    assert "gave no answer in 0.3 s" in one_line(told.stderr)
    assert "COSI109" in told.stderr


class Closed(Wrapped):
    """Refuses everything, who it is included, and says too much."""

    async def before(self, method: str, key: str) -> None:
        del method, key
        raise DriverError(GrpcCode.PERMISSION_DENIED, 'no: secretKey="hunter2hunter2"')


def test_a_driver_that_does_not_say_who_it_is(tmp_path: Path) -> None:
    with serving(tmp_path, Refusing(GrpcCode.INTERNAL)) as path:
        assert probe("info", path, "--no-cluster").returncode == 0
    with serving(tmp_path, Closed()) as path:
        told = probe("info", path, "--no-cluster")
    assert told.returncode == 64 + 7
    assert "answered PermissionDenied: no:" in one_line(told.stderr)
    assert "hunter2" not in told.stderr


@pytest.mark.parametrize("number", range(1, 17))
def test_a_code_is_the_exit_code(number: int, tmp_path: Path) -> None:
    code = list(GrpcCode)[number]
    with serving(tmp_path, Refusing(code)) as path:
        told = probe("call", path, "create", "-d", '{"name": "x"}', "--yes")
    assert (told.returncode, told.stdout) == (64 + number, "")
    assert f"the driver answered {code.value}: it went wrong" in told.stderr.splitlines()[-1]


def test_a_driver_that_dies_is_no_answer(tmp_path: Path) -> None:
    with process(tmp_path, "dying", Api.V1ALPHA1) as path:
        told = probe("call", path, "create", "-d", '{"name": "x"}', "--yes")
    assert (told.returncode, told.stdout) == (1, "")
    assert "the driver died in the middle of the call" in told.stderr


def test_call_prints_the_reply(driver: Path) -> None:
    told = probe("call", driver, "DriverCreateBucket", "-d", '{"name": "photos"}', "--yes", "--api", "v1alpha1")
    assert told.returncode == 0
    assert json.loads(told.stdout)["bucket_id"] == "photos"
    whole = json.loads(probe("call", driver, "info", "-o", "json").stdout)
    assert (whole["method"], whole["apiVersion"], whole["answer"]["code"]) == ("DriverGetInfo", "v1alpha2", "OK")
    assert whole["answer"]["reply"]["name"] == NAME


def test_a_request_comes_from_a_file_or_stdin_too(driver: Path, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text('{"name": "photos"}')
    assert probe("call", driver, "create", "-d", f"@{file}", "-y").returncode == 0
    assert probe("call", driver, "create", "-d=-", "-y", stdin='{"name": "photos"}').returncode == 0
    missing = probe("call", driver, "create", "-d", f"@{tmp_path}/none", "-y")
    assert (missing.returncode, "cannot be read" in one_line(missing.stderr)) == (2, True)


def test_a_template_needs_no_driver() -> None:
    told = cosictl(PROBE, "call", "grant", "--template", "--api", "v1alpha1")
    assert json.loads(told.stdout) == {
        "bucket_id": "",
        "name": "",
        "authentication_type": "UnknownAuthenticationType",
        "parameters": {},
    }


def test_credentials_are_shown_only_on_request(driver: Path) -> None:
    probe("call", driver, "create", "-d", '{"name": "photos"}', "-y")
    request = '{"bucket_id": "photos", "name": "ba-x", "authentication_type": "Key"}'
    masked = probe("call", driver, "grant", "-d", request, "-y", "--api", "v1alpha1")
    assert (masked.returncode, "sandbox-only" in masked.stdout) == (0, False)
    assert "It mints credentials" in masked.stderr
    shown = probe("call", driver, "grant", "-d", request, "-y", "--api", "v1alpha1", "--show-secrets")
    assert "sandbox-only" in shown.stdout


def test_nothing_is_sent_without_consent(tmp_path: Path) -> None:
    inner = correct()
    with serving(tmp_path, inner) as path:
        for verb in ("create", "grant"):
            told = probe("call", path, verb, "-d", "{}", "--api", "v1alpha1")
            assert told.returncode == 4
            assert "nobody is here to agree" in told.stderr
        only = probe("call", path, "create", "-d", '{"name": "x"}', "--dry-run", "-o", "json")
        assert json.loads(only.stdout)["request"] == {"name": "x"}
    assert (inner.buckets, inner.accounts) == ({}, {})


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 4), ("\n", 4)])
def test_a_person_is_asked(answer: str, code: int, driver: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*COMMAND, PROBE, "call", "create", "-d", '{"name": "photos"}', "--endpoint", str(driver)]
    running = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment())
    os.close(theirs)
    seen = b""
    while b"[y/N]" not in seen:
        seen += os.read(ours, 4096)
    os.write(ours, answer.encode())
    try:
        while more := os.read(ours, 4096):
            seen += more
    except OSError:
        pass
    os.close(ours)
    assert running.wait(20) == code
    assert b"where it succeeds, a bucket is made" in seen


def test_deleting_needs_the_digest_of_what_was_shown(tmp_path: Path) -> None:
    inner = correct()
    with serving(tmp_path, inner) as path:
        probe("call", path, "create", "-d", '{"name": "photos"}', "-y")
        ask = ("delete", "-d", '{"bucket_id": "photos"}', "--no-cluster")
        for words in (ask, (*ask, "--yes"), (*ask, "--confirm", "0123456789abcdef")):
            told = probe("call", path, *words)
            assert told.returncode == 4
            assert "photos" in inner.buckets
        found = DIGEST.search(probe("call", path, *ask).stderr)
        assert found is not None
        other = probe("call", path, "delete", "-d", '{"bucket_id": "other"}', "--no-cluster", "--confirm", found[1])
        assert other.returncode == 4
        assert probe("call", path, *ask, "--confirm", found[1]).returncode == 0
    assert inner.buckets == {}


def test_nothing_that_is_used_is_deleted(driver: Path) -> None:
    dump = json.loads((Path(V1) / "objects.json").read_text())
    ready = next(
        item["status"]["bucketID"]
        for item in dump["items"]
        if item["kind"] == "Bucket"
        and item.get("status", {}).get("bucketID")
        and "deletionTimestamp" not in item["metadata"]
    )
    told = probe("call", driver, "delete", "-d", json.dumps({"bucket_id": ready}), "-f", V1, "--confirm", "0" * 16)
    assert told.returncode == 4
    assert "uses it, and is not being deleted" in told.stderr
    free = probe("call", driver, "delete", "-d", '{"bucket_id": "free"}', "-f", V1)
    assert (free.returncode, DIGEST.search(free.stderr) is not None) == (4, True)


def test_whose_it_is_must_be_known(driver: Path, tmp_path: Path) -> None:
    told = probe("call", driver, "revoke", "-d", '{"account_id": "x"}', "--kubeconfig", str(tmp_path / "none"))
    assert told.returncode == 4
    assert "it is not known whose this is" in told.stderr


def reproduced(path: Path, target: str, *words: str) -> dict[str, Any]:
    told = probe("reproduce", path, target, "-f", V1, "--yes", "-o", "json", *words)
    found: dict[str, Any] = json.loads(told.stdout)
    found["exit"] = told.returncode
    return found


def test_a_failure_is_reproduced(tmp_path: Path) -> None:
    words = "invalid bucket name: bucket-9bc130dd-0325-4951-842c-3f5856135121"
    with serving(tmp_path, Refusing(GrpcCode.INVALID_ARGUMENT, words)) as path:
        found = reproduced(path, STUCK)
        shown = probe("reproduce", path, STUCK, "-f", V1, "--yes")
    assert (found["exit"], found["sent"]) == (67, True)
    assert (found["comparison"], found["finding"]) == ("reproduced", "COSI106")
    assert found["request"]["name"] == STUCK.partition("/")[2]
    assert found["answer"]["message"] == words
    assert "verdict         reproduced: the driver fails as recorded" in shown.stdout
    assert "proves          COSI106" in shown.stdout


@pytest.mark.parametrize(
    ("fault", "comparison", "finding", "code"),
    [
        ("none", "fixed", None, 0),
        ("internal", "changed", None, 77),
        ("already-exists", "changed", "COSI107", 70),
        ("empty-ids", "worse", "COSI108", 1),
        ("nil", "worse", "COSI108", 1),
        ("slow", "worse", "COSI109", 124),
    ],
)
def test_an_answer_is_judged_beside_the_record(
    fault: str, comparison: str, finding: str | None, code: int, tmp_path: Path
) -> None:
    with serving(tmp_path, FAULTS[fault]()) as path:
        found = reproduced(path, STUCK, "--timeout", "0.5s")
    assert (found["comparison"], found["finding"], found["exit"]) == (comparison, finding, code)


def test_a_driver_of_the_other_version_is_told(tmp_path: Path) -> None:
    with serving(tmp_path, correct(), Api.V1ALPHA2) as path:
        found = reproduced(path, STUCK)
    assert (found["finding"], found["exit"]) == ("COSI502", 76)


def test_the_wrong_driver_is_not_asked(tmp_path: Path) -> None:
    inner = correct("other.example.com")
    with serving(tmp_path, inner) as path:
        told = probe("reproduce", path, STUCK, "-f", V1, "--yes")
    assert told.returncode == 4
    assert "is other.example.com, the object's is cosi.example.com" in one_line(told.stderr)
    assert inner.buckets == {}


def test_a_dry_run_needs_no_driver() -> None:
    told = cosictl(PROBE, "reproduce", STUCK, "-f", V1, "--dry-run")
    assert (told.returncode, told.stderr) == (0, "")
    assert '"name": "bucket-9bc130dd-0325-4951-842c-3f5856135121"' in told.stdout
    assert "what it can do  It asks for the bucket" in told.stdout


def test_a_claim_leads_to_its_bucket_and_a_ready_one_to_nothing() -> None:
    told = cosictl(PROBE, "reproduce", "claim/create-invalidargument", "-n", "team-a", "-f", V1, "--dry-run")
    assert f"for Bucket/{STUCK.partition('/')[2]} ← BucketClaim/team-a/create-invalidargument" in told.stdout
    idle = cosictl(PROBE, "reproduce", "claim/healthy", "-n", "team-a", "-f", V1, "--dry-run")
    assert idle.returncode == 1
    assert "the sidecar calls nothing now: it is ready" in one_line(idle.stderr)


def test_a_masked_value_is_never_sent(tmp_path: Path) -> None:
    dump = json.loads((Path(V1) / "objects.json").read_text())
    item = next(item for item in dump["items"] if item["metadata"]["name"] == STUCK.partition("/")[2])
    item["spec"]["parameters"] = {"secretKey": "hunter2hunter2", "region": "eu"}
    (tmp_path / "plain.json").write_text(json.dumps(item))
    whole = cosictl(PROBE, "reproduce", STUCK, "-f", str(tmp_path / "plain.json"), "--dry-run")
    assert ("hunter2" in whole.stdout, "***" in whole.stdout) == (False, True)
    exact = cosictl(PROBE, "reproduce", STUCK, "-f", str(tmp_path / "plain.json"), "--dry-run", "--show-secrets")
    assert "hunter2" in exact.stdout
    inner = correct()
    with serving(tmp_path, inner) as path:
        assert probe("reproduce", path, STUCK, "-f", str(tmp_path / "plain.json"), "--yes").returncode == 0
        assert inner.buckets[STUCK.partition("/")[2]].parameters["secretKey"] == "hunter2hunter2"
        item["spec"]["parameters"]["secretKey"] = "***"
        (tmp_path / "masked.json").write_text(json.dumps(item))
        told = probe("reproduce", path, STUCK, "-f", str(tmp_path / "masked.json"), "--yes")
    assert told.returncode == 4
    assert "was masked when the dump was made" in one_line(told.stderr)


def test_a_deletion_is_repeated_only_with_its_digest(tmp_path: Path) -> None:
    with live(tmp_path, "deletion") as sandbox:
        terminating = _terminating(sandbox)
        base = ("--kubeconfig", str(sandbox.kubeconfig))
        path = next(iter(sandbox.sockets.values()))
        first = probe("reproduce", path, f"bucket/{terminating}", *base, "--yes")
        assert first.returncode == 4
        assert "It deletes the bucket at the backend" in first.stdout
        found = DIGEST.search(first.stderr)
        assert found is not None
        again = probe("reproduce", path, f"bucket/{terminating}", *base, "--confirm", found[1], "-o", "json")
        assert json.loads(again.stdout)["comparison"] == "reproduced"
        assert again.returncode > 64


def _terminating(sandbox: Sandbox) -> str:
    """A Bucket whose deletion its driver refuses."""
    names = [
        value["metadata"]["name"]
        for value in sandbox.store.snapshot()
        if value["kind"] == "Bucket" and "deletionTimestamp" in value["metadata"]
    ]
    return str(names[0])


def test_live_objects_are_read_one_by_one(tmp_path: Path) -> None:
    with live(tmp_path, "access") as sandbox:
        base = ("--kubeconfig", str(sandbox.kubeconfig), "-n", "team-a")
        path = next(iter(sandbox.sockets.values()))
        names = [value["metadata"]["name"] for value in sandbox.store.snapshot() if value["kind"] == "BucketAccess"]
        told = {name: probe("reproduce", path, f"access/{name}", *base, "--yes", "-o", "json") for name in names}
    sent = [json.loads(one.stdout) for one in told.values() if one.stdout]
    assert [found["method"] for found in sent] == ["DriverGrantBucketAccess"] * len(sent)
    assert sent
    assert {found["comparison"] for found in sent} == {"reproduced"}
    assert [one.returncode for one in told.values() if not one.stdout] == [1] * (len(names) - len(sent))


def test_the_check_as_its_users_see_it(driver: Path, tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    words = ("check", "--endpoint", str(driver), "--no-cluster", "--api", "v1alpha1")
    refused = cosictl(PROBE, *words, env=state)
    assert (refused.returncode, refused.stdout) == (4, "")
    passed = cosictl(PROBE, *words, "--yes", env=state)
    assert passed.returncode == 0
    assert passed.stdout.splitlines()[-1] == "Left behind: nothing."
    assert list((tmp_path / "state").rglob("*.jsonl")) == []
    document = json.loads(cosictl(PROBE, *words, "--yes", "-o", "json", "--focus", "^name", env=state).stdout)
    assert (document["passed"], len(document["checks"][0]["cases"])) == (True, 5)
    tree = ElementTree.fromstring(cosictl(PROBE, *words, "--yes", "-o", "junit", env=state).stdout)
    assert tree[0].attrib["failures"] == "0"
    listed = cosictl(PROBE, "check", "--list")
    assert listed.stdout.startswith("info ")


def test_a_check_that_fails_says_what_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, FAULTS["wrong-codes"]()) as path:
        told = cosictl(
            *(PROBE, "check", "--endpoint", str(path), "--no-cluster", "--yes", "--api", "v1alpha1"),
            *("--focus", "^delete-nothing$"),
            env={"XDG_STATE_HOME": str(tmp_path / "state")},
        )
    assert told.returncode == 1
    assert "deleting a bucket that never was gave NotFound: no such bucket" in told.stdout
    assert "asks for        Deleting a bucket that is not there gives OK." in told.stdout
    assert "in a cluster    A bucket that was removed by hand holds its claim for ever (COSI301)." in told.stdout
    assert told.stderr.splitlines()[-1] == "cosictl: 1 case failed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_cleans_up(number: signal.Signals, tmp_path: Path) -> None:
    slow = Wrapped()
    slow.inner = correct()
    with serving(tmp_path, slow) as path:
        env = environment({"XDG_STATE_HOME": str(tmp_path / "state")})
        command = [*COMMAND, PROBE, "check", "--endpoint", str(path), "--no-cluster", "--yes", "--repeat", "1000"]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            for _ in range(2000):
                if slow.inner.buckets:
                    break
                time.sleep(0.01)
            running.send_signal(number)
            assert running.wait(30) == 130
    assert slow.inner.buckets == {}
    assert list((tmp_path / "state").rglob("*.jsonl")) == []


def test_what_was_kept_is_cleaned_up_later(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    inner = correct()
    with serving(tmp_path, inner) as path:
        words = ("--endpoint", str(path), "--no-cluster", "--api", "v1alpha1")
        kept = cosictl(PROBE, "check", *words, "--yes", "--keep", "--focus", "^(create|grant)$", env=state)
        assert inner.buckets
        prefix = re.search(r"--clean-up-only (\S+) removes it", kept.stdout)
        assert prefix is not None
        assert all(name.startswith(prefix[1]) for name in inner.buckets)
        gone = cosictl(PROBE, "check", *words, "--clean-up-only", prefix[1], env=state)
        assert (gone.returncode, gone.stderr.splitlines()[-1]) == (0, "cosictl: removed 3 of 3")
        again = cosictl(PROBE, "check", *words, "--clean-up-only", prefix[1], env=state)
        assert (again.returncode, "there is no register" in again.stderr) == (1, True)
    assert (inner.buckets, inner.accounts) == ({}, {})


def test_the_driver_is_found_by_its_name(tmp_path: Path) -> None:
    with live(tmp_path, "healthy") as sandbox:
        base = ("--kubeconfig", str(sandbox.kubeconfig))
        found = cosictl(PROBE, "info", "--driver", "cosi.example.com", *base, "-o", "json")
        other = cosictl(PROBE, "info", "--driver", "other.example.com", *base)
    assert json.loads(found.stdout)["name"] == "cosi.example.com"
    assert json.loads(found.stdout)["endpoint"].startswith("cosi-driver/cosi-example-com-0:/var/lib/cosi/cosi.sock")
    assert other.returncode == 4
    assert "is cosi.example.com, not other.example.com" in one_line(other.stderr)
