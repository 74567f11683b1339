"""``python -m tests.bench``: measure, print a table, and say that it is no test."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.bench.commands import classified, compared, offline, startup
from tests.bench.probe import overhead
from tests.bench.texts import KINDS

ROOT: Final = Path(__file__).resolve().parents[2]
STEPS: Final = ("intake", "diagnose", "render")
MIB: Final = 1024 * 1024


def run_child(*arguments: str) -> dict[str, Any]:
    """Run one measurement; its words on stderr pass through, its failure is ours."""
    command = [sys.executable, "-m", "tests.bench.child", *arguments]
    done = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout))


def median(runs: Sequence[dict[str, Any]], *path: str) -> float:
    """Give the median of one figure over the runs."""

    def pick(run: dict[str, Any]) -> float:
        value: Any = run
        for key in path:
            value = value[key]
        return float(value)

    return statistics.median(pick(run) for run in runs)


def bench_diagnosis(claims: int, runs: int) -> dict[str, Any]:
    """Measure offline diagnosis of a made-up cluster."""
    with tempfile.TemporaryDirectory(prefix="cosictl-bench-") as folder:
        objects = int(run_child("write", folder, str(claims))["objects"])
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        measured = [run_child("diagnose", folder) for _ in range(runs)]
        command = offline(folder, runs)
    steps = {step: {clock: median(measured, "steps", step, clock) for clock in ("wall", "cpu")} for step in STEPS}
    wall, cpu = (sum(step[clock] for step in steps.values()) for clock in ("wall", "cpu"))
    return {
        "claims": claims,
        "objects": objects,
        "input_bytes": size,
        "findings": measured[0]["findings"],
        "steps": steps,
        "command": command,
        "wall": wall,
        "cpu": cpu,
        "objects_per_second": objects / wall,
        "peak_bytes": median(measured, "memory", "peak"),
        "import_bytes": median(measured, "memory", "imports"),
    }


def bench_logs(mebibytes: int) -> dict[str, Any]:
    """Measure the reading of one large log, once: it takes minutes."""
    run = run_child("logs", str(mebibytes))
    seconds = run["steps"]["read"]["wall"] - run["steps"]["make"]["wall"]
    return {
        "mebibytes": mebibytes,
        "lines": run["lines"],
        "traces": run["traces"],
        "wall": seconds,
        "peak_bytes": run["memory"]["peak"],
        "import_bytes": run["memory"]["imports"],
    }


def bench_sandbox(claims: int, runs: int) -> dict[str, Any]:
    """Measure a sandbox that is a copy of a made-up cluster."""
    with tempfile.TemporaryDirectory(prefix="cosictl-bench-") as folder:
        run_child("write", folder, str(claims))
        measured = [run_child("sandbox", folder) for _ in range(runs)]
    figures = {name: median(measured, name) for name in ("load", "list")}
    sizes = {name: median(measured, "memory", name) for name in ("json", "above")}
    return {"claims": claims, **figures, "memory": sizes}


def machine() -> dict[str, Any]:
    """Give what the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def say(line: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{line}\n")


def print_diagnosis(row: dict[str, Any]) -> None:
    """Print one line per step, then the whole."""
    size = row["input_bytes"] / MIB
    say(
        f"\n{row['claims']:,} claims: {row['objects']:,} objects and events, {size:.0f} MiB, {row['findings']} findings"
    )
    say(f"  {'step':<10}{'wall s':>9}{'CPU s':>9}{'objects/s':>12}")
    for name, step in [*row["steps"].items(), ("total", row)]:
        say(f"  {name:<10}{step['wall']:>9.2f}{step['cpu']:>9.2f}{row['objects'] / step['wall']:>12,.0f}")
    say(f"  peak memory {row['peak_bytes'] / MIB:.0f} MiB, of which {row['import_bytes'] / MIB:.0f} MiB after imports")
    cost, peak = row["command"], row["command"]["peak"] / MIB
    say(f"  the command, diagnose -f: {cost['wall']:.2f} s, {cost['cpu']:.2f} s of CPU, peak {peak:.0f} MiB")


def print_startup(rows: dict[str, dict[str, float]]) -> None:
    """Print how long it takes to say little."""
    base = rows["import typer"]["cpu"]
    say(f"\nstart-up\n  {'':<22}{'wall s':>9}{'CPU s':>9}{'times import typer':>20}")
    for name, cost in rows.items():
        say(f"  {name:<22}{cost['wall']:>9.3f}{cost['cpu']:>9.3f}{cost['cpu'] / base:>20.2f}")


def print_classification(kind: str, row: dict[str, float]) -> None:
    """Print one line per kind of text."""
    say(f"  {kind:<10}{row['wall']:>9.2f}{row['cpu']:>9.2f}{row['texts_per_cpu_second']:>16,.0f}")


def print_logs(row: dict[str, Any]) -> None:
    """Print one line."""
    say(
        f"\na log of {row['mebibytes']:,} MiB, {row['lines']:,} lines: read in {row['wall']:.0f} s, "
        f"{row['mebibytes'] / row['wall']:.1f} MiB/s, into {row['traces']:,} traces\n"
        f"  peak memory {row['peak_bytes'] / MIB:.0f} MiB, of which {row['import_bytes'] / MIB:.0f} MiB after imports"
    )


def print_sandbox(row: dict[str, Any]) -> None:
    """Print one line."""
    say(
        f"\nsandbox, {row['claims']:,} claims: loaded and started in {row['load']:.2f} s, claims listed in chunks of "
        f"500 in {row['list']:.2f} s\n  an object has {row['memory']['json']:,.0f} bytes of JSON, and "
        f"{row['memory']['above']:,.0f} bytes above that in memory"
    )


def print_probe(row: dict[str, float]) -> None:
    """Print one line."""
    say(
        f"\nprobe-driver info {row['info']:.2f} s, a bare gRPC script making the same call {row['bare']:.2f} s: "
        f"{row['ratio']:.1f} times as long"
    )


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measure offline diagnosis, logs, the sandbox and a probe."
    )
    parser.add_argument(
        "--runs", type=int, default=5, metavar="N", help="runs of which the median is shown (default 5)"
    )
    parser.add_argument(
        "--claims", type=int, nargs="+", default=[10_000, 100_000], metavar="N", help="sizes (default 10000 100000)"
    )
    parser.add_argument("--texts", type=int, default=200_000, metavar="N", help="texts to classify (default 200000)")
    parser.add_argument("--log", type=int, default=1024, metavar="MIB", help="size of a log to read (default 1024)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with the figures in FILE")
    return parser.parse_args()


def main() -> None:
    """Measure everything and print it."""
    options = arguments()
    earlier = json.loads(options.against.read_text()) if options.against is not None else None
    facts = machine()
    say(
        f"{facts['cores']} cores, {facts['machine']}, {facts['system']}, Python {facts['python']}; "
        f"median of {options.runs} runs. This is not a timed test: nothing fails when it is slow."
    )
    diagnosed = []
    for claims in options.claims:
        diagnosed.append(bench_diagnosis(claims, options.runs))
        print_diagnosis(diagnosed[-1])
    started = startup(max(options.runs, 5))
    print_startup(started)
    say(f"\nclassify --input jsonl, {options.texts:,} texts")
    say(f"  {'texts':<10}{'wall s':>9}{'CPU s':>9}{'per CPU second':>16}")
    texts = {}
    for kind in KINDS:
        texts[kind] = classified(kind, options.texts, options.runs)
        print_classification(kind, texts[kind])
    logs = bench_logs(options.log)
    print_logs(logs)
    sandbox = bench_sandbox(min(options.claims), options.runs)
    print_sandbox(sandbox)
    probe = overhead(max(options.runs, 5))
    print_probe(probe)
    figures = {
        "machine": facts,
        "runs": options.runs,
        "diagnosis": diagnosed,
        "startup": started,
        "classification": texts,
        "logs": logs,
        "sandbox": sandbox,
        "probe": probe,
    }
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    for line in compared(figures, earlier):
        say(line)


if __name__ == "__main__":
    main()
