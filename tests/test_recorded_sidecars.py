"""Recordings of sidecars (``sidecars measure -o json``, named for a policy) against the rows of these policies."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.diagnosis.backoff_fit import Fitted
from cosictl.diagnosis.measured import Cell, Measurement, differences
from cosictl.knowledge.policies import POLICIES, EditEffect, Effect, Records
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc
from cosictl.render.measure_text import SHORT

RECORDINGS: Final = sorted((Path(__file__).parent / "recorded" / "sidecars").glob("*.json"))


def measurement(path: Path) -> Measurement:
    """Read a recording."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    seen = {(cell["rpc"], cell["code"]): cell["recorded"] for cell in found["cells"]}
    cells = {
        rpc: {
            GrpcCode(code): Cell(effect=Effect(effect) if effect else None, recorded=seen.get((SHORT[rpc], code)))
            for code, effect in found["effects"][SHORT[rpc]].items()
        }
        for rpc in Rpc
    }
    backoff = found["backoff"]
    return Measurement(
        api=Api(found["cosiVersion"]) if found["cosiVersion"] else None,
        cells=cells,
        backoff=Fitted(**backoff, steps=0) if backoff["base"] else None,
        records=Records(found["records"]) if found["records"] else None,
        edit=EditEffect(found["edit"]) if found["edit"] else None,
    )


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_row_says_what_was_recorded(path: Path) -> None:
    recorded = measurement(path)
    assert any(cell.effect for row in recorded.cells.values() for cell in row.values())
    assert differences(recorded, POLICIES[path.stem]) == ()


def test_a_row_that_says_otherwise_is_seen() -> None:
    recorded = measurement(RECORDINGS[0].with_name("v0.2.2.json"))
    assert differences(recorded, POLICIES["cosi-86-intent"])
