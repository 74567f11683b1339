"""Every fault on every request that cosictl makes: what happened is said, the rest is still diagnosed, nothing hangs.

The requests are those that a first, undisturbed run makes; one that is new is in here by itself.
"""

import itertools
import json
from pathlib import Path
from typing import Final

import pytest

from cosictl.cluster.connect import ConnectOptions, connect
from cosictl.cluster.lists import Reach, Scope
from cosictl.cluster.names import object_names
from cosictl.cluster.reader import read_cluster
from cosictl.diagnosis.report import diagnose
from cosictl.errors import ClusterError
from cosictl.model.snapshot import ReadOutcome, Snapshot
from tests.apiserver import LISTED, ApiServer, Object
from tests.cli_process import cosictl

RECORDED: Final = Path(__file__).parent / "recorded" / "v1alpha1"
OBJECTS: Final[list[Object]] = [
    item for name in ("objects", "events") for item in json.loads((RECORDED / f"{name}.json").read_text())["items"]
]
REQUESTS: Final = ("get:discovery", *(f"list:{plural}" for plural in LISTED))
STATUSES: Final = ("400", "403", "404", "409", "410", "429", "500", "502", "503", "504")
# What a command survives when it happens to a request or two: it asks again.
PASSING: Final = ("429", "500", "502", "503", "504", "reset", "truncate")
LASTING: Final = (*STATUSES, "reset", "truncate", "malformed")
# A continue token is only asked for where a list has more pages than one.
PAGED: Final = ("list:buckets", "list:bucketclaims", "list:events")
OUTCOMES: Final = {"403": ReadOutcome.FORBIDDEN, "404": ReadOutcome.ABSENT}


def read(folder: Path, *faults: str, timeout: float | None = None) -> Snapshot:
    with ApiServer(OBJECTS, faults=faults) as server:
        conn = connect(ConnectOptions(kubeconfig=str(server.kubeconfig(folder)), request_timeout=timeout))
        scope = Scope(reach=Reach.ALL, namespace="team-a")
        _, snapshot = read_cluster(conn, scope=scope, chunk_size=7, sleep=lambda _: None)
    return snapshot


def failed(snapshot: Snapshot) -> dict[str, ReadOutcome]:
    return {status.resource: status.outcome for status in snapshot.reads if status.outcome is not ReadOutcome.OK}


def test_these_are_all_the_requests(tmp_path: Path) -> None:
    with ApiServer(OBJECTS) as server:
        conn = connect(ConnectOptions(kubeconfig=str(server.kubeconfig(tmp_path))))
        read_cluster(conn, scope=Scope(reach=Reach.ALL, namespace="team-a"))
        object_names(conn, "bucketclaims", "team-a")
        asked = {path.partition("?")[0].rpartition("/")[2] for path in server.requests}
    assert asked == {"objectstorage.k8s.io", *LISTED}


@pytest.mark.parametrize(("fault", "request_"), list(itertools.product(PASSING, REQUESTS)), ids=str)
def test_what_passes_is_waited_out(fault: str, request_: str, tmp_path: Path) -> None:
    snapshot = read(tmp_path, f"{fault}:{request_}:x2:wait=0")
    assert failed(snapshot) == {}
    assert len(snapshot.buckets) == 20


@pytest.mark.parametrize(("fault", "plural"), list(itertools.product(LASTING, LISTED)), ids=str)
def test_what_lasts_spoils_one_list_and_is_said(fault: str, plural: str, tmp_path: Path) -> None:
    snapshot = read(tmp_path, f"{fault}:list:{plural}")
    assert failed(snapshot) == {plural: OUTCOMES.get(fault, ReadOutcome.FAILED)}
    status = next(status for status in snapshot.reads if status.resource == plural)
    assert status.reason
    report = diagnose(snapshot)
    assert plural in {unread.resource for unread in report.unread} or fault == "404"


@pytest.mark.parametrize("fault", [fault for fault in LASTING if fault not in {"404", "reset", "truncate"}])
def test_without_discovery_both_versions_are_tried(fault: str, tmp_path: Path) -> None:
    assert len(read(tmp_path, f"{fault}:get:discovery").buckets) == 20


@pytest.mark.parametrize("fault", ["404", "reset", "truncate"])
def test_a_server_that_answers_nothing_is_one_error(fault: str, tmp_path: Path) -> None:
    with ApiServer(OBJECTS, faults=[f"{fault}:get:discovery"]) as server:
        done = cosictl("diagnose", "--kubeconfig", str(server.kubeconfig(tmp_path)))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 5, done.stderr


@pytest.mark.parametrize("request_", REQUESTS)
def test_an_expired_token_ends_everything(request_: str, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="does not accept these credentials"):
        read(tmp_path, f"expired-token:{request_}")


@pytest.mark.parametrize("request_", PAGED)
def test_a_continue_token_that_expires_starts_the_list_again(request_: str, tmp_path: Path) -> None:
    undisturbed, disturbed = read(tmp_path), read(tmp_path, f"expired-continue:{request_}")
    assert failed(disturbed) == {}
    assert (disturbed.buckets, disturbed.claims) == (undisturbed.buckets, undisturbed.claims)
    assert disturbed.events == undisturbed.events


@pytest.mark.parametrize("request_", PAGED)
def test_one_that_expires_again_and_again_is_said(request_: str, tmp_path: Path) -> None:
    snapshot = read(tmp_path, f"expired-continue:{request_}:x99")
    assert failed(snapshot) == {request_.removeprefix("list:"): ReadOutcome.FAILED}


def test_servers_that_know_no_field_selectors_give_all_events(tmp_path: Path) -> None:
    assert read(tmp_path, "refused-selector:list:events").events == read(tmp_path).events


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_slow_answer_is_an_answer(request_: str, tmp_path: Path) -> None:
    assert failed(read(tmp_path, f"slow:{request_}:x1:wait=0.05")) == {}


def test_a_list_that_takes_longer_than_the_time_out_is_not_waited_for(tmp_path: Path) -> None:
    with ApiServer(OBJECTS, faults=["slow:list:pods:wait=3600"]) as server:
        config = str(server.kubeconfig(tmp_path))
        done = cosictl("diagnose", "--kubeconfig", config, "--request-timeout", "1s", "-o", "json")
    assert done.returncode == 3, done.stderr
    assert "pods" in {unread["resource"] for unread in json.loads(done.stdout)["unread"]}


@pytest.mark.parametrize("words", [("diagnose",), ("get", "claims"), ("events",), ("snapshot", "-o", "-")], ids=str)
@pytest.mark.parametrize("fault", ["403", "expired-token", "404"])
def test_a_command_that_may_read_nothing_says_why(words: tuple[str, ...], fault: str, tmp_path: Path) -> None:
    with ApiServer(OBJECTS, faults=[fault]) as server:
        done = cosictl(*words, "--kubeconfig", str(server.kubeconfig(tmp_path)))
    assert done.returncode in ({0} if words[0] == "snapshot" and fault == "403" else {1, 5}), done.stderr
    assert "Traceback" not in done.stderr
    said = done.stdout + done.stderr
    reasons = {"403": "orbidden", "expired-token": "credentials", "404": "has no COSI resources"}
    assert reasons[fault] in said
