"""How much ``probe-driver info`` costs over a bare script that makes the same call: whole processes, side by side."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.cli_process import COMMAND, environment
from tests.drivers import correct, serving

# What somebody would write by hand; path and bytes instead of generated stubs, so it is the cheapest there is.
BARE: Final = """
import sys, grpc
channel = grpc.insecure_channel("unix:" + sys.argv[1], options=[("grpc.default_authority", "localhost")])
call = channel.unary_unary("/cosi.v1alpha1.Identity/DriverGetInfo")
print(call(b"", timeout=5))
"""


def timed(command: list[str]) -> float:
    """Run a command once; give its seconds."""
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment(), stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def overhead(runs: int) -> dict[str, float]:
    """Give the median seconds of both, run in turns so that a busy machine slows both."""
    with tempfile.TemporaryDirectory(prefix="cosictl-bench-") as folder, serving(Path(folder), correct()) as path:
        bare = [sys.executable, "-c", BARE, str(path)]
        ours = [*COMMAND, "probe-driver", "info", "--no-cluster", "--count", "1", "--endpoint", str(path)]
        pairs = [(timed(bare), timed(ours)) for _ in range(runs)]
    figures = {
        "bare": statistics.median(pair[0] for pair in pairs),
        "info": statistics.median(pair[1] for pair in pairs),
    }
    return figures | {"ratio": figures["info"] / figures["bare"]}
