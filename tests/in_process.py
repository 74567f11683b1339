"""The command line run in this process, where a process for each of very many commands would take too long."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from cosictl.cli.app import run
from cosictl.cli.said import say_error
from cosictl.errors import CosictlError


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def typed(*words: str) -> Told:
    """Type a command line; whatever is no expected error is raised."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["cosictl", *words])
        try:
            code = run(words)
        except CosictlError as error:
            say_error(error)
            code = error.exit_code
    return Told(code=code, out=_text(out), err=_text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
