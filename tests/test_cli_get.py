"""``cosictl get`` and ``cosictl events``: namespaces, formats, filters."""

import json
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cosictl.diagnosis.report import diagnose
from cosictl.flows.get import EarlyClaims
from cosictl.intake.files import read_dump
from cosictl.model.copying import replace
from tests.apiserver import NOON, ApiServer
from tests.cli_process import ROOT, TIMEOUT_SECONDS, V1, V2, cosictl, in_terminal, terminal
from tests.test_cluster import recorded

GOLDEN = ROOT / "tests" / "golden"


def lines(*words: str) -> list[str]:
    done = cosictl(*words, "-f", V1)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def items(*words: str) -> list[dict[str, Any]]:
    loaded = json.loads(cosictl("get", *words, "-f", V1, "-o", "json").stdout)
    assert loaded["kind"] == "List"
    found: list[dict[str, Any]] = loaded["items"]
    return found


@pytest.mark.parametrize(
    ("words", "heads", "count"),
    [
        (("buckets",), "NAME", 20),
        (("claims",), "NAMESPACE", 22),
        (("claims", "-n", "team-a"), "NAME ", 21),
        (("ba",), "NAMESPACE", 6),
        (("accessclasses",), "NAME", 1),
        (("drivers",), "NAME", 2),
        (("claims,buckets",), "NAMESPACE", 42),
    ],
    ids=str,
)
def test_a_table_has_a_line_for_every_object(words: tuple[str, ...], heads: str, count: int) -> None:
    found = lines("get", *words)
    assert found[0].startswith(heads)
    assert len(found) >= 1 + count
    assert lines("get", *words, "--no-headers")[0] != found[0]


def test_outlooks_filter() -> None:
    stuck = items("buckets", "--outlook", "looping,parked")
    assert {item["diagnosis"]["outlook"] for item in stuck} == {"looping"}
    assert len(stuck) < len(items("buckets"))


def test_json_is_the_object_with_our_verdict() -> None:
    one = json.loads(cosictl("get", "claim/recovers", "-f", V1, "-o", "json").stdout)
    assert (one["kind"], one["metadata"]["name"]) == ("BucketClaim", "recovers")
    assert one["spec"]["protocols"] == ["S3"]
    assert one["diagnosis"]["outlook"] == "stalled"


def test_names_are_written_as_kubectl_writes_them() -> None:
    assert lines("get", "claim", "recovers", "-o", "name") == ["bucketclaim.objectstorage.k8s.io/recovers"]
    assert lines("get", "drivers", "-o", "name") == ["driver/cosi.example.com", "driver/nobody.example.com"]


def test_wide_adds_columns() -> None:
    assert lines("get", "buckets", "-o", "wide")[0].split()[-4:] == ["DRIVER", "POLICY", "FLAGS", "MESSAGE"]


def test_nothing_found_is_said_on_stderr_in_kubectls_words() -> None:
    none = cosictl("get", "claims", "-n", "nowhere", "-f", V1)
    assert (none.returncode, none.stdout, none.stderr) == (0, "", "No resources found in nowhere namespace.\n")
    everywhere = cosictl("get", "claims", "--outlook", "parked", "-f", V1)
    assert everywhere.stderr == "No resources found.\n"
    machine = cosictl("get", "claims", "-n", "nowhere", "-f", V1, "-o", "json")
    assert json.loads(machine.stdout)["items"] == []


def test_drivers_say_which_policy_serves_them() -> None:
    found = {item["metadata"]["name"]: item["diagnosis"] for item in items("drivers")}
    assert found["cosi.example.com"]["policy"] == "v0.2.2"
    assert found["cosi.example.com"]["buckets"] == 19


def test_events_of_an_object_are_those_of_its_relatives_too() -> None:
    found = lines("events", "claim/create-invalidargument")
    about = {line.split()[3] for line in found[1:]}
    assert {word.partition("/")[0] for word in about} == {"Bucket", "BucketAccess"}
    assert len(found) < len(lines("events"))


def test_events_are_in_the_order_of_time() -> None:
    times = [line.split()[0] for line in lines("events")[1:]]
    assert times == sorted(times)
    assert len(times) > 20


def test_status_errors_are_in_the_timeline() -> None:
    loaded = json.loads(cosictl("events", "-f", V2, "-o", "json").stdout)
    assert {item["carrier"] for item in loaded["items"]} == {"status.error"}
    assert {item["classification"]["cause"] for item in loaded["items"]} > {"permission"}


def test_events_of_another_namespace_are_not_shown() -> None:
    none = cosictl("events", "-n", "nowhere", "-f", V1)
    assert (none.returncode, none.stdout) == (0, "")
    assert none.stderr == "No failure records found in nowhere namespace.\n"


def test_jsonpath_walks_the_same_document() -> None:
    assert lines("get", "claim", "recovers", "-o", "jsonpath={.metadata.name} {.diagnosis.outlook}") == [
        "recovers stalled"
    ]
    names = lines("get", "claims", "-o", "jsonpath={.items[*].metadata.name}")[0].split()
    assert names == [item["metadata"]["name"] for item in items("claims")]
    per_line = lines("get", "buckets", "-o", 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}')
    assert len(per_line) == 20


def test_custom_columns_are_the_users() -> None:
    words = ("get", "claims", "-n", "team-a", "-o", "custom-columns=WHO:.metadata.name,HOW:.diagnosis.outlook,X:.nope")
    found = [line.split() for line in lines(*words)]
    assert found[0] == ["WHO", "HOW", "X"]
    assert ["recovers", "stalled", "<none>"] in found
    assert len(found) == 22
    assert lines(*words, "--no-headers")[0].split() == found[1]


@pytest.mark.parametrize("path", ["attempts", ".diagnosis.attempts", "{.diagnosis.attempts}"])
def test_numbers_are_sorted_as_numbers(path: str) -> None:
    attempts = [item["diagnosis"]["attempts"] for item in items("buckets", "--sort-by", path)]
    known = [number for number in attempts if number is not None]
    assert known == sorted(known)
    assert attempts == [None] * (len(attempts) - len(known)) + known


def test_tables_are_sorted_too() -> None:
    by_time = [item["metadata"]["name"] for item in items("buckets", "--sort-by=age")]
    assert [line.split()[0] for line in lines("get", "buckets", "--sort-by=.metadata.creationTimestamp")[1:]] == by_time
    assert by_time != sorted(by_time)
    drivers = lines("get", "drivers", "--sort-by=.diagnosis.buckets", "--no-headers")
    assert [line.split()[0] for line in drivers] == ["nobody.example.com", "cosi.example.com"]


@pytest.mark.parametrize("output", ["jsonpath={.items[", "jsonpath={.a", "custom-columns=NAME", "custom-columns="])
def test_a_broken_template_is_a_usage_error(output: str) -> None:
    done = cosictl("get", "claims", "-f", V1, "-o", output)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


class SlowLastPage(ThreadingHTTPServer):
    """An API server whose second page of claims waits until it is asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SlowAnswers)
        self.may_go_on = threading.Event()


class SlowAnswers(BaseHTTPRequestHandler):
    server: SlowLastPage

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/apis/objectstorage.k8s.io":
            return self._send({"versions": [{"version": "v1alpha1"}]})
        if not path.endswith("/bucketclaims"):
            return self._send({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []})
        if "continue=" in query:
            self.server.may_go_on.wait(TIMEOUT_SECONDS)
            return self._send(page(range(10, 20), ""))
        return self._send(page(range(10), "more"))

    def _send(self, tree: dict[str, Any]) -> None:
        data = json.dumps(tree).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


def page(numbers: Iterable[int], token: str) -> dict[str, Any]:
    api = "objectstorage.k8s.io/v1alpha1"
    items = [
        {
            "apiVersion": api,
            "kind": "BucketClaim",
            "metadata": {"name": f"c{number:02}", "namespace": "team-a", "uid": f"u{number}"},
            "status": {"bucketReady": True, "bucketName": f"b{number}"},
        }
        for number in numbers
    ]
    return {"kind": "BucketClaimList", "apiVersion": api, "metadata": {"continue": token}, "items": items}


@pytest.mark.parametrize(
    ("lines", "shown", "more"),
    [
        (40, 20, ""),
        (22, 20, ""),
        (21, 15, "… 5 more: cosictl get claims -A"),
        (8, 5, "… 15 more:"),
        (3, 5, "… 15 more:"),
    ],
)
def test_the_first_claims_are_printed_before_the_last_have_arrived(lines: int, shown: int, more: str) -> None:
    with SlowLastPage() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        words = ("get", "claims", "-A", "--color", "never", "--server", f"http://127.0.0.1:{server.server_port}")
        with terminal(*words, columns=120, lines=lines, env={"KUBECONFIG": "/nowhere"}) as (process, read):
            seen = ""
            while "c00" not in seen and (text := read()):
                seen += text
            assert "c19" not in seen
            server.may_go_on.set()
            while text := read():
                seen += text
            assert process.wait(TIMEOUT_SECONDS) == 0
        server.shutdown()
    rows = [line.split()[1] for line in seen.splitlines() if line.startswith("team-a")]
    assert rows == [f"c{number:02}" for number in range(shown)]
    assert more in seen
    assert ("more:" in seen) is bool(more)


def test_few_rows_make_one_table(tmp_path: Path) -> None:
    # The verdict on the first claim is there at once, that on the others with the end of the list.
    pair = [claim_of("a", ready=True), claim_of("much-longer-than-a", ready=False)]
    with ApiServer(pair, at=NOON) as server:
        _, seen = in_terminal(
            "get", "claims", "-A", "--color", "never", columns=200, env={"KUBECONFIG": str(server.kubeconfig(tmp_path))}
        )
    table = seen.splitlines()[:3]
    assert [line.split()[1] for line in table] == ["NAME", "a", "much-longer-than-a"]
    assert len({line.index(line.split()[2]) for line in table}) == 1, seen


def claim_of(name: str, *, ready: bool) -> dict[str, Any]:
    status = {"status": {"bucketReady": True, "bucketName": f"bucket-{name}"}} if ready else {}
    return {
        "apiVersion": "objectstorage.k8s.io/v1alpha1",
        "kind": "BucketClaim",
        "metadata": {"name": name, "namespace": "team-a", "uid": name, "creationTimestamp": "2026-11-23T12:00:00Z"},
        "spec": {"bucketClassName": "standard", "protocols": ["S3"]},
        **status,
    }


def test_ages_on_a_terminal_are_told_by_the_servers_clock(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1")) as server:
        env = {"KUBECONFIG": str(server.kubeconfig(tmp_path))}
        words = ("get", "claims", "-A", "--color", "never")
        with terminal(*words, columns=200, env=env) as (process, read):
            seen = ""
            while text := read():
                seen += text
            assert process.wait(TIMEOUT_SECONDS) == 0
        piped = cosictl(*words, env=env).stdout
    told = [line.split() for line in seen.splitlines() if line.startswith("team-a")]
    assert told
    assert sorted(told) == sorted(line.split() for line in piped.splitlines() if line.startswith("team-a"))


@pytest.mark.parametrize("case", sorted(path.name for path in GOLDEN.iterdir() if (path / "input").is_dir()))
def test_an_early_verdict_is_the_verdict(case: str) -> None:
    snapshot = read_dump([str(GOLDEN / case / "input")])
    verdicts = {item.ref: item for item in diagnose(snapshot).objects}
    early = EarlyClaims(replace(snapshot, claims=()))
    told = early.told(snapshot.claims)
    assert [verdicts[item.ref] for item in told] == told
    assert early.told(snapshot.claims) == []
