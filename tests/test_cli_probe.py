"""``probe-driver`` as its users run it: processes against real drivers, and a sandbox for what a cluster tells."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from cosictl.driver.types import DriverError
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api
from tests.cli_process import COMMAND, V1, V2, cosictl, environment, one_line, probe
from tests.drivers import NAME, Hanging, Refusing, Wrapped, correct, process, serving

PROBE: Final = "probe-driver"
DIGEST: Final = re.compile(r"--confirm ([0-9a-f]{16})")


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
        (("call", "create", "-d", '{"nme": "x"}'), "nme"),
        (("call", "create", "-d", "{"), "is no JSON"),
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
