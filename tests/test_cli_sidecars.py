"""``cosictl sidecars`` as a process: on recorded clusters, on a live one, and where the rights are missing."""

import json
import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from cosictl.knowledge.hazards import NO_DELETION
from tests.cli_process import ROOT, V1, V2, cosictl, in_terminal
from tests.live_sandbox import live

GOLDEN: Final = ROOT / "tests" / "golden"
TWICE: Final = str(GOLDEN / "s09-two-sidecars" / "input")


def test_the_table_has_a_line_for_every_driver() -> None:
    told = cosictl("sidecars", "-f", TWICE)
    assert told.returncode == 0
    heads, line, *rest = told.stdout.splitlines()
    assert heads.split()[:4] == ["DRIVER", "SIDECAR", "PODS", "LEASE"]
    assert line.split()[:2] == ["cosi.example.com", "v0.2.2"]
    text = "\n".join(rest)
    assert "pod old-driver/old-driver-0" in text
    assert "retried for ever, as everything" in text
    assert "COSI509" in text


def test_the_list_is_the_same_and_a_document_too() -> None:
    assert cosictl("sidecars", "list", "-f", TWICE).stdout == cosictl("sidecars", "-f", TWICE).stdout
    found = json.loads(cosictl("sidecars", "-f", TWICE, "-o", "json").stdout)
    assert (found["apiVersion"], found["kind"]) == ("cosictl.dev/v1alpha1", "SidecarList")
    (item,) = found["items"]
    assert (item["driver"], item["policy"], item["wastedCallsPerHour"]) == ("cosi.example.com", "v0.2.2", 120.0)
    assert [part["pod"] for part in item["sidecars"]] == ["driver-0", "old-driver-0"]
    assert [finding["code"] for finding in found["findings"]] == ["COSI509"]
    assert yaml.safe_load(cosictl("sidecars", "-f", TWICE, "-o", "yaml").stdout) == found


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("sidecars", "--driver", "nobody", "-f", TWICE), 1, "no class and no Bucket names driver nobody"),
        (("sidecars", "-f", TWICE, "compare"), 2, "options of compare stand after it"),
        (("sidecars", "compare", "v9", "-f", V1), 2, 'unknown sidecar policy "v9"'),
        (("sidecars", "fix", "--to", "a b", "-f", V1), 2, "is no image"),
        (("sidecars", "-o", "csv", "-f", V1), 2, "no such output format"),
    ],
)
def test_what_cannot_be_done_is_one_line(words: tuple[str, ...], code: int, says: str) -> None:
    told = cosictl(*words)
    assert told.returncode == code, told.stderr
    assert says in told.stderr
    assert told.stdout == ""
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize("dump", [V1, V2])
def test_a_comparison_names_every_policy_with_its_reason(dump: str) -> None:
    told = cosictl("sidecars", "compare", "-f", dump)
    assert told.returncode == 0
    for name in ("image-60", "main-2026-03", "spec-v1alpha2", "cosi-86-as-written", "cosi-86-intent"):
        assert f"\n{name}: " in told.stdout
    assert "every error is requeued" in told.stdout
    document = json.loads(cosictl("sidecars", "compare", "-f", dump, "-o", "json").stdout)
    assert document["kind"] == "SidecarComparison"
    assert all(item["why"] for item in document["policies"])


def test_a_comparison_of_one_names_the_objects() -> None:
    told = cosictl("sidecars", "compare", "cosi-86-intent", "-f", V1, "--all")
    found = json.loads(cosictl("sidecars", "compare", "cosi-86-intent", "-f", V1, "-o", "json").stdout)["policies"][0]
    for group in ("loopsEnd", "parked", "inVain", "stranded"):
        assert found[group]
        for ref in found[group]:
            assert ref["name"] in told.stdout


def test_where_nothing_fails_there_is_nothing_to_compare() -> None:
    told = cosictl("sidecars", "compare", "-f", str(GOLDEN / "h08-stale-events" / "input"))
    assert told.returncode == 0
    assert "cannot be told from here" in " ".join(told.stdout.split())


def test_a_release_that_never_deletes_is_not_praised_for_its_few_calls() -> None:
    told = cosictl("sidecars", "compare", "main-2026-03", "-f", str(GOLDEN / "d01-driver-refuses" / "input"))
    (said,) = [" ".join(part.split()) for part in told.stdout.split("\n\n") if part.startswith("main-2026-03:")]
    assert f"beware {NO_DELETION.text}" in said


@pytest.mark.parametrize(
    ("form", "begins"), [("set-image", "kubectl set image"), ("patch", "apiVersion"), ("kustomize", "images:")]
)
def test_a_fix_is_printed_in_three_forms(form: str, begins: str) -> None:
    told = cosictl("sidecars", "fix", "--form", form, "-f", str(GOLDEN / "s06-mute-sidecar" / "input"))
    assert told.returncode == 0
    assert any(line.strip().startswith(begins) for line in told.stdout.splitlines())
    assert "Nothing was changed: the commands above are yours to type." in told.stdout


def test_a_narrow_terminal_breaks_nothing() -> None:
    code, text = in_terminal("sidecars", "-f", TWICE, columns=60)
    assert code == 0
    for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
        # Only a single long word, which is there to be copied, may be longer.
        assert len(line) <= 60 or len(line.split()) <= 2, line


def test_a_live_cluster_and_what_may_not_be_read(tmp_path: Path) -> None:
    with live(tmp_path, "two-drivers", speed=60, faults=("403:list:pods",)) as sandbox:
        told = cosictl("sidecars", "--kubeconfig", str(sandbox.kubeconfig))
        document = json.loads(cosictl("sidecars", "--kubeconfig", str(sandbox.kubeconfig), "-o", "json").stdout)
    assert told.returncode == 0
    assert "not read: pods (forbidden)" in told.stderr
    assert "a sidecar whose Pod was not seen (its Lease lives)" in told.stdout
    assert [item["served"] for item in document["items"]] == ["alive", "alive"]
