"""Whole commands, run side by side in turns so that a busy machine slows all of them: seconds, CPU, memory."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench.texts import KINDS
from tests.cli_process import COMMAND, environment

Figures = dict[str, float]
PYTHON: Final = (sys.executable,)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a command cost: wall and CPU seconds, and the largest memory of the process in bytes."""

    wall: float
    cpu: float
    peak: int


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Cost:
    """Run a command once; it may end with 0, or with 3 and 5, which say what a diagnosis found."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment(env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    if code not in {0, 3, 5}:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale)


def in_turns(commands: Mapping[str, Callable[[], Cost]], runs: int) -> dict[str, Figures]:
    """Run every command once, then again; give the medians. A first round, which fills caches, is not counted."""
    rounds = [{name: once() for name, once in commands.items()} for _ in range(runs + 1)][1:]
    return {
        name: {
            "wall": statistics.median(one[name].wall for one in rounds),
            "cpu": statistics.median(one[name].cpu for one in rounds),
            "peak": statistics.median(one[name].peak for one in rounds),
        }
        for name in commands
    }


def startup(runs: int) -> dict[str, Figures]:
    """How long a command line needs to say little, beside Python importing its command-line library."""
    complete = {"_COSICTL_COMPLETE": "complete_bash", "COMP_WORDS": "cosictl diagnose --na", "COMP_CWORD": "2"}
    return in_turns(
        {
            "import typer": lambda: run([*PYTHON, "-c", "import typer"]),
            "--version": lambda: run([*COMMAND, "--version"]),
            "--help": lambda: run([*COMMAND, "--help"]),
            "completion of a flag": lambda: run([*PYTHON, "-c", "from cosictl.cli.app import run; run([])"], complete),
        },
        runs,
    )


def offline(folder: str, runs: int) -> Figures:
    """What ``diagnose -f`` costs for a dump."""
    return in_turns({"diagnose": lambda: run([*COMMAND, "diagnose", "-f", folder])}, runs)["diagnose"]


def classified(kind: str, count: int, runs: int) -> Figures:
    """How many texts ``classify --input jsonl`` answers in a second of CPU, start and input included."""
    with tempfile.TemporaryDirectory(prefix="cosictl-bench-") as place:
        path = Path(place) / "texts.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for number, text in enumerate(KINDS[kind](count)):
                file.write(json.dumps({"id": str(number), "text": text}) + "\n")
        command = [*COMMAND, "classify", "--input", "jsonl", "-o", "jsonl", "-f", str(path)]
        figures = in_turns({kind: lambda: run(command)}, runs)[kind]
    return {**figures, "count": count, "texts_per_cpu_second": count / figures["cpu"]}


def compared(new: Any, old: Any, path: str = "") -> Iterator[str]:
    """Yield a line for every figure that both results have, with the ratio of the new one to the old one."""
    if isinstance(new, dict) and isinstance(old, dict):
        for key in new:
            yield from compared(new[key], old.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(new, list) and isinstance(old, list):
        for place, (one, other) in enumerate(zip(new, old, strict=False)):
            yield from compared(one, other, f"{path}[{place}]")
    elif isinstance(new, int | float) and isinstance(old, int | float) and new != old and old:
        yield f"  {path}: {new:.4g}, was {old:.4g}: {new / old:.2f} times"
