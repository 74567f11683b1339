"""A real browser without a window, told what to do over the DevTools protocol, and ended with everything it started.

Messages: https://chromedevtools.github.io/devtools-protocol/. Chromium writes the port it listens on, and the path of
its own target, to ``DevToolsActivePort`` in its data folder.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from websocket import WebSocket, create_connection

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
PROGRAM: Final = next((found for name in NAMES if (found := shutil.which(name)) is not None), None)
needs_browser: Final = pytest.mark.skipif(PROGRAM is None, reason="no chromium is installed here")
# How long anything may take before it is called stuck; nothing is measured.
PATIENCE_SECONDS: Final = 60.0
_OPTIONS: Final = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"),
)

Message = dict[str, Any]


class Page:
    """One open page. ``events`` holds everything the browser told of it, in order."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._session = ""
        self._number = 0
        self.events: list[Message] = []

    def attach(self) -> None:
        """Open an empty page, and ask for all that happens on it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            self.call(f"{domain}.enable")
        self.events.clear()

    def call(self, method: str, **params: Any) -> Message:
        """Send one message and return its answer; an error is an assertion."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return dict(answer["result"])

    def resize(self, width: int, height: int = 900) -> None:
        """Give the window a size in pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def open(self, path: Path, *, width: int = 1400, height: int = 900) -> None:
        """Load a file into a window of a size in pixels, and wait until it has loaded."""
        self.resize(width, height)
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not self.named("Page.loadEventFired"):
            self._receive()

    def named(self, method: str) -> list[Message]:
        """Return what was told under a name."""
        return [dict(event["params"]) for event in self.events if event["method"] == method]

    def ask(self, expression: str) -> Any:
        """Return what an expression gives on the page; that it throws is an assertion."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text)

    def emulate(self, *, media: str = "", scheme: str = "light") -> None:
        """Show the page as on paper (``print``), or to somebody who asked for light or dark."""
        self.call(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def picture(self) -> bytes:
        """Return what the window shows, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def _receive(self) -> Message:
        message: Message = json.loads(self._socket.recv())
        if "method" in message:
            self.events.append(message)
            if message["method"] == "Page.javascriptDialogOpening":
                # An open dialog would hold up every later call.
                self._number += 1
                close = {"id": self._number, "method": "Page.handleJavaScriptDialog", "params": {"accept": False}}
                self._socket.send(json.dumps(close | {"sessionId": self._session}))
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Start a browser with its data in a folder, and give its page; at the end nothing of it is left running."""
    assert PROGRAM is not None
    data = folder / "browser"
    process = subprocess.Popen(
        [PROGRAM, *_OPTIONS, f"--user-data-dir={data}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "HOME": str(folder)},
    )
    try:
        address = _address(process, data / "DevToolsActivePort")
        with closing(create_connection(address, timeout=PATIENCE_SECONDS, suppress_origin=True)) as socket:
            page = Page(socket)
            page.attach()
            yield page
    finally:
        # It is the leader of its own group: renderers and helpers are in it.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _address(process: "subprocess.Popen[bytes]", file: Path) -> str:
    for _ in range(int(PATIENCE_SECONDS * 20)):
        assert process.poll() is None, f"the browser ended with {process.returncode}"
        words = file.read_text().split() if file.exists() else []
        if len(words) == 2:
            return f"ws://127.0.0.1:{words[0]}{words[1]}"
        time.sleep(0.05)
    raise AssertionError("the browser does not say where it listens")
