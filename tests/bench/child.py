"""One measurement in a process of its own; prints one JSON object.

``python -m tests.bench.child write FOLDER CLAIMS``, ``… diagnose FOLDER``, ``… sandbox FOLDER``
or ``… logs MEBIBYTES``.
The dump is written by a child too: the kernel passes a parent's peak memory on to its children, so the parent has to
stay small.
"""

import io
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cosictl.diagnosis.report import diagnose
from cosictl.intake.files import read_dump
from cosictl.render.document import diagnosis_document
from cosictl.render.machine import dump_json
from tests.bench import logs, sandbox
from tests.bench.cluster import write_dump

T = TypeVar("T")
Step = dict[str, float]


def peak_bytes() -> int:
    """Give the peak memory of this process so far; macOS counts bytes, Linux KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def timed(steps: dict[str, Step], name: str, work: Callable[[], T]) -> T:
    """Do the work and note its wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    steps[name] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return result


def measure_diagnosis(folder: str) -> dict[str, object]:
    """Measure the steps of an offline diagnosis of a folder."""
    before, steps = peak_bytes(), dict[str, Step]()
    snapshot = timed(steps, "intake", lambda: read_dump([folder]))
    report = timed(steps, "diagnose", lambda: diagnose(snapshot))
    timed(steps, "render", lambda: dump_json(diagnosis_document(report), io.StringIO()))
    return {"steps": steps, "memory": {"imports": before, "peak": peak_bytes()}, "findings": len(report.findings)}


def measure_logs(mebibytes: int) -> dict[str, object]:
    """Measure how a log is read that is made as it is read; making it is counted too, and measured apart."""
    before, steps = peak_bytes(), dict[str, Step]()
    timed(steps, "make", lambda: sum(map(len, logs.log_of(mebibytes * logs.MIB))))
    lines, traces = timed(steps, "read", lambda: logs.measure(mebibytes))
    memory = {"imports": before, "peak": peak_bytes()}
    return {"steps": steps, "memory": memory, "lines": lines, "traces": traces}


def main(arguments: list[str]) -> None:
    """Measure what the arguments ask for."""
    match arguments:
        case ["write", folder, claims]:
            result: dict[str, object] = {"objects": write_dump(Path(folder), int(claims))}
        case ["diagnose", folder]:
            result = measure_diagnosis(folder)
        case ["sandbox", folder]:
            result = sandbox.measure(folder)
        case ["logs", mebibytes]:
            result = measure_logs(int(mebibytes))
        case _:
            raise SystemExit(__doc__)
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
