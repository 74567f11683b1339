"""How ``sidecars measure`` works: cluster and stage set up, the row measured, everything removed, the row printed."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import secrets
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from cosictl.cli.consent import agree
from cosictl.cli.options import Shared, parse_duration
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import program, say
from cosictl.errors import CheckError, CosiMissingError, UsageError
from cosictl.knowledge.policies import POLICIES
from cosictl.knowledge.risks import CallRisk, Risk
from cosictl.model.refs import Api

if TYPE_CHECKING:
    from cosictl.cli.sidecars.measuring_stage import Background
    from cosictl.cluster.connect import Connection
    from cosictl.diagnosis.measured import Measurement
    from cosictl.flows.measuring.measure import Wanted as Run
    from cosictl.flows.measuring.ports import Ports

_RISK: Final = CallRisk(
    risk=Risk.MINTS,
    does="It makes a namespace, Buckets, claims, accesses and an access class of its own, and removes them again.",
    source="cosictl.flows.measuring.objects",
)
# The contexts of our own sandbox, which nobody has to be asked about.
_SANDBOX: Final = "context cosictl-sandbox (https://127.0.0.1:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for; empty means not given."""

    binary: str
    serve: bool
    files: tuple[str, ...]
    sandbox: bool
    api: str
    speed: float
    watch_for: str
    socket: str
    yes: bool
    dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A measured row, how many things are left in the cluster, and their label."""

    row: "Measurement"
    left: int = 0
    label: str = ""


def run_measure(shared: Shared, wanted: Wanted) -> None:
    """Measure and print; raises CosictlError."""
    printed = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    _check(wanted)
    found = _recorded(wanted) if wanted.files else _live(shared, wanted)
    if found is None:
        return
    from cosictl.diagnosis.measured import closest
    from cosictl.render.measure_text import measurement_document, print_measurement

    nearest = closest(found.row, POLICIES.values())
    if printed is Format.TEXT:
        print_measurement(found.row, nearest, output(shared))
    else:
        print_document(measurement_document(found.row, nearest), printed)
    if found.left:
        raise CheckError(f"{found.left} things are left in the cluster", next_step=f"they have the label {found.label}")


def _recorded(wanted: Wanted) -> "_Found":
    from cosictl.cli.sidecars.measuring_calls import read_calls
    from cosictl.flows.measuring.calls import measure_calls

    return _Found(row=measure_calls(read_calls(wanted.files), api=_version(wanted), speed=wanted.speed))


def _check(wanted: Wanted) -> None:
    if sum([bool(wanted.binary), wanted.serve, bool(wanted.files)]) != 1:
        raise UsageError(
            "measure needs one of --binary, --serve and -f",
            next_step="--binary starts a sidecar, --serve waits for one, -f reads recorded calls",
        )
    if not 0 < wanted.speed < float("inf"):
        raise UsageError(f"--speed {wanted.speed:g}: time only runs forwards", next_step="leave it out, or try 60")
    if wanted.files and (wanted.sandbox or wanted.socket):
        raise UsageError("-f reads a file and needs no cluster", next_step="leave out --sandbox and --socket")
    if wanted.binary and wanted.socket:
        raise UsageError("--socket belongs to --serve", next_step="leave it out: {socket} in --binary is replaced")
    _version(wanted)
    _seconds(wanted)


def _version(wanted: Wanted) -> Api | None:
    if not wanted.api:
        return None
    try:
        return Api(wanted.api)
    except ValueError:
        raise UsageError(f"--api {wanted.api}: no such version", next_step=f"try {' or '.join(Api)}") from None


def _seconds(wanted: Wanted) -> float:
    seconds = parse_duration(wanted.watch_for, "--for")
    if seconds <= 0:
        raise UsageError(f"--for {wanted.watch_for}: nothing is seen in no time", next_step="write it like 150s or 1h")
    return seconds


# --- a sidecar that runs --------------------------------------------------------------------------------------------


def _live(shared: Shared, wanted: Wanted) -> "_Found | None":
    """Measure a sidecar that runs; None for a dry run."""
    from cosictl.cli.sidecars.measuring_stage import Background, words_of

    if wanted.binary:
        words_of(wanted.binary)
    with (
        tempfile.TemporaryDirectory(prefix="cosictl-measure-") as folder,
        Background() as background,
        _cluster(shared, wanted, background, Path(folder)) as conn,
    ):
        run = _run(conn, wanted)
        if not _agreed(conn, wanted, run):
            return None
        return _measured(conn, wanted, run, background, Path(folder))


def _run(conn: "Connection", wanted: Wanted) -> "Run":
    """Choose the version and a name for the run; raises UsageError, CosiMissingError and ClusterError."""
    from cosictl.cluster.reader import served
    from cosictl.flows.measuring.measure import Wanted as Run

    versions = served(conn)
    asked = _version(wanted)
    if asked is not None and asked.value not in versions:
        raise CosiMissingError(f"{conn.source} does not serve {asked.value}", next_step=f"it has {', '.join(versions)}")
    if asked is None and len(versions) > 1:
        raise UsageError(f"{conn.source} serves {' and '.join(versions)}", next_step="choose one with --api")
    run = f"m{secrets.token_hex(3)}"
    return Run(
        api=asked or Api(versions[0]),
        run=run,
        namespace=f"cosictl-measure-{run}",
        speed=wanted.speed,
        watch_for=_seconds(wanted),
    )


def _agreed(conn: "Connection", wanted: Wanted, run: "Run") -> bool:
    """Ask before anything is made in a cluster that is not our sandbox; False where only that was asked for."""
    say(f"{program()}: {_RISK.does} All of it has the label cosictl.dev/measure={run.run}, in {conn.source}.")
    if wanted.dry_run:
        return False
    agree(_RISK, yes=wanted.yes or wanted.sandbox or conn.source.startswith(_SANDBOX), digest="", confirm=None)
    return True


def _measured(conn: "Connection", wanted: Wanted, run: "Run", background: "Background", folder: Path) -> "_Found":
    from cosictl.cluster.writer import clock_skew
    from cosictl.flows.measuring.clean import clean_up
    from cosictl.flows.measuring.measure import measure

    ports = _ports(conn, wanted, run, background, folder)
    left: tuple[str, ...] = ()
    with _interrupts() as calm:
        try:
            row = measure(ports, run, now=datetime.now(UTC) + clock_skew(conn))
        finally:
            with calm():
                left = clean_up(ports.kube, time.sleep, api=run.api, run=run.run, namespace=run.namespace)
                for words in left:
                    say(f"{program()}: left in the cluster: {words}")
    return _Found(row=row, left=len(left), label=f"cosictl.dev/measure={run.run}")


def _ports(conn: "Connection", wanted: Wanted, run: "Run", background: "Background", folder: Path) -> "Ports":
    from cosictl.cli.sidecars.measuring_cluster import ClusterPort, kubeconfig_of
    from cosictl.cli.sidecars.measuring_stage import Command, LocalStage, words_of
    from cosictl.flows.measuring.ports import Ports

    kubeconfig = folder / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(kubeconfig_of(conn), encoding="utf-8")
    command = Command.of(words_of(wanted.binary), run.api, kubeconfig) if wanted.binary else None
    numbers = count(1)

    def open_stage(name: str) -> LocalStage:
        number = next(numbers)
        socket = Path(wanted.socket) if wanted.socket else folder / f"{number}.sock"
        log = folder / f"{number}.log"
        stage = LocalStage(background, name, api=run.api, socket=socket, log=log, command=command)
        if command is None:
            say(f"export COSI_ENDPOINT=unix://{socket} KUBECONFIG={kubeconfig}")
            say(f"{program()}: waiting for a {run.api.value} sidecar to call this socket; Ctrl-C ends it")
        return stage

    return Ports(
        kube=ClusterPort(conn),
        open_stage=open_stage,
        clock=time.monotonic,
        sleep=time.sleep,
        own=command is not None,
        say=lambda text: say(f"{program()}: {text}"),
    )


@contextmanager
def _cluster(shared: Shared, wanted: Wanted, background: "Background", folder: Path) -> "Iterator[Connection]":
    """Give the cluster that the options name, or a sandbox's API server with nothing in it."""
    from cosictl.cli.live import connect_options
    from cosictl.cluster.connect import ConnectOptions, connect

    if not wanted.sandbox:
        yield connect(connect_options(shared))
        return
    from cosictl.cli.sandboxing import require_aiohttp

    require_aiohttp()
    from cosictl.sandbox.clock import Clock
    from cosictl.sandbox.plan import SYSTEM_NAMESPACES, Plan
    from cosictl.sandbox.run import Sandbox

    plan = Plan(
        title="measure",
        versions=(_version(wanted) or Api.V1ALPHA1,),
        objects=(),
        namespaces=SYSTEM_NAMESPACES,
        served=(),
        controllers=(),
    )
    (folder / "sandbox").mkdir()
    sandbox = Sandbox(plan, clock=Clock(), folder=folder / "sandbox")
    background.do(sandbox.__aenter__())
    try:
        yield connect(ConnectOptions(kubeconfig=str(sandbox.kubeconfig)))
    finally:
        background.do(sandbox.__aexit__(None, None, None))


@contextmanager
def _interrupts() -> "Iterator[_Calm]":
    """Let SIGTERM do what Ctrl-C does; gives what keeps both off while things are being removed."""
    calm = _Calm()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if calm.on:
            say(f"{program()}: still removing what was made; wait a moment")
        else:
            calm.on = True
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield calm
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Calm:
    """Whether interrupts are kept off: once one has come, and while things are being removed."""

    def __init__(self) -> None:
        self.on = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.on = True
        yield
