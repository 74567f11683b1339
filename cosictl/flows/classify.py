"""Classify: one failure text after the other, masked first, nothing kept."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from cosictl.diagnosis.classify import classify_all
from cosictl.errors import CosictlError
from cosictl.intake.messages import BadLineError, Message, message_of
from cosictl.intake.redact import redact_all
from cosictl.model.copying import replace
from cosictl.model.failures import Classification

# klog writes a value of several lines as key=<, the lines with a tab before each, and " >" (klog serialize).
_BLOCK_OPENS: Final = "=<"
_BLOCK_CLOSES: Final = " >"
# A block that never closes must not swallow the rest of a log.
_BLOCK_LINES: Final = 500


class Classified(Struct, frozen=True, gc=False):
    """One failure text, masked, and what it means."""

    message: Message
    classification: Classification


def classify_lines(batches: Iterable[Sequence[bytes]], *, is_json: bool, origin: str) -> Iterator[list[Classified]]:
    """Yield the classifications of what each batch of lines completes, as soon as it is there; blank lines are none.

    ``is_json``: each line is a JSON object. ``origin`` names the input in errors. Raises CosictlError, naming the
    line, where one is no object with a text; what stands before it is yielded first.
    """
    for messages in _from_json(batches, origin) if is_json else _from_text(batches):
        if messages:
            yield _classified(messages)


def _classified(messages: Sequence[Message]) -> list[Classified]:
    texts = redact_all([message.text for message in messages])
    found = classify_all(texts, [message.rpc for message in messages])
    masked = [
        message if text is message.text else replace(message, text=text)
        for message, text in zip(messages, texts, strict=True)
    ]
    return [*map(Classified, masked, found)]


def _from_text(batches: Iterable[Sequence[bytes]]) -> Iterator[list[Message]]:
    block: list[str] = []
    for lines in batches:
        messages = []
        for raw in lines:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if block or line.endswith(_BLOCK_OPENS):
                block.append(line)
                if len(block) < _BLOCK_LINES and not (len(block) > 1 and line.startswith(_BLOCK_CLOSES)):
                    continue
                line, block = "\n".join(block), []
            if line.strip():
                messages.append(Message(text=line))
        yield messages
    if block:
        yield [Message(text="\n".join(block))]


def _from_json(batches: Iterable[Sequence[bytes]], origin: str) -> Iterator[list[Message]]:
    number = 0
    for lines in batches:
        messages: list[Message] = []
        for line in lines:
            number += 1
            if not line or line.isspace():
                continue
            try:
                messages.append(message_of(line))
            except BadLineError as error:
                yield messages
                raise _bad_line(f"{origin}, line {number}: {error}") from None
        yield messages


def _bad_line(what: str) -> CosictlError:
    step = 'write one object a line, like {"id": "1", "text": "…"}, or use --input text'
    return CosictlError(what, next_step=step)
