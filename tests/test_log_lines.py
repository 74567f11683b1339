"""Log lines of every form become records: what they name, what they count, and what they must not be taken for."""

import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosictl.intake.logfold import LogFold
from cosictl.intake.loglines import LONGEST_LINE, bounded_lines, read_log
from cosictl.intake.logtext import klog_moment, settled
from cosictl.model.failures import GrpcCode
from cosictl.model.logs import LogNames, LogOrigin, LogRecord, LogTrace, Severity, Writer
from cosictl.model.refs import Kind, Rpc

RECORDED: Final = Path(__file__).parent / "recorded"
NOW: Final = datetime(2026, 11, 23, 15, 11, 7, tzinfo=UTC)
ADD: Final = 'I1123 15:07:35.636204   26068 bucket_controller.go:75] "Add Bucket" name="b-1"'
NIL: Final = (
    'E1123 15:07:43.427968   26068 bucket_controller.go:140] "Internal Error from driver" '
    'err="driverCreateBucket returned a nil response" bucket="b-1"'
)


def read(text: str | bytes, writer: Writer = Writer.UNKNOWN, **more: datetime) -> LogFold:
    data = text.encode() if isinstance(text, str) else text
    return read_log([data], LogOrigin(file="x.log", writer=writer), reference=NOW, **more)


def only(text: str, writer: Writer = Writer.UNKNOWN) -> LogTrace:
    (trace,) = read(text, writer).traces()
    return trace


def test_the_recorded_sidecar_log_counts_attempts_and_silent_failures() -> None:
    traces = read((RECORDED / "v1alpha1" / "sidecar.log").read_bytes()).traces()
    about = "bucket-3c20017e-f4f9-4b2a-913a-1ca03bf63beb"
    begun, failed = [trace for trace in traces if trace.names.bucket == about]
    assert (begun.attempts, begun.text, begun.rpc) == (5, "", Rpc.CREATE)
    assert (failed.attempts, failed.lines) == (0, 5)
    assert failed.text == "Internal Error from driver: driverCreateBucket returned a nil response"
    assert failed.last == datetime(2026, 11, 23, 15, 7, 44, 937263, UTC)


def test_a_reconcile_that_fails_is_one_attempt_although_two_lines_tell_of_it() -> None:
    traces = read((RECORDED / "v1alpha2" / "sidecar.log").read_bytes()).traces()
    about = [trace for trace in traces if trace.names.bucket == "bc-6b4b5870-c503-486b-95d6-7867f5b54fc8"]
    assert [(trace.attempts, trace.lines, trace.text) for trace in about] == [
        (4, 4, ""),
        (4, 8, "rpc error: code = Canceled desc = driver said Canceled"),
    ]


def test_the_recorded_calls_are_counted_by_their_answers() -> None:
    traces = read((RECORDED / "v1alpha1" / "driver-calls.jsonl").read_bytes()).traces()
    assert sum(trace.attempts for trace in traces) == 281
    recovers = [trace for trace in traces if trace.names.bucket == "bucket-019f5614-6124-4b86-b43c-c272ba30eefb"]
    assert {(trace.code, trace.attempts) for trace in recovers} == {(GrpcCode.UNAVAILABLE, 4), (GrpcCode.OK, 1)}
    accounts = {trace.names.account for trace in traces if trace.rpc is Rpc.GRANT}
    assert "ba-16d9795d-5b96-4c67-a367-860a34afe77e" in accounts


GRANT: Final = "DriverGrantBucketAccess"
CALLS: Final[dict[str, dict[str, object]]] = {
    "sandbox": {"time": "2026-11-23T15:07:35.000000000Z", "method": GRANT, "key": "ba-1"},
    "full-method": {
        "ts": 1795446455.5,
        "grpc.method": "/cosi.v1alpha1.Provisioner/DriverGrantBucketAccess",
        "name": "ba-1",
    },
    "account": {
        "time": "2026-11-23T15:07:35Z",
        "method": "DriverGrantBucketAccess",
        "bucketId": "b",
        "userName": "ba-1",
    },
}


@pytest.mark.parametrize("form", CALLS)
@pytest.mark.parametrize("code", ["AlreadyExists", 6])
def test_a_drivers_note_of_a_call_is_read_in_several_forms(form: str, code: object) -> None:
    key = "grpc.code" if form == "full-method" else "code"
    trace = only(json.dumps(CALLS[form] | {key: code, "msg": "user exists"}))
    assert (trace.writer, trace.rpc, trace.code) == (Writer.DRIVER, Rpc.GRANT, GrpcCode.ALREADY_EXISTS)
    assert trace.names == LogNames(kind=Kind.ACCESS, account="ba-1")
    assert trace.text == "rpc error: code = AlreadyExists desc = user exists"
    assert trace.first is not None
    assert trace.first.replace(second=0, microsecond=0) == datetime(2026, 11, 23, 15, 7, tzinfo=UTC)


PREFIXES: Final = {
    "none": "",
    "kubelet": "2026-11-23T15:07:35.700000000Z ",
    "runtime": "2026-11-23T15:07:35.700000000+00:00 stderr F ",
    "kubectl": "[pod/cosi-0/sidecar] ",
}


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_what_others_put_before_a_line_does_not_matter(prefix: str, end: str) -> None:
    trace = only(PREFIXES[prefix] + ADD + end)
    assert (trace.names, trace.attempts) == (LogNames(kind=Kind.BUCKET, bucket="b-1"), 1)
    assert trace.first == datetime(2026, 11, 23, 15, 7, 35, 636204, UTC)


@pytest.mark.parametrize(
    ("stamp", "reference", "year"),
    [
        ("1123 15:07:02.980962", NOW, 2026),
        ("1231 23:59:59.000000", datetime(2027, 1, 1, 0, 0, 5, tzinfo=UTC), 2026),
        ("0101 00:00:01.000000", datetime(2026, 12, 31, 23, 59, tzinfo=UTC), 2027),
        ("0229 10:00:00.000000", datetime(2027, 3, 1, tzinfo=UTC), 2024),
    ],
    ids=str,
)
def test_the_year_that_klog_leaves_out_is_the_newest_that_fits(stamp: str, reference: datetime, year: int) -> None:
    found = klog_moment(stamp, reference)
    assert found is not None
    assert found.year == year


@pytest.mark.parametrize("stamp", ["0230 10:00:00.000000", "9999 10:00:00.000000"])
def test_a_day_that_never_was_is_no_time(stamp: str) -> None:
    assert klog_moment(stamp, NOW) is None


def test_a_value_of_several_lines_is_one_text() -> None:
    block = (
        'E1123 15:07:43.427968   1 bucket_controller.go:160] "Failed to get bucketClaim" err=<\n'
        "\trpc error: code = Internal desc = first\n\tsecond\n >"
        ' bucketClaim="photos" bucket="b-1"\n'
    )
    traces = read(block + ADD).traces()
    assert traces[0].text == "failed to get bucketClaim: rpc error: code = Internal desc = first\nsecond"
    assert traces[0].names.bucket == "b-1"
    assert traces[1].attempts == 1


def test_a_block_that_never_closes_does_not_swallow_the_log() -> None:
    text = 'E1123 15:07:43.427968   1 x.go:1] "m" err=<\n' + "\tline\n" * 2000 + ADD + "\n"
    assert sum(trace.attempts for trace in read(text).traces()) == 1


def test_the_failure_in_an_event_that_could_not_be_written_is_found_and_dated() -> None:
    traces = read((RECORDED / "v1alpha1" / "sidecar-crash.log").read_bytes()).traces()
    (found,) = [trace for trace in traces if trace.names.uid == "c0502a08-d500-4f1a-8f64-8271ddda34f7"]
    assert found.text == "invalid bucket state: BucketAccess can't be granted to Bucket not in Ready state"
    assert (found.names.namespace, found.names.access, found.lines) == ("team-a", "acc-waiting", 0)
    assert found.last == datetime(2026, 11, 23, 15, 7, 36, 167568, UTC)


def test_numbers_that_change_with_every_request_do_not_make_new_failures() -> None:
    lines = [
        json.dumps({"level": "error", "msg": "create failed", "bucket": "b-1", "err": f"RequestID: tx{n:012x}, denied"})
        for n in range(50)
    ]
    trace = only("\n".join(lines))
    assert (trace.lines, trace.text) == (50, f"create failed: RequestID: tx{49:012x}, denied")


def test_credentials_are_masked_before_anything_is_kept() -> None:
    fields = {"level": "error", "msg": "x", "bucket": "b", "err": "secretKey=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"}
    klog = 'E1123 15:07:43.427968   1 x.go:1] "m" err="token: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc" bucket="b"'
    for text in (json.dumps(fields), klog):
        said = only(text).text
        assert "***" in said
        assert "wJalr" not in said
        assert "eyJ" not in said


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    text = "begin " + "x" * 5000 + " end"
    kept, _ = settled(text)
    assert len(kept) < 1100
    assert kept.startswith("begin ")
    assert kept.endswith(" end")


QUOTED: Final = NIL.replace('"', '\\"')
SPOOFS: Final = {
    "text of a driver": json.dumps(
        {"method": "DriverCreateBucket", "key": "b-1", "code": "InvalidArgument", "message": f"bad tag {NIL}"}
    ),
    "value of klog": f'E1123 15:07:43.427968   1 x.go:1] "m" err="{QUOTED}" bucket="b-1"',
    "lines of a block": f'E1123 15:07:43.427968   1 x.go:1] "m" err=<\n\tbad\n\t{NIL}\n\tpanic: runtime error: x\n >',
}


@pytest.mark.parametrize("spoof", SPOOFS)
def test_text_that_a_user_controls_is_no_line_of_the_sidecar(spoof: str) -> None:
    fold = read(SPOOFS[spoof])
    assert not fold.crashes()
    assert all(trace.writer is Writer.DRIVER for trace in fold.traces())
    assert all(not trace.text.startswith("Internal Error") for trace in fold.traces())


def test_a_driver_that_writes_like_a_sidecar_is_still_a_driver() -> None:
    fold = read(f"{ADD}\n{NIL}", Writer.DRIVER)
    assert {(trace.writer, trace.attempts) for trace in fold.traces()} == {(Writer.DRIVER, 0)}
    assert read(json.dumps({"method": "DriverCreateBucket", "key": "b", "code": "OK"}), Writer.SIDECAR).traces() == ()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[1, 2]",
        '{"method": 1, "code": {}}',
        '{"method": "DriverCreateBucket", "code": "Strange"}',
        '{"t": 1e400, "level": "error"}',
        "2026-11-23T15:12:43Z\tERROR\tx\t{broken",
        "2026-11-23T15:12:43Z\tERROR",
        'E1123 15:07:43.427968   1 x.go:1] "unclosed',
        'E1399 99:99:99.999999   1 x.go:1] "m"',
        "\x00\x00",
        "{" * 5000,
    ],
)
def test_lines_that_are_broken_are_passed_over(line: str) -> None:
    fold = read(f"{line}\n{ADD}\n")
    assert sum(trace.attempts for trace in fold.traces()) == 1
    assert fold.lines == 2


def test_a_line_without_end_is_cut_and_the_next_one_read() -> None:
    pieces = [b"x" * 100_000] * 20 + [b"\n" + ADD.encode() + b"\n"]
    longest = max(len(line) for line in bounded_lines(pieces))
    assert longest == LONGEST_LINE
    assert sum(trace.attempts for trace in read_log(pieces, LogOrigin(), reference=NOW).traces()) == 1


@given(st.lists(st.integers(min_value=1, max_value=4000), max_size=30))
def test_pieces_of_any_size_give_the_same(sizes: list[int]) -> None:
    data = (RECORDED / "v1alpha1" / "sidecar-crash.log").read_bytes()
    pieces, place = [], 0
    for size in sizes:
        pieces.append(data[place : place + size])
        place += size
    pieces.append(data[place:])
    whole, cut = (read_log(given, LogOrigin(), reference=NOW) for given in ([data], pieces))
    assert whole.traces() == cut.traces()
    assert whole.crashes() == cut.crashes()


@given(st.binary(max_size=400))
def test_no_bytes_at_all_make_it_fail(noise: bytes) -> None:
    fold = read(b"panic: x\n" + noise + b"\nE1123 15:07:43.427968   1 x.go:1] " + noise)
    assert fold.lines >= 2


def test_records_before_since_do_not_count() -> None:
    late = ADD.replace("15:07:35", "15:09:35")
    fold = read(f"{ADD}\n{late}\n", since=NOW - timedelta(minutes=2))
    assert [trace.attempts for trace in fold.traces()] == [1]


def test_what_has_no_room_is_counted() -> None:
    fold = LogFold(origin=LogOrigin(), most=3)
    for number in range(5):
        names = LogNames(kind=Kind.BUCKET, bucket=f"b-{'abcde'[number]}")
        fold.take(LogRecord(moment=None, severity=Severity.ERROR, writer=Writer.SIDECAR, text="no", names=names))
    assert (len(fold.traces()), fold.unkept) == (3, 2)


def log_of(size: int) -> Iterator[bytes]:
    """Yield about so many bytes of a busy sidecar's log about a thousand Buckets, each line with another number."""
    made = number = 0
    while made < size:
        lines = []
        for _ in range(200):
            number += 1
            stamp = f"1123 {10 + number // 3600 % 5:02}:{number // 60 % 60:02}:{number % 60:02}.{number % 1000000:06}"
            name = f"bucket-{number % 1000:08x}"
            lines.append(f'I{stamp} 1 bucket_controller.go:75] "Add Bucket" name="{name}"')
            lines.append(f'E{stamp} 1 x.go:1] "failed" err="request {number:016x} was refused" bucket="{name}"')
        piece = ("\n".join(lines) + "\n").encode()
        made += len(piece)
        yield piece


def peak(size: int) -> int:
    tracemalloc.start()
    fold = read_log(log_of(size), LogOrigin(), reference=NOW)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fold.lines > size // 200
    return most


def test_memory_grows_with_different_failures_and_not_with_lines() -> None:
    small, large = peak(400_000), peak(1_600_000)
    # Four times the lines: were one thing kept of each, that would be megabytes more.
    assert large < 1.25 * small + 300_000
