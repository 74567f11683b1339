"""``pods/exec`` over a WebSocket: a few programs, run for real, that see the driver's socket where the Pod has it.

Protocols v4 and v5 of channel.k8s.io: every message starts with a byte that names its channel. Only programs that
cannot change anything on this machine are "in the container"; all others are not found, as in an image without them.
"""

import asyncio
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aiohttp import WSMessage, WSMsgType, web

from cosictl.sandbox.api.refusals import bad_request
from cosictl.sandbox.ports import MOUNT, ApiError, Json

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
# In the order of preference: v5 can close stdin, v4 cannot.
PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
PROGRAMS: Final = ("socat", "nc", "test", "true", "false", "echo", "sleep", "which")
_CHUNK: Final = 32 * 1024


async def execute(
    request: web.Request, *, socket: Path | None, seen_at: str = MOUNT, programs: Sequence[str] = PROGRAMS
) -> web.WebSocketResponse:
    """Run the command of a request and carry its streams. ``socket`` is what is at ``seen_at`` in this container.

    Raises ApiError 400 for a request that is no WebSocket or has no command.
    """
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise ApiError(501, "NotImplemented", "the sandbox does not serve pods/exec over SPDY", details={})
    command = request.query.getall("command", [])
    if not command:
        raise bad_request("you must specify at least 1 command for the container")
    answer = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=0)
    await answer.prepare(request)
    process = await _start([_outside(word, seen_at, socket) for word in command], programs)
    if process is None:
        await _end(answer, _not_found(command[0]))
        return answer
    out = [
        asyncio.create_task(_pump(stream, answer, channel))
        for stream, channel in ((process.stdout, STDOUT), (process.stderr, STDERR))
        if stream is not None
    ]
    feeding = asyncio.create_task(_feed(answer, process))
    try:
        ended = asyncio.create_task(_ended(process, out))
        await asyncio.wait({ended, feeding}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            await _end(answer, _result(ended.result()))
    finally:
        if process.returncode is None:
            process.kill()
        for task in (feeding, ended, *out):
            task.cancel()
        await asyncio.gather(feeding, ended, *out, return_exceptions=True)
        await process.wait()
    return answer


def _outside(word: str, seen_at: str, socket: Path | None) -> str:
    """Return a word of a command with the container's path of the socket replaced by the real one."""
    return word.replace(seen_at, str(socket) if socket is not None else "/nonexistent")


async def _start(command: Sequence[str], programs: Sequence[str]) -> asyncio.subprocess.Process | None:
    if command[0] not in programs or shutil.which(command[0]) is None:
        return None
    if command[0] == "which" and not set(command[1:]) <= set(programs):
        command = ("false",)
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)


async def _ended(process: asyncio.subprocess.Process, out: Sequence["asyncio.Task[None]"]) -> int:
    """Wait until all output is carried and the process is gone."""
    await asyncio.gather(*out, return_exceptions=True)
    return await process.wait()


async def _pump(stream: asyncio.StreamReader, answer: web.WebSocketResponse, channel: int) -> None:
    while data := await stream.read(_CHUNK):
        await answer.send_bytes(bytes([channel]) + data)


async def _feed(answer: web.WebSocketResponse, process: asyncio.subprocess.Process) -> None:
    """Carry stdin until the client leaves. A client that closes stdin only (v5) is still listened to."""
    stdin = process.stdin
    assert stdin is not None
    async for message in answer:
        data = _payload(message)
        if data[:1] == bytes([CLOSE]) and data[1:2] == bytes([STDIN]):
            stdin.close()
        elif data[:1] == bytes([STDIN]) and not stdin.is_closing():
            stdin.write(data[1:])
            try:
                await stdin.drain()
            except (BrokenPipeError, ConnectionResetError):
                # The program does not read any more; what it still writes is carried all the same.
                stdin.close()


def _payload(message: WSMessage) -> bytes:
    return bytes(message.data) if message.type is WSMsgType.BINARY else str(message.data).encode()


async def _end(answer: web.WebSocketResponse, status: Json) -> None:
    if not answer.closed:
        await answer.send_bytes(bytes([ERROR]) + json.dumps(status).encode())
        await answer.close()


def _result(code: int) -> Json:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    number = code if code > 0 else 128 - code
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: error executing command, exit code {number}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(number)}]},
    }


def _not_found(program: str) -> Json:
    words = f'exec: "{program}": executable file not found in $PATH'
    where = "Internal error occurred: error executing command in container: failed to exec in container"
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"{where}: {words}",
        "reason": "InternalError",
        "details": {"causes": [{"message": words}]},
        "code": 500,
    }
