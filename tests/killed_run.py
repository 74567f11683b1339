"""Runs of plans that kill themselves at one point: a script for ``test_remedy_killed``.

Each line of its input is a JSON list (kubeconfig, folder, plan, point) for one run in a process of its own, forked so
that libraries load once; each line of its output is how that ended: an exit code, or minus a signal.

Points are before, in the middle of and after every line of the journal, and before and after every backup and every
request that writes. It exits with 0 where the run ended before its point came.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosictl.cli.changing.options import Ask
from cosictl.cli.changing.ports import LivePorts, live_ports
from cosictl.cli.options import Shared
from cosictl.flows.change import load_plan, run_plan
from cosictl.model.plan import Sent
from cosictl.remedy.journal import Journal
from cosictl.remedy.writes import Write


class Fate:
    """Counts points, and ends the process at one of them as the kernel does."""

    def __init__(self, last: int) -> None:
        self.left = last

    def point(self) -> bool:
        """Whether this is the point."""
        self.left -= 1
        return self.left == 0

    def here(self) -> None:
        if self.point():
            os.kill(os.getpid(), signal.SIGKILL)


def main(kubeconfig: str, folder: str, plan: str, last: int) -> None:
    fate = Fate(last)
    put, backup, send = Journal.put, Journal.backup, LivePorts.send

    def killed_put(self: Journal, data: bytes) -> None:
        fate.here()
        if fate.point():
            put(self, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        put(self, data)
        fate.here()

    def killed_backup(self: Journal, uid: str, number: int, tree: Mapping[str, Any]) -> str:
        fate.here()
        name = backup(self, uid, number, tree)
        fate.here()
        return name

    def killed_send(self: LivePorts, write: Write, *, dry_run: bool) -> Sent:
        fate.here()
        sent = send(self, write, dry_run=dry_run)
        fate.here()
        return sent

    setattr(Journal, "put", killed_put)  # noqa: B010 - a method is replaced from outside on purpose
    setattr(Journal, "backup", killed_backup)  # noqa: B010
    setattr(LivePorts, "send", killed_send)  # noqa: B010
    ports = live_ports(Shared(kubeconfig=kubeconfig), Ask())
    run_plan(load_plan(Path(plan).read_bytes(), now=ports.now()), ports, Path(folder), by="a test", wait=5)


def forked(words: list[str]) -> int:
    """Run once in a child; return how it ended."""
    child = os.fork()
    if not child:
        code = 1
        try:
            main(words[0], words[1], words[2], int(words[3]))
            code = 0
        finally:
            if code:
                traceback.print_exc()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(f"{forked(json.loads(line))}\n")
        sys.stdout.flush()
