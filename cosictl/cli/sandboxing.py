"""How ``sandbox`` runs: until interrupted, or as long as one command; and what it says on the way."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import asyncio
import importlib.util
import os
import shlex
import signal
import socket as sockets
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cosictl.cli.said import program, say
from cosictl.errors import ClusterError, ConfigError, Exit, UsageError

if TYPE_CHECKING:
    from cosictl.sandbox.api.faults import Fault
    from cosictl.sandbox.diff import Difference
    from cosictl.sandbox.plan import Plan
    from cosictl.sandbox.run import Sandbox

EXEC: Final = "exec"
# What a shell answers for a command that is not there, and adds to the number of a signal that ended one.
NO_SUCH_COMMAND: Final = 127
BY_SIGNAL: Final = 128
LONGEST_VALUE: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for; empty means not given."""

    scenario: str
    dumps: tuple[str, ...]
    policy: str
    speed: float
    faults: tuple[str, ...]
    port: int
    socket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What was asked for with ``sidecar``: the policy to be, the driver's socket, the cluster; empty: not given."""

    policy: str
    endpoint: str
    kubeconfig: str
    speed: float


def list_stories() -> None:
    """Print the scenarios, one a line."""
    from cosictl.sandbox.plan import scenario_lines

    rows = scenario_lines()
    width = max(len(name) for name, _ in rows)
    sys.stdout.write("".join(f"{name:<{width}}   {about}\n" for name, about in rows))


def run_sandbox(wanted: Wanted, played: Played, words: Sequence[str]) -> int:
    """Start a sandbox and return the exit code: of the command, or of an interrupt. Raises CosictlError."""
    command = _command(words)
    if played.policy or played.endpoint:
        raise UsageError(
            "--policy and --driver-addr belong to the word sidecar",
            next_step=f"{program()} sandbox sidecar --policy POLICY, or --sidecar POLICY for the sandbox's own",
        )
    require_aiohttp()
    plan, taken_at = _plan(wanted)
    with tempfile.TemporaryDirectory(prefix="cosictl-sandbox-") as folder:
        try:
            return asyncio.run(_run(plan, wanted, Path(folder), command, taken_at))
        except OSError as error:
            raise ClusterError(
                f"the sandbox cannot start: {error.strerror or error}",
                meaning="a port or a socket is in use, or cannot be made",
                next_step="leave out --port and --socket, or give others",
            ) from error


def require_aiohttp() -> None:
    """Raise UsageError where the sandbox's optional library is missing."""
    if importlib.util.find_spec("aiohttp") is None:
        raise UsageError(
            "the sandbox needs the optional library aiohttp",
            next_step="install it with: pip install 'cosictl[sandbox]'",
        )


def run_sidecar(wanted: Wanted, played: Played, rest: Sequence[str]) -> int:
    """Be a sidecar until interrupted, or until it ends by itself; return its exit code. Raises CosictlError."""
    from cosictl.knowledge.policies import POLICIES

    if rest:
        raise UsageError(f'unknown word "{rest[0]}"', next_step=f"see {program()} sandbox --help")
    if wanted.scenario or wanted.dumps or wanted.policy or wanted.faults or wanted.port or wanted.socket:
        raise UsageError(
            "a sidecar has --policy, --driver-addr, --kubeconfig and --speed only",
            next_step="leave out what describes a sandbox",
        )
    if not played.policy:
        raise UsageError("a sidecar needs --policy", next_step=f"try {', '.join(POLICIES)}")
    _known(played.policy, POLICIES, "sidecar policy")
    _forwards(played.speed)
    require_aiohttp()
    return asyncio.run(_be_sidecar(played))


async def _be_sidecar(played: Played) -> int:
    from cosictl.driver.endpoint import DEFAULT, parse_endpoint
    from cosictl.knowledge.policies import POLICIES
    from cosictl.sandbox.remote_config import kubeconfig_paths, server_of
    from cosictl.sandbox.remote_sidecar import ExitError, play

    endpoint = parse_endpoint(played.endpoint or os.environ.get("COSI_ENDPOINT") or DEFAULT)
    try:
        server = server_of(kubeconfig_paths(played.kubeconfig))
    except ValueError as error:
        raise ConfigError(str(error), next_step="check --kubeconfig and KUBECONFIG") from None
    with _stopping() as stop:
        try:
            await play(
                POLICIES[played.policy],
                endpoint=endpoint.target,
                server=server,
                namespace=os.environ.get("POD_NAMESPACE") or "default",
                pod=os.environ.get("POD_NAME") or sockets.gethostname(),
                speed=played.speed,
                stop=stop,
            )
        except ExitError as end:
            # Its own words and its own code, as a crash of the real one leaves them behind.
            sys.stderr.write(end.last_words.rstrip("\n") + "\n")
            return end.code
    return Exit.OK


def _command(words: Sequence[str]) -> tuple[str, ...]:
    if not words:
        return ()
    if words[0] != EXEC:
        raise UsageError(f'unknown word "{words[0]}"', next_step=f"to run a command: {program()} sandbox exec -- CMD")
    if len(words) == 1:
        raise UsageError("exec needs a command", next_step=f"{program()} sandbox exec -- kubectl get buckets")
    return tuple(words[1:])


def _plan(wanted: Wanted) -> tuple["Plan", datetime]:
    from cosictl.knowledge.policies import POLICIES
    from cosictl.sandbox.plan import plan_dump, plan_scenario
    from cosictl.sandbox.scenarios import DEFAULT, SCENARIOS

    if wanted.scenario and wanted.dumps:
        raise UsageError("--scenario and --from exclude each other", next_step="leave out one of them")
    _forwards(wanted.speed)
    _known(wanted.policy, POLICIES, "sidecar policy")
    _known(wanted.scenario, SCENARIOS, "scenario")
    now = datetime.now(UTC)
    if not wanted.dumps:
        return plan_scenario(wanted.scenario or DEFAULT, policy=wanted.policy), now
    from cosictl.cli.streams import standard_input
    from cosictl.intake.files import load_dump
    from cosictl.sandbox.load import dump_objects

    stdin = standard_input() if "-" in wanted.dumps else None
    builder, snapshot = load_dump(wanted.dumps, stdin=stdin, clock=now, keep_raw=True)
    try:
        return plan_dump(snapshot, dump_objects(builder.raw_items()), policy=wanted.policy), snapshot.taken_at
    except ValueError as error:
        raise UsageError(str(error), next_step="leave out --sidecar, or name a policy of that version") from None


def _forwards(speed: float) -> None:
    if not 0 < speed < float("inf"):
        raise UsageError(f"--speed {speed:g}: time only runs forwards", next_step="try --speed 60")


def _known(name: str, rows: Mapping[str, object], what: str) -> None:
    if name and name not in rows:
        raise UsageError(f'unknown {what} "{name}"', next_step=f"try {', '.join(rows)}")


async def _run(plan: "Plan", wanted: Wanted, folder: Path, command: tuple[str, ...], taken_at: datetime) -> int:
    from cosictl.sandbox.clock import Clock
    from cosictl.sandbox.run import Sandbox

    sandbox = Sandbox(
        plan,
        clock=Clock(speed=wanted.speed, start=taken_at if plan.loaded else None),
        folder=folder,
        faults=_faults(wanted.faults),
        port=wanted.port,
        socket=Path(wanted.socket) if wanted.socket else None,
    )
    async with sandbox:
        if command:
            await sandbox.settled()
            code = await _execute(command, sandbox)
        else:
            code = await _until_interrupted(plan, sandbox)
        _tell(sandbox.difference(), sandbox.leftovers())
        return code


def _faults(specs: Sequence[str]) -> tuple["Fault", ...]:
    from cosictl.sandbox.api.faults import parse_fault

    try:
        return tuple(parse_fault(spec) for spec in specs)
    except ValueError as error:
        raise UsageError(
            f"--fault: {error}", next_step="docs/sandbox.md has examples; try 429:list:events:x2"
        ) from None


def _environment(sandbox: "Sandbox") -> dict[str, str]:
    found = {"KUBECONFIG": str(sandbox.kubeconfig)}
    if sandbox.sockets:
        found["COSI_ENDPOINT"] = f"unix://{next(iter(sandbox.sockets.values()))}"
    return found


async def _execute(command: tuple[str, ...], sandbox: "Sandbox") -> int:
    try:
        process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **_environment(sandbox)})
    except OSError as error:
        say(f"{program()}: {command[0]}: {error.strerror}")
        return NO_SUCH_COMMAND
    # The terminal interrupts the command as well; it decides what that means.
    with _ignored(signal.SIGINT):
        code = await process.wait()
    return code if code >= 0 else BY_SIGNAL - code


async def _until_interrupted(plan: "Plan", sandbox: "Sandbox") -> int:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in _environment(sandbox).items()]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    say(f"{plan.title} at {sandbox.url}; type the lines above in another terminal; Ctrl-C stops it")
    with _stopping() as stop:
        failed = asyncio.create_task(sandbox.failed())
        waits = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({failed, waits}, return_when=asyncio.FIRST_COMPLETED)
            if failed.done():
                failed.result()
        finally:
            for task in (failed, waits):
                task.cancel()
            await asyncio.gather(failed, waits, return_exceptions=True)
    return Exit.OK


@contextmanager
def _stopping() -> Iterator[asyncio.Event]:
    """Give an event that Ctrl-C and SIGTERM set while a block runs."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def _ignored(number: signal.Signals) -> Iterator[None]:
    """Ignore a signal while a block runs."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def _tell(differences: Sequence["Difference"], leftovers: Sequence[str]) -> None:
    """Say on stderr what became of the objects since the scenario had settled, or the dump was loaded."""
    for item in differences:
        where = f"{item.namespace}/{item.name}" if item.namespace else item.name
        say(f"{item.what}: {item.kind} {where}")
        for field in item.fields:
            say(f"    {field.path}: {_shown(field.before)} -> {_shown(field.after)}")
    for line in leftovers:
        say(f"left in the backend: {line}")


def _shown(value: str | None) -> str:
    text = "(absent)" if value is None else value
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
