"""How a process ended: the panic, whose code it was in, and what was at work when it happened."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from cosictl.intake.loglines import read_log
from cosictl.model.logs import Crash, LogNames, LogOrigin, Writer
from cosictl.model.refs import Kind

RECORDED: Final = Path(__file__).parent / "recorded" / "v1alpha1" / "sidecar-crash.log"
NOW: Final = datetime(2026, 11, 23, 15, 11, 7, tzinfo=UTC)
NIL: Final = "panic: runtime error: invalid memory address or nil pointer dereference"
FRAME: Final = "sigs.k8s.io/container-object-storage-interface/sidecar/pkg/bucketaccess.(*BucketAccessListener).Add"
TRACE: Final = f"{NIL}\n[signal SIGSEGV: x]\n\ngoroutine 67 [running]:\n{FRAME}(0x1, {{0x2}})\n\tPATH +0xd21\n"


def added(name: str, second: str = "08.251448", kind: str = "Access") -> str:
    if kind == "Bucket":
        return f'I1123 15:11:{second}   1 bucket_controller.go:75] "Add Bucket" name="{name}"\n'
    head = f"I1123 15:11:{second}   1 bucketaccess_controller.go:83]"
    return f'{head} "Add BucketAccess" name="{name}" bucketClaim="healthy"\n'


def deaths(text: str, writer: Writer = Writer.UNKNOWN) -> tuple[Crash, ...]:
    return read_log([text.encode()], LogOrigin(file="x", writer=writer), reference=NOW).crashes()


def test_the_recorded_crash_names_the_access_and_when() -> None:
    (crash,) = deaths(RECORDED.read_text())
    assert crash.names == LogNames(kind=Kind.ACCESS, access="acc-exists", claim="healthy")
    assert [begun.names.access for begun in crash.others] == ["acc-denied"]
    assert (crash.nil_in_access, crash.writer, crash.count) == (True, Writer.SIDECAR, 1)
    assert crash.at == datetime(2026, 11, 23, 15, 11, 8, 251448, UTC)
    assert crash.words.splitlines()[0] == NIL
    assert "0x17e1" not in crash.words


def test_a_kubelets_time_before_the_panic_is_its_time() -> None:
    stamped = "".join(f"2026-11-23T15:11:09.500000000Z {line}\n" for line in (added("a") + TRACE).splitlines())
    (crash,) = deaths(stamped)
    assert crash.at == datetime(2026, 11, 23, 15, 11, 9, 500000, UTC)


def test_the_kind_of_the_goroutine_decides_which_line_counts() -> None:
    (crash,) = deaths(added("acc") + added("b-1", kind="Bucket") + TRACE)
    assert crash.names.access == "acc"
    (other,) = deaths(added("acc") + TRACE.replace("bucketaccess.(*BucketAccessListener)", "bucket.(*BucketListener)"))
    assert (other.names, other.nil_in_access) == (LogNames(kind=Kind.BUCKET), False)


def test_what_failed_with_a_word_was_not_at_work_any_more() -> None:
    failed = (
        'E1123 15:11:08.100000   1 bucketaccess_controller.go:125] "Invalid arguments" err="not ready" '
        'bucketClaim="healthy" bucketAccess="early"\n'
    )
    (crash,) = deaths(added("early", "08.000000") + failed + added("late") + TRACE)
    assert (crash.names.access, crash.others) == ("late", ())


def test_what_was_taken_up_long_before_was_not_at_work_any_more() -> None:
    (crash,) = deaths(added("early", "08.000000").replace("15:11", "15:09") + added("late") + TRACE)
    assert crash.others == ()


def test_the_same_death_over_and_over_is_counted() -> None:
    (crash,) = deaths((added("a") + TRACE) * 3)
    assert crash.count == 3


def test_only_the_goroutine_that_panicked_tells_where() -> None:
    other = f"goroutine 1 [select]:\n{FRAME}(0x1)\n\tPATH\n"
    (crash,) = deaths(f"{added('a')}{NIL}\n\ngoroutine 9 [running]:\nmain.main()\n\tPATH\n\n{other}")
    assert (crash.nil_in_access, crash.names.kind) == (False, Kind.ACCESS)
    assert FRAME not in crash.words


@pytest.mark.parametrize(
    "text",
    [
        added("a") + f"{NIL}\n",
        added("a") + f"{NIL}\nand then some prose\n{FRAME}(0x1)\n",
        added("a") + f" {TRACE}",
        added("a") + f'E1123 15:11:08.3   1 x.go:1] "m" err="{NIL}"\n{FRAME}(0x1)\n',
    ],
    ids=["no frames", "prose", "indented", "quoted"],
)
def test_words_about_a_panic_are_none(text: str) -> None:
    assert deaths(text) == ()


def test_a_panic_of_a_driver_is_not_the_sidecars() -> None:
    (crash,) = deaths(TRACE, Writer.DRIVER)
    assert crash.writer is Writer.DRIVER
