"""``sidecars measure -f``: recorded calls, and lines that are none."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from cosictl.cli.app import run
from cosictl.errors import CosictlError, DumpError
from cosictl.flows.measuring import calls
from cosictl.knowledge.policies import Effect
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc
from tests.cli_process import V1, V2, cosictl, one_line


def measured(*words: str) -> dict[str, Any]:
    stdout = io.StringIO()
    with redirect_stdout(stdout):
        assert run(["sidecars", "measure", *words, "-o", "json"]) == 0
    found: dict[str, Any] = json.loads(stdout.getvalue())
    return found


def measured_text(text: str, folder: Path, *words: str) -> dict[str, Any]:
    file = folder / "calls"
    file.write_text(text)
    return measured("-f", str(file), *words)


def line(at: object, key: str, code: object, method: str = "DriverCreateBucket") -> str:
    return json.dumps({"t": at, "method": method, "key": key, "code": code}) + "\n"


def loop(key: str, code: str, base: float, count: int, start: float = 0.0) -> str:
    times = [start + base * (2.0**number - 1) for number in range(count)]
    return "".join(line(at, key, code) for at in times)


# --- the recordings -------------------------------------------------------------------------------------------------


def test_the_recording_of_v1alpha1_is_that_of_its_releases() -> None:
    found = measured("-f", f"{V1}/driver-calls.jsonl")
    assert found["apiVersion"] == "cosictl.dev/v1alpha1"
    assert found["kind"] == "SidecarMeasurement"
    create = found["effects"]["Create"]
    assert {code: effect for code, effect in create.items() if effect != "retries"} == {"OK": "succeeds"}
    assert found["effects"]["Delete"]["FailedPrecondition"] == "retries"
    assert found["effects"]["Grant"]["PermissionDenied"] == "retries"
    # Called once, at the very end: that says nothing.
    assert found["effects"]["Grant"]["AlreadyExists"] is None
    assert found["backoff"] == {"base": 0.1, "factor": 2.0, "cap": 30.0}
    assert found["closestKnown"]["policies"] == ["image-60", "v0.2.1", "v0.2.2"]
    assert found["closestKnown"]["differences"] == []
    assert {row["recorded"] for row in found["cells"]} == {None}
    assert (found["records"], found["edit"], found["row"]) == (None, None, None)


def test_the_recording_of_v1alpha2_is_that_of_main() -> None:
    found = measured("-f", f"{V2}/driver-calls.jsonl")
    stops = {"InvalidArgument", "AlreadyExists", "Unimplemented"}
    create = found["effects"]["Create"]
    assert {code for code, effect in create.items() if effect == "stops"} == stops
    assert {code for code, effect in create.items() if effect == "retries"} == {*create} - stops - {"OK"}
    assert found["effects"]["Grant"]["AlreadyExists"] == "stops"
    assert found["backoff"] == {"base": 0.005, "factor": 2.0, "cap": None}
    assert found["closestKnown"]["policies"] == ["main-2026-03", "later-main"]
    assert found["closestKnown"]["references"] == ["spec-v1alpha2"]
    assert any(words.startswith("backoff.cap: ") for words in found["notMeasured"])


def test_people_see_a_table_of_calls_and_codes() -> None:
    done = cosictl("sidecars", "measure", "-f", f"{V1}/driver-calls.jsonl")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["Create", "GetExisting", "Delete", "Grant", "Revoke"]
    assert [row.split()[0] for row in lines[1:18]] == [code.value for code in GrpcCode]
    assert next(row for row in lines if row.startswith("PermissionDenied")).split()[1:] == [
        *("retries", "?", "retries", "retries", "?")
    ]
    assert "closest known  image-60, v0.2.1, v0.2.2" in done.stdout


def test_standard_input_and_several_files_are_one_recording(tmp_path: Path) -> None:
    (tmp_path / "one").write_text(loop("a", "Internal", 0.1, 9))
    words = ("sidecars", "measure", "-f", str(tmp_path / "one"), "-f", "-", "-o", "json")
    done = cosictl(*words, stdin=loop("b", "Aborted", 0.1, 9, start=200))
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["effects"]["Create"]["Internal"] == found["effects"]["Create"]["Aborted"] == "retries"


def test_a_fast_sidecar_is_scaled_back(tmp_path: Path) -> None:
    found = measured_text(loop("a", "Internal", 0.1 / 60, 9), tmp_path, "--speed", "60")
    assert found["backoff"] == {"base": pytest.approx(0.1, rel=0.02), "factor": 2.0, "cap": None}


@pytest.mark.parametrize("spelt", ["InvalidArgument", "INVALID_ARGUMENT", "invalid_argument", 3, "3"])
def test_codes_are_spelt_in_many_ways(spelt: object) -> None:
    text = line(0, "a", spelt, "/cosi.v1alpha1.Provisioner/DriverCreateBucket") + line(100, "b", "CANCELLED")
    assert effect(text, GrpcCode.INVALID_ARGUMENT) is Effect.STOPS


def test_calls_of_other_methods_are_counted_and_passed_over(tmp_path: Path) -> None:
    text = loop("a", "Internal", 0.1, 5) + line(9, "", "OK", "DriverGetInfo") * 2
    assert "2 calls of DriverGetInfo were passed over" in measured_text(text, tmp_path)["notMeasured"]


def test_only_v1alpha2_has_existing_buckets(tmp_path: Path) -> None:
    text = line(0, "a", "NotFound", "DriverGetExistingBucket") + line(60, "a", "OK", "DriverGetExistingBucket")
    assert measured_text(text, tmp_path)["cosiVersion"] == "v1alpha2"


# --- what is no recording -------------------------------------------------------------------------------------------

BAD = {
    "no JSON": "{",
    "no object": "[1]",
    "nested": "[" * 100_000,
    "no time": '{"t": "now", "method": "DriverCreateBucket", "key": "a", "code": "OK"}',
    "a time without end": '{"t": Infinity, "method": "DriverCreateBucket", "key": "a", "code": "OK"}',
    "no number": '{"t": NaN, "method": "DriverCreateBucket", "key": "a", "code": "OK"}',
    "a huge time": '{"t": 1' + "0" * 400 + ', "method": "DriverCreateBucket", "key": "a", "code": "OK"}',
    "a truth for a time": '{"t": true, "method": "DriverCreateBucket", "key": "a", "code": "OK"}',
    "no method": '{"t": 1, "key": "a", "code": "OK"}',
    "a key that is no text": '{"t": 1, "method": "DriverCreateBucket", "key": {}, "code": "OK"}',
    "a long key": '{"t": 1, "method": "DriverCreateBucket", "key": "' + "a" * 3000 + '", "code": "OK"}',
    "no code": '{"t": 1, "method": "DriverCreateBucket", "key": "a"}',
    "another code": '{"t": 1, "method": "DriverCreateBucket", "key": "a", "code": "Moon"}',
    "a code that is a list": '{"t": 1, "method": "DriverCreateBucket", "key": "a", "code": ["OK"]}',
    "no UTF-8": '{"t": 1, "method": "\udcff"}',
    "a line without end": '{"t": 1, "x": "' + "a" * 1_100_000,
}


def bad_file(bad: str, folder: Path) -> Path:
    file = folder / "calls.jsonl"
    file.write_bytes((line(0, "a", "OK") + "\n" + bad + "\n").encode("utf-8", "surrogateescape"))
    return file


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_line_is_an_error_that_names_it(bad: str, tmp_path: Path) -> None:
    with pytest.raises(DumpError, match=r"calls\.jsonl: line 3: ") as caught:
        run(["sidecars", "measure", "-f", str(bad_file(bad, tmp_path))])
    assert caught.value.exit_code == 1


def test_a_bad_line_is_one_line_on_stderr(tmp_path: Path) -> None:
    done = cosictl("sidecars", "measure", "-f", str(bad_file("{", tmp_path)))
    assert done.returncode == 1
    assert "line 3: it is no JSON" in one_line(done.stderr)
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("-f", "/no/such/file"), "/no/such/file: cannot be read", 1),
        (("-f", "/dev/null"), "no calls", 1),
        (("-f", "-", "--api", "v2"), "no such version", 2),
        (("-f", "-", "--speed", "0"), "time only runs forwards", 2),
        (("-f", "-", "--speed", "nan"), "time only runs forwards", 2),
        (("-f", "-", "--sandbox"), "needs no cluster", 2),
        (("-f", "-", "--serve"), "needs one of", 2),
        (("-f", "-", "--for", "soon"), "is no duration", 2),
        (("-f", "-", "--for", "0"), "no time", 2),
        ((), "needs one of", 2),
        (("--binary", "x", "--serve"), "needs one of", 2),
        (("--binary", "x", "--socket", "y"), "--socket belongs to --serve", 2),
        (("--binary", "'x", "--sandbox"), "--binary", 2),
        (("-f", "-", "-o", "junit"), "no such output format", 2),
    ],
)
def test_what_cannot_be_is_an_error(words: tuple[str, ...], said: str, code: int) -> None:
    with pytest.raises(CosictlError, match=re.escape(said)) as caught:
        run(["sidecars", "measure", *words])
    assert caught.value.exit_code == code


# --- from calls to a row --------------------------------------------------------------------------------------------


def lines(text: str) -> Iterator[tuple[str, bytes]]:
    for number, one in enumerate(io.BytesIO(text.encode())):
        yield f"line {number}", one


def effect(text: str, code: GrpcCode) -> Effect | None:
    return calls.measure_calls(lines(text), api=None, speed=1.0).cells[Rpc.CREATE][code].effect


def test_silence_is_the_end_only_once_it_is_long_and_for_every_object() -> None:
    once = line(0, "a", "NotFound")
    assert effect(once + line(10, "b", "OK"), GrpcCode.NOT_FOUND) is None
    assert effect(once + line(100, "b", "OK"), GrpcCode.NOT_FOUND) is Effect.STOPS
    again = line(1, "c", "NotFound") + line(2, "c", "NotFound")
    assert effect(once + again + line(100, "b", "OK"), GrpcCode.NOT_FOUND) is Effect.RETRIES


def test_a_loop_that_another_answer_ends_was_one() -> None:
    assert effect(line(0, "a", "Unavailable") + line(1, "a", "OK") + line(99, "b", "OK"), GrpcCode.UNAVAILABLE) is (
        Effect.RETRIES
    )


def test_one_ok_that_is_asked_for_again_does_not_make_ok_a_failure() -> None:
    text = "".join(line(number, "a", "OK") for number in range(9)) + line(0, "b", "OK") + line(90, "c", "OK")
    assert effect(text, GrpcCode.OK) is Effect.SUCCEEDS
    assert effect("".join(line(number, "a", "OK") for number in range(99)), GrpcCode.OK) is Effect.RETRIES


def test_a_restart_or_an_edit_ends_the_count_of_pauses() -> None:
    restarted = loop("a", "Internal", 0.1, 9) + loop("a", "Internal", 0.1, 9, start=300)
    text = restarted + loop("b", "Internal", 0.1, 10)
    fitted = calls.measure_calls(lines(text), api=None, speed=1.0).backoff
    assert fitted is not None
    assert fitted.base == pytest.approx(0.1, rel=0.05)


def test_a_recording_that_begins_in_the_middle_of_loops_shows_no_base() -> None:
    text = "".join(line(30.0 * number, "a", "Internal") for number in range(9))
    fitted = calls.measure_calls(lines(text), api=None, speed=1.0).backoff
    assert fitted is not None
    assert (fitted.base, fitted.factor, fitted.cap) == (None, None, 30.0)


def test_a_version_that_is_named_leaves_the_other_out(tmp_path: Path) -> None:
    found = measured_text(line(0, "a", "OK") + line(90, "b", "OK"), tmp_path, "--api", "v1alpha2")
    assert set(found["closestKnown"]["policies"]) == {"main-2026-03", "later-main"}
    assert found["cosiVersion"] == Api.V1ALPHA2


def test_objects_beyond_the_most_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST_KEYS", 3)
    text = "".join(line(number, f"key-{number}", "Internal") for number in range(10))
    found = calls.measure_calls(lines(text), api=None, speed=1.0)
    assert any(words.startswith("7 calls about objects beyond the first 3") for words in found.notes)


def test_hostile_text_reaches_no_terminal_raw() -> None:
    text = line(0, "a\x1b[2J", "OK") + line(90, "b", "OK", "Driver\x1b[31mMoon\u202e") + line(91, "b", "OK")
    done = cosictl("sidecars", "measure", "-f", "-", stdin=text)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\\x1b[31mMoon" in done.stdout
