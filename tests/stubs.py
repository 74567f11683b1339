"""Make the Python stubs of ``proto/``: ``python -m tests.stubs`` (or ``make stubs``).

The virtual path mapping gives each .proto a name inside the package, so that the stubs import each other by absolute
names and both API versions fit into one process.

The committed stubs come from grpcio-tools 1.66.0, the oldest release the project supports: stubs refuse a runtime
older than their generator, and accept a newer one. After a run with another release, raise the lower bounds in
``pyproject.toml`` to what the test of the stubs asks for.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = "cosictl/driver/generated"
FILES: Final = (f"{PACKAGE}/v1alpha1/cosi.proto", f"{PACKAGE}/v1alpha2/cosi.proto")


def generate(target: Path, *options: str) -> None:
    """Run protoc on both files; stubs land under ``target`` by package path.

    ``options`` are further ones for protoc. Raises CalledProcessError, with protoc's words on stderr.
    """
    mapping = f"-I{PACKAGE}={ROOT / 'proto'}"
    outputs = (f"--python_out={target}", f"--grpc_python_out={target}")
    command = [sys.executable, "-m", "grpc_tools.protoc", mapping, *outputs, *options, *FILES]
    subprocess.run(command, check=True, cwd=ROOT)


if __name__ == "__main__":
    generate(ROOT)
