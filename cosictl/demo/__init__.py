"""A recording of a real cluster that ships with the program, to try it on: ``python -m cosictl.demo``.

In: nothing. Out: the path of the recording, and a diagnosis of it on the screen. Never here: made-up data; the files
are ``kubectl get -o json`` output of COSI v0.2.2 with a driver whose answer to every claim is known.
"""

from pathlib import Path
from typing import Final

RECORDING: Final = Path(__file__).parent / "v1alpha1"
