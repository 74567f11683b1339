"""Every test starts from a clean environment and cannot reach beyond the loopback.

The environment is cleaned when pytest is configured, before any test module is imported: the official Kubernetes
client reads KUBECONFIG at import.
"""

import importlib
import os
import pkgutil
import signal
import socket
import tempfile
from collections import Counter
from typing import Any, Final, NoReturn

import pytest
from hypothesis import settings

import cosictl

# Nothing is timed, and a run gives what the last one gave (see ``pytest_collection_finish``);
# ``--hypothesis-seed=random`` looks further.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

AMBIENT: Final = (
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "COSI_ENDPOINT",
    "FORCE_COLOR",
    "KUBECONFIG",
    "KUBECTL_PLUGINS_CALLER",
    "LINES",
    "NO_COLOR",
    "PAGER",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
)
AMBIENT_PREFIXES: Final = ("COSICTL_", "_COSICTL_", "KUBERNETES_SERVICE_", "KUBERNETES_PORT")
AMBIENT_SUFFIXES: Final = ("_PROXY",)
# The one cluster that may be given to tests, those in ``contract``: then the door is open.
CLUSTER: Final = "COSICTL_TEST_KUBECONFIG"
LOOPBACK_NAMES: Final = frozenset({"", "localhost", "::1", "::", "0.0.0.0"})


class OutsideWorldError(AssertionError):
    """A test tried to reach something that is not this machine."""


def is_ambient(name: str) -> bool:
    """Tell whether an environment variable would change what the program does."""
    upper = name.upper()
    if upper == CLUSTER:
        return False
    return upper in AMBIENT or upper.startswith(AMBIENT_PREFIXES) or upper.endswith(AMBIENT_SUFFIXES)


def is_loopback(address: object) -> bool:
    """Tell whether a socket address is a unix path or on the loopback."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0]).lower()
    return host in LOOPBACK_NAMES or host.startswith("127.")


def _refuse(address: object) -> NoReturn:
    raise OutsideWorldError(f"tests may only talk to the loopback, not to {address!r}")


def guard_sockets(patch: pytest.MonkeyPatch) -> None:
    """Make this process refuse to connect to, or to resolve, anything but the loopback."""
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if not is_loopback(address):
            _refuse(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if not is_loopback(address):
            _refuse(address)
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host or ""
        if is_loopback((name,)):
            return resolve(host, *args, **options)
        # A name that does not resolve is what a test of an unknown server wants to see.
        raise socket.gaierror(socket.EAI_NONAME, f"tests resolve no names ({name})")

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket, "getaddrinfo", guarded_resolve)


# What takes minutes begins first, so that no worker is left alone with it at the end; then what has most tests.
LONG: Final = (
    "test_remedy_killed.py",
    "test_dist.py",
    "test_remedy_every.py",
    "test_rights.py",
    "test_tutorial.py",
    "test_contributing.py",
    "test_report_browser.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order files for several workers, each of which takes the next file when it has done one."""
    if not hasattr(config, "workerinput"):
        return
    counts = Counter(item.path for item in items)

    def place(item: pytest.Item) -> tuple[int, int, str]:
        known = LONG.index(item.path.name) if item.path.name in LONG else len(LONG)
        return known, -counts[item.path], item.path.name

    items.sort(key=place)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load every module before examples are drawn.

    Hypothesis also draws the constants of the modules that happen to be loaded: what one run tries would depend on
    which tests its worker ran before.
    """
    if any(item.get_closest_marker("hypothesis") for item in session.items):
        for module in pkgutil.walk_packages(cosictl.__path__, "cosictl."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option of the golden tests."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the expected files of tests/golden instead of comparing"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Clean the environment and close the door, for the whole run; with a cluster that was given it stays open."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    home = tempfile.TemporaryDirectory(prefix="cosictl-home-")
    config.add_cleanup(home.cleanup)
    for name in filter(is_ambient, tuple(os.environ)):
        patch.delenv(name)
    patch.setenv("HOME", home.name)
    if not os.environ.get(CLUSTER):
        guard_sockets(patch)
    # Where the shell that began all this runs in the background, interrupts are ignored, and processes inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
