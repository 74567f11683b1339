"""What became of a request that got no whole answer, in one vocabulary for every library that sends one."""

from enum import StrEnum
from typing import Final


class Trouble(StrEnum):
    """Why no whole answer came."""

    UNREACHED = "unreached"
    UNTRUSTED = "untrusted"
    SLOW_CONNECT = "slow-connect"
    SLOW_ANSWER = "slow-answer"
    BROKEN = "broken"


# After these the server has certainly not begun to do what was asked.
NEVER_SENT: Final = frozenset({Trouble.UNREACHED, Trouble.UNTRUSTED, Trouble.SLOW_CONNECT})
SLOW: Final = "no answer came in time"
# A client's own words would show the value, which may be a token.
UNSENDABLE: Final = "an option or the kubeconfig holds characters that no request may have"
CUT: Final = "the connection broke in the middle of the answer"


class NoAnswerError(Exception):
    """No whole answer came. ``words`` say in one line what happened; they may hold what the server sent."""

    def __init__(self, trouble: Trouble, words: str) -> None:
        super().__init__(words)
        self.trouble = trouble
        self.words = words
