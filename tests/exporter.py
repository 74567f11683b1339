"""``report --listen`` as a process, and how to ask it."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from tests.cli_process import COMMAND, TIMEOUT_SECONDS, environment
from tests.test_cli_watch import line_of

ANY: Final = "127.0.0.1:0"


class Exporter:
    """A running exporter, and how to ask it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        said = line_of(process.stderr)
        assert "serving http://" in said, said
        place = said.partition("http://")[2].partition("/metrics")[0]
        host, _, port = place.rpartition(":")
        self.host, self.port = host.strip("[]"), int(port)

    def ask(
        self, path: str = "/metrics", method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        """One request: status, headers and body."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host
        connection = HTTPConnection(host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def scrape(self, patience: float | None = None) -> str:
        """The figures, as Prometheus asks for them that waits so many seconds."""
        asked = {} if patience is None else {"X-Prometheus-Scrape-Timeout-Seconds": str(patience)}
        status, headers, body = self.ask(headers=asked)
        assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        return body

    def end(self, number: signal.Signals) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(TIMEOUT_SECONDS)


@contextmanager
def exporter(
    *words: str, config: Path | None = None, address: str = ANY, pause: str = "0", stdin: str = ""
) -> Iterator[Exporter]:
    """Run one until the block ends."""
    process = subprocess.Popen(
        [*COMMAND, "report", "--listen", address, "--interval", pause, *words],
        env=environment({"KUBECONFIG": str(config)} if config is not None else {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        yield Exporter(process)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
