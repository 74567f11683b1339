"""``python -m tests.screenshot FILE``: the report on the recorded cluster as a browser shows it, as a PNG."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.browser import PROGRAM, browser
from tests.cli_process import COMMAND, ROOT, environment

# As wide as a desk; as high as shows the summary and the first finding.
WIDTH: Final = 1240
HEIGHT: Final = 1560


def main() -> None:
    """Write it."""
    if PROGRAM is None:
        raise SystemExit("no chromium is installed here; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "report.html"
        words = ("report", "-f", "cosictl/demo/v1alpha1", "-o", "html", "--output-file", str(page))
        subprocess.run([*COMMAND, *words], cwd=ROOT, env=environment(), check=True)
        with browser(folder) as window:
            window.open(page, width=WIDTH, height=HEIGHT)
            Path(sys.argv[1]).write_bytes(window.picture())


if __name__ == "__main__":
    main()
