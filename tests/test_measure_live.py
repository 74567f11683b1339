"""``sidecars measure`` in clusters of somebody's: what it asks, what it cannot tell, and what it leaves behind."""

import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.cli.app import run
from cosictl.errors import CosictlError
from cosictl.flows.measuring.objects import LABEL
from cosictl.knowledge import policies
from cosictl.knowledge.policies import EVENT_GAP, Policy, Records
from cosictl.model import failures, refs
from cosictl.model.copying import replace
from cosictl.model.refs import Api
from cosictl.sandbox.api.faults import parse_fault
from cosictl.sandbox.plan import SYSTEM_NAMESPACES, Plan
from cosictl.sandbox.run import Sandbox
from tests.cli_process import one_line
from tests.live_sandbox import live
from tests.measuring import (
    PATIENCE_SECONDS,
    SPEED,
    Measured,
    cluster,
    finished,
    measure,
    python,
    sidecar,
    started,
    things,
)
from tests.odd_sidecar import odd_policy

SIDE_BY_SIDE: Final = 4
INTERRUPTED: Final = {Api.V1ALPHA1: ("v0.2.2", signal.SIGINT), Api.V1ALPHA2: ("later-main", signal.SIGTERM)}


@pytest.fixture(scope="module", name="sandbox")
def _sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A v1alpha1 cluster with a controller and nothing else in it."""
    with live(tmp_path_factory.mktemp("cluster"), cluster(Api.V1ALPHA1), speed=float(SPEED)) as sandbox:
        yield sandbox


def strange(sandbox: Sandbox, folder: Path) -> Path:
    """The same cluster by a name that is not our sandbox's."""
    path = folder / "strange"
    path.write_text(sandbox.kubeconfig.read_text().replace("cosictl-sandbox", "production"))
    return path


def refused(kubeconfig: Path, *words: str, binary: str = "/bin/false") -> CosictlError:
    """Measure in this process, and return what stands in the way."""
    with pytest.raises(CosictlError) as caught:
        run(["sidecars", "measure", "--kubeconfig", str(kubeconfig), "--binary", binary, *words])
    return caught.value


# --- what it asks ---------------------------------------------------------------------------------------------------


def test_in_a_cluster_of_somebody_it_makes_nothing_unasked(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = things(sandbox)
    error = refused(strange(sandbox, tmp_path))
    assert error.exit_code == 4
    assert "nobody is here to agree" in error.what
    assert "--yes" in error.next_step
    assert "context production" in capsys.readouterr().err
    assert things(sandbox) == before


def test_a_dry_run_says_what_would_be_made(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = things(sandbox)
    config = str(strange(sandbox, tmp_path))
    assert run(["sidecars", "measure", "--binary", "/bin/false", "--dry-run", "--kubeconfig", config]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "a namespace, Buckets, claims, accesses" in one_line(said.err)
    assert LABEL in said.err
    assert things(sandbox) == before


def test_with_two_versions_one_is_chosen(tmp_path: Path) -> None:
    both = Plan(title="both", versions=tuple(Api), objects=(), namespaces=SYSTEM_NAMESPACES, served=(), controllers=())
    with live(tmp_path, both) as sandbox:
        error = refused(sandbox.kubeconfig)
    assert error.exit_code == 2
    assert "serves v1alpha1 and v1alpha2" in error.what
    assert "--api" in error.next_step


def test_a_version_that_is_not_served_is_an_error(sandbox: Sandbox) -> None:
    error = refused(sandbox.kubeconfig, "--api", "v1alpha2")
    assert error.exit_code == 1
    assert "does not serve v1alpha2" in error.what
    assert "v1alpha1" in error.next_step


# --- what does not come up ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("binary", "said"),
    [
        ("/no/such/sidecar", "/no/such/sidecar: No such file or directory"),
        ("sh -c 'echo secretKey=hunter2hunter2 cannot start >&2; exit 3' {socket}", "cannot start"),
    ],
    ids=["missing", "ends at once"],
)
def test_a_sidecar_that_does_not_start_is_an_error_and_leaves_nothing(binary: str, said: str, sandbox: Sandbox) -> None:
    before = things(sandbox)
    error = refused(sandbox.kubeconfig, binary=binary)
    assert error.exit_code == 1
    assert said in str(error)
    assert "hunter2" not in str(error)
    assert things(sandbox) == before


def test_what_the_cluster_refuses_is_said_in_its_words_and_leaves_nothing(sandbox: Sandbox) -> None:
    before = things(sandbox)
    sandbox.sabotage([parse_fault("403:create:bucketaccessclasses")])
    try:
        error = refused(sandbox.kubeconfig)
    finally:
        sandbox.sabotage([])
    assert error.exit_code == 1
    assert "bucketaccessclasses" in error.what
    assert "Forbidden" in error.what
    assert things(sandbox) == before


# --- runs, side by side ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Measurements on their way: two that are interrupted, one beside another sidecar, one of an odd sidecar."""

    interrupted: Mapping[Api, "Future[Measured]"]
    beside: "Future[Measured]"
    odd: "Future[Measured]"


@pytest.fixture(scope="module", name="runs")
def _runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        odd = pool.submit(measure_odd)
        beside = pool.submit(measure_beside, tmp_path_factory.mktemp("beside"))
        interrupted = {api: pool.submit(interrupt, api, tmp_path_factory.mktemp("interrupted")) for api in Api}
        yield Runs(interrupted=interrupted, beside=beside, odd=odd)


def measure_odd() -> Measured:
    """Measure it; once more, and slower, where a busy machine hid its backoff: pauses are parts of a second."""
    for speed in (SPEED, "12"):
        binary = f"{python(Path(__file__).with_name('odd_sidecar.py'))} {speed} --ignored={{socket}}"
        found = measure("--sandbox", "--api", "v1alpha2", "--speed", speed, "--binary", binary)
        if {"backoff.base", "backoff.cap"} <= different(found).keys():
            break
    return found


def different(found: Measured) -> dict[str, tuple[object, object]]:
    """In what it differs from the policy that it is closest to: measured, and known."""
    differences = found.document["closestKnown"]["differences"]
    return {one["field"]: (one["measured"], one["known"]) for one in differences}


def measure_beside(folder: Path) -> Measured:
    """Measure where another driver's sidecar works; the answer to one of our own writes gets lost on the way."""
    with live(folder, "healthy", speed=float(SPEED)) as sandbox:
        before = set(things(sandbox))
        sandbox.sabotage([parse_fault("lost-answer:create:bucketclaims:x1")])
        words = ("--speed", SPEED, "--for", "60s", "--binary", sidecar("v0.2.1"))
        found = measure(*words, kubeconfig=sandbox.kubeconfig)
        return replace(found, left=tuple(set(things(sandbox)) - before))


def interrupt(api: Api, folder: Path) -> Measured:
    """Interrupt a measurement once the sidecar holds some of its objects."""
    with live(folder, cluster(api), speed=float(SPEED)) as sandbox:
        before = set(things(sandbox))
        words = ("--speed", SPEED, "--binary", sidecar(INTERRUPTED[api][0]))
        with started(*words, kubeconfig=sandbox.kubeconfig) as process:
            wait_for_finalizers(sandbox, process)
            children = processes(f"--ppid {process.pid}")
            assert any("sandbox sidecar" in line for line in children)
            process.send_signal(INTERRUPTED[api][1])
            found = finished(process)
        left = [*(set(things(sandbox)) - before), *(set(children) & set(processes("-e")))]
        return replace(found, left=tuple(left))


def processes(which: str) -> list[str]:
    """List processes by number, start and command line."""
    command = ["ps", "-ww", *which.split(), "-o", "pid=,lstart=,args="]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def wait_for_finalizers(sandbox: Sandbox, process: subprocess.Popen[str]) -> None:
    """Wait until the sidecar has served some Buckets: removing them takes more than a deletion."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not any(
        value["kind"] == "Bucket" and value["metadata"].get("finalizers") and "-delete-" in value["metadata"]["name"]
        for value in sandbox.store.snapshot()
    ):
        assert time.monotonic() < ends
        assert process.poll() is None
        time.sleep(0.05)


@pytest.mark.parametrize("api", Api)
def test_interrupted_it_removes_what_it_made(api: Api, runs: Runs) -> None:
    found = runs.interrupted[api].result()
    assert found.code == 130, found.said
    assert found.document == {}
    assert "Traceback" not in found.said
    assert found.left == ()


def test_beside_another_sidecar_deletions_cannot_be_told(runs: Runs) -> None:
    found = runs.beside.result()
    assert found.code == 0, found.said
    document = found.document
    for rpc in ("Delete", "Revoke"):
        assert set(document["effects"][rpc].values()) == {None}
        words = next(words for words in document["notMeasured"] if words.startswith(f"{rpc} (every code)"))
        assert "cosi-example-com-cosi" in words
    assert document["effects"]["Grant"]["AlreadyExists"] == "crashes"
    assert document["closestKnown"]["policies"] == ["v0.2.1"]
    assert found.left == ()


def test_a_sidecar_like_no_known_one_comes_as_a_row_for_the_knowledge(runs: Runs) -> None:
    found = runs.odd.result()
    assert found.code == 0, found.said
    document, odd = found.document, odd_policy()
    assert document["closestKnown"]["policies"] == ["later-main"]
    differences = different(found)
    # On a busy machine the shortest pauses are longer, and the growth between them seems less.
    assert set(differences) - {"backoff.factor"} == {"Create/Internal", "backoff.base", "backoff.cap"}
    assert differences["Create/Internal"] == ("stops", "retries")
    made = policy_of(document["row"])
    assert made.effects == odd.effects
    assert made.backoff.base == pytest.approx(odd.backoff.base, rel=0.3)
    assert made.backoff.cap == pytest.approx(odd.backoff.cap, rel=0.1)
    assert (made.api, made.records, made.edit, made.event_gap) == (odd.api, Records.STATUS, odd.edit, None)


def policy_of(source: str) -> Policy:
    """Run a ready-made row beside the names that it needs."""
    names: dict[str, Any] = {**vars(policies), **vars(failures), **vars(refs), "EVENT_GAP": EVENT_GAP}
    exec(source, names)
    made = names["MEASURED"]
    assert isinstance(made, Policy)
    return made
