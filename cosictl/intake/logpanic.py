"""How a Go process ends: ``panic: …``, then the goroutine it happened in, frame by frame.

In: the lines from the panic on, one at a time. Out: the panic's own words with the first frames, and the kind of
object whose code the frames name. A panic inside a value of a log line does not stand at the beginning of a line.
"""

import re
from typing import Final

from msgspec import Struct, field

from cosictl.intake.redact import redact
from cosictl.model.refs import Kind

BEGIN: Final = "panic: "
_NIL: Final = "invalid memory address or nil pointer dereference"
# A frame: a function, then its arguments or receiver in brackets. Its file stands on a line of its own, behind a tab.
_FUNCTION: Final = re.compile(r"[A-Za-z][\w./~%\[\]-]{2,300}", re.ASCII)
_SIGNAL: Final = "[signal "
_GOROUTINE: Final = "goroutine "
_WHERE: Final = (
    # v0.2.2 sidecar/pkg, then main's sidecar/pkg/reconciler
    ("sidecar/pkg/bucketaccess.(*BucketAccessListener)", Kind.ACCESS),
    ("sidecar/pkg/bucket.(*BucketListener)", Kind.BUCKET),
    ("pkg/reconciler.(*BucketAccessReconciler)", Kind.ACCESS),
    ("pkg/reconciler.(*BucketReconciler)", Kind.BUCKET),
    ("pkg/reconciler.(*BucketClaimReconciler)", Kind.CLAIM),
)
# The arguments of a frame are addresses; what is shown is the function.
_ARGUMENTS: Final = re.compile(r"\((?:0x|\{|\.\.\.|[0-9]).*$")
_MOST_LINES: Final = 60
_SHOWN: Final = 3
_LONGEST: Final = 400


class Panic(Struct):
    """A panic that is being read. ``feed`` says whether the next line still belongs to it."""

    first: str
    frames: list[str] = field(default_factory=list)
    _lines: int = 0
    _in_goroutine: bool = False

    def feed(self, line: str) -> bool:
        """Take one more line; False where the dying goroutine's part of the trace is over."""
        self._lines += 1
        if self._lines > _MOST_LINES:
            return False
        if line.startswith(_GOROUTINE):
            done = self._in_goroutine
            self._in_goroutine = True
            return not done
        if not line.strip():
            return not (self._in_goroutine and self.frames)
        if line.startswith(("\t", _SIGNAL, BEGIN, "created by ")):
            return True
        function = line.partition("(")[0]
        if "." not in function or _FUNCTION.fullmatch(function) is None:
            return False
        self.frames.append(_ARGUMENTS.sub("", line)[:_LONGEST])
        return True

    @property
    def kind(self) -> str:
        """The kind of object whose code the frames name; empty where none does."""
        for frame in self.frames:
            for words, kind in _WHERE:
                if words in frame:
                    return kind
        return ""

    @property
    def is_nil_in_access(self) -> bool:
        """Whether it is a nil pointer in the v1alpha1 sidecar's code for accesses."""
        own = any(_WHERE[0][0] in frame for frame in self.frames)
        return own and self.first.startswith(f"panic: runtime error: {_NIL}")

    @property
    def words(self) -> str:
        """What it says, masked."""
        lines = [redact(self.first)[:_LONGEST], *(redact(frame) for frame in self.frames[:_SHOWN])]
        return "\n".join(lines)
