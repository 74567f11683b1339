"""How ``probe-driver check`` works: the bench set up, the cases run, everything removed, the results printed."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from cosictl.cli.consent import agree
from cosictl.cli.options import Shared, state_folder
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.probe_driver.answers import ASIDE, identity_or_error
from cosictl.cli.probe_driver.dialling import Line, opened
from cosictl.cli.probe_driver.options import Dial
from cosictl.cli.said import program, say
from cosictl.errors import CheckError, CosictlError, UsageError
from cosictl.intake.redact import redact
from cosictl.knowledge.risks import CallRisk, Risk
from cosictl.model.copying import replace
from cosictl.model.refs import Api

if TYPE_CHECKING:
    from cosictl.driver.check.bench import Bench, Settings
    from cosictl.driver.check.case import Result
    from cosictl.render.check_report import Report

FOLDER: Final = "checks"
# A prefix is part of a file's name.
_PREFIX: Final = re.compile(r"[a-z0-9-]{1,40}")
_RISK: Final = CallRisk(
    risk=Risk.MINTS,
    does="It makes buckets and accounts of its own at the backend, and removes them again.",
    source="the cases",
)
_FILL_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for; empty means not given."""

    api: str
    focus: str
    skip: str
    repeat: int
    parameters: tuple[str, ...]
    other_parameters: tuple[str, ...]
    access_parameters: tuple[str, ...]
    authentication: str
    fill: str
    keep: bool
    prefix: str
    no_cluster: bool
    yes: bool

    @property
    def apis(self) -> tuple[Api, ...]:
        """The versions to check; raises UsageError."""
        if not self.api:
            return tuple(Api)
        try:
            return (Api(self.api),)
        except ValueError:
            raise UsageError(f"--api {self.api}: no such version", next_step=f"try {' or '.join(Api)}") from None


def list_all(shared: Shared, wanted: Wanted) -> None:
    """Print the cases, and what each asks for."""
    from cosictl.driver.check.run import CASES, chosen
    from cosictl.render.check_report import case_document, print_cases

    printed = choose_format(shared, Format.TABLE, Format.JSON, Format.YAML)
    picked = {case.id for api in wanted.apis for case in chosen(api, **_patterns(wanted))}
    cases = [case for case in CASES if case.id in picked]
    if printed is Format.TABLE:
        print_cases(cases, output(shared))
    else:
        print_document({"cases": [case_document(case) for case in cases]}, printed)


def run_check(shared: Shared, dial: Dial, wanted: Wanted) -> None:
    """Run a check, or clean up after an earlier one; raises CheckError where something failed or is left."""
    from cosictl.driver.identify import who_is

    printed = choose_format(shared, Format.TABLE, Format.JSON, Format.YAML, Format.JUNIT)
    apis, _ = wanted.apis, _patterns(wanted)
    settings = _settings(wanted)
    with opened(shared, dial) as line, _interrupts() as stopped:
        who = identity_or_error(who_is(line.channel, apis, timeout=line.timeout), line)
        settings = replace(settings, timeout=line.timeout, stopped=stopped)
        if not wanted.no_cluster:
            settings = replace(settings, foreign=_foreign(shared))
        if wanted.prefix:
            _clean_up(line, settings)
            return
        say(f"{program()}: {_RISK.does}")
        agree(_RISK, yes=wanted.yes, digest="", confirm=None)
        reports = [
            _check_one(wanted, line, replace(settings, api=api, protocols=info.protocols[:1]), name=info.name)
            for api, info in who.infos.items()
        ]
    _print(shared, reports, printed)
    failed = sum(report.failed for report in reports)
    left = sum(len(report.left) for report in reports)
    if failed or left:
        words = [f"{failed} case{'' if failed == 1 else 's'} failed"] if failed else []
        words += [f"{left} things are left at the backend"] if left else []
        raise CheckError(" and ".join(words), next_step=_next_step(reports) if left else "")


def _next_step(reports: Sequence["Report"]) -> str:
    prefixes = [report.prefix for report in reports if report.left]
    return f"once the driver is well: {program()} probe-driver check --clean-up-only {prefixes[0]}"


def _settings(wanted: Wanted) -> "Settings":
    """Read the options; raises UsageError."""
    from cosictl.driver.check.bench import Settings

    if wanted.prefix and not _PREFIX.fullmatch(wanted.prefix):
        raise UsageError(f"--clean-up-only {wanted.prefix}: is no prefix", next_step="each check prints its own")
    return Settings(
        api=Api.V1ALPHA1,
        timeout=0.0,
        prefix=wanted.prefix or f"cosictl-{secrets.token_hex(3)}",
        parameters=_pairs(wanted.parameters),
        other_parameters=_pairs(wanted.other_parameters),
        access_parameters=_pairs(wanted.access_parameters),
        authentication=wanted.authentication,
        masked=redact,
        fill=_filler(wanted.fill) if wanted.fill else None,
    )


def _check_one(wanted: Wanted, line: Line, settings: "Settings", *, name: str) -> "Report":
    """Run the cases for one version of the contract, and remove what they made whatever happens."""
    from cosictl.driver.check.bench import Bench
    from cosictl.driver.check.register import Register
    from cosictl.driver.check.run import chosen, run_cases
    from cosictl.render.check_report import Report

    settings = replace(settings, prefix=f"{settings.prefix}-{settings.api.value[-1]}")
    register = Register(_path(settings.prefix))
    bench = Bench(line.channel, settings, register)
    say(f"{program()}: everything it makes has the prefix {settings.prefix}")
    results: tuple[Result, ...] = ()
    left: tuple[str, ...] = ()
    try:
        cases = chosen(settings.api, **_patterns(wanted))
        results = run_cases(bench, cases, repeat=wanted.repeat)
    finally:
        if not wanted.keep:
            left = _cleaned(bench)
    return Report(
        driver=name, api=settings.api.value, prefix=settings.prefix, results=results, left=left, kept=wanted.keep
    )


def _cleaned(bench: "Bench") -> tuple[str, ...]:
    left = bench.clean()
    if not left:
        bench.forget()
    for words in left:
        say(f"{program()}: left at the backend: {words}")
    return left


def _clean_up(line: Line, settings: "Settings") -> None:
    """Remove what an earlier check left; raises DumpError where nothing is on record, CheckError where some stays."""
    from cosictl.driver.check.bench import Bench
    from cosictl.driver.check.register import Register

    register = Register.read(_path(settings.prefix))
    made = register.left()
    if made:
        settings = replace(settings, api=Api(made[0].api))
    left = _cleaned(Bench(line.channel, settings, register))
    say(f"{program()}: removed {len(made) - len(left)} of {len(made)}")
    if left:
        raise CheckError(f"{len(left)} things are left at the backend")


def _path(prefix: str) -> Path:
    """Return where the register of a check is kept."""
    return state_folder() / FOLDER / f"{prefix}.jsonl"


def _patterns(wanted: Wanted) -> dict[str, re.Pattern[str] | None]:
    return {name: _pattern(name, text) for name, text in (("focus", wanted.focus), ("skip", wanted.skip))}


def _pattern(name: str, text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise UsageError(f"--{name} {text}: is no regular expression: {error}") from None


def _pairs(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f'"{text}" is not KEY=VALUE', next_step="write for example --parameter region=eu-1")
        found[key] = value
    return found


def _foreign(shared: Shared) -> frozenset[str]:
    """Return the IDs that the cluster's Buckets use, as far as a cluster can be asked."""
    from cosictl.cli.wiring import open_source

    aside = replace(shared, request_timeout=shared.request_timeout or ASIDE)
    try:
        snapshot = open_source(aside, None, everywhere=True, only=frozenset({"buckets"})).read()
    except CosictlError:
        return frozenset()
    return frozenset({key for item in snapshot.buckets for key in (item.bucket_id, item.existing_id) if key})


def _filler(command: str) -> Callable[[str, Mapping[str, Mapping[str, str]]], None]:
    """Return what runs a command that puts an object into a bucket, with the credentials in its environment."""
    from cosictl.driver.check.bench import SkippedError

    def fill(bucket_id: str, credentials: Mapping[str, Mapping[str, str]]) -> None:
        told = {"COSI_BUCKET_ID": bucket_id}
        for protocol, fields in credentials.items():
            told |= {f"COSI_{protocol.upper()}_{_upper(name)}": value for name, value in fields.items()}
        try:
            done = subprocess.run(  # noqa: S603 - the command that its user gave
                ["/bin/sh", "-c", command],
                env={**os.environ, **told},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_FILL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SkippedError(f"the --fill command took longer than {_FILL_SECONDS} s") from None
        if done.returncode:
            said = redact(done.stderr.decode("utf-8", "replace").strip()[-200:])
            raise SkippedError(f"the --fill command ended with {done.returncode}: {said}")

    return fill


def _upper(name: str) -> str:
    """Spell ``accessKeyID`` and ``access_key_id`` as ``ACCESS_KEY_ID``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Let SIGTERM do what Ctrl-C does: end the check, and clean up first. Gives whether either has come.

    The first is only noted, and ends the check before the next call: an exception in the middle of gRPC's own code can
    leave its locks taken for ever. Who cannot wait for the call sends another.
    """
    came: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print(shared: Shared, reports: Sequence["Report"], printed: Format) -> None:
    from cosictl.render.check_report import check_document, junit, print_check

    if printed is Format.TABLE:
        for report in reports:
            print_check(report, output(shared))
    elif printed is Format.JUNIT:
        sys.stdout.write(junit(reports))
    else:
        print_document(check_document(reports), printed)
