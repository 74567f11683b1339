"""The page in a real browser: quiet, reachable by keyboard, as wide as the window, and deaf to what a cluster says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.account_of import HOSTILE
from tests.browser import Page, browser, needs_browser
from tests.cli_process import V1, V2, cosictl
from tests.page_reader import read_page

pytestmark = needs_browser

# Narrow as a telephone, wide as a desk, and on both sides of each width at which the page changes its shape.
WIDTHS: Final = (360, 700, 959, 961, 1151, 1153, 1400)
TOO_WIDE: Final = """
[...document.querySelectorAll('body, body *')]
  .filter(e => !e.closest('thead, .skip, title'))
  .map(e => [e.getBoundingClientRect(), e])
  .filter(([box]) => box.width > 0 && (box.right > innerWidth + 0.5 || box.left < -0.5))
  .map(([box, e]) => `${e.tagName} ${Math.round(box.left)}-${Math.round(box.right)} ${e.textContent.slice(0, 40)}`)
"""
OPEN_ALL: Final = "document.querySelectorAll('details').forEach(e => { e.open = true })"
FOCUSED: Final = """
(e => ({
  href: e.getAttribute('href') ?? '', name: e.tagName, open: e.parentElement?.open ?? true,
  outline: getComputedStyle(e).outlineStyle,
}))(document.activeElement)
"""
# The relative luminance of a colour, and the contrast of two, by WCAG 2.
CONTRAST: Final = """
(() => {
  const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
  const light = c => {
    const [red, green, blue] = c.match(/\\d+/g).map(v => part(+v))
    return .2126 * red + .7152 * green + .0722 * blue
  }
  const paper = light(getComputedStyle(document.body).backgroundColor)
  return [...document.querySelectorAll('.outlook, .note, .source, a, p, dt, dd, summary, caption, th')].map(e => {
    const ink = light(getComputedStyle(e).color)
    return [e.className || e.tagName, (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05)]
  }).filter(([, contrast]) => contrast < 4.5)
})()
"""


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for all tests of the module; each opens its own file."""
    with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages of both recorded clusters, and of one that says hostile things."""
    folder = tmp_path_factory.mktemp("pages")
    dumps = {"v1alpha1": Path(V1), "v1alpha2": Path(V2), "hostile": hostile_dump(folder / "dump")}
    for name, dump in dumps.items():
        done = cosictl("report", "-f", str(dump), "-o", "html", "--output-file", str(folder / f"{name}.html"))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return {name: folder / f"{name}.html" for name in dumps}


def hostile_dump(folder: Path) -> Path:
    """The recorded cluster with hostile words for what drivers said, classes were called, and drivers too."""
    folder.mkdir()
    events = json.loads(Path(V1, "events.json").read_text())
    for place, event in enumerate(events["items"]):
        said = HOSTILE[place % len(HOSTILE)]
        event["message"] = f"failed to create bucket: rpc error: code = InvalidArgument desc = {said}"
        event["reason"] = said
    (folder / "events.json").write_text(json.dumps(events))
    objects = json.loads(Path(V1, "objects.json").read_text())
    for place, item in enumerate(objects["items"]):
        item["metadata"].setdefault("annotations", {})["note"] = HOSTILE[place % len(HOSTILE)]
        if item["kind"] == "BucketClaim" and place % 3 == 0:
            item["spec"]["bucketClassName"] = HOSTILE[place % len(HOSTILE)]
        if item["kind"] == "Bucket" and place % 3 == 0:
            item["spec"]["driverName"] = HOSTILE[place % len(HOSTILE)]
    (folder / "objects.json").write_text(json.dumps(objects))
    (folder / "about.json").write_text(Path(V1, "about.json").read_text())
    return folder


def complaints(page: Page) -> list[Any]:
    """What the browser had to say: errors, warnings, messages, dialogs."""
    names = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening")
    return [event for event in page.events if event["method"] in names]


@pytest.mark.parametrize("name", ["v1alpha1", "v1alpha2", "hostile"])
def test_the_page_loads_alone_and_in_silence(window: Page, files: dict[str, Path], name: str) -> None:
    window.open(files[name])
    window.ask(OPEN_ALL)
    asked = [sent["request"]["url"] for sent in window.named("Network.requestWillBeSent")]
    assert asked == [files[name].as_uri()]
    assert complaints(window) == []


@pytest.mark.parametrize("name", ["v1alpha1", "v1alpha2", "hostile"])
def test_nothing_is_wider_than_the_window(window: Page, files: dict[str, Path], name: str) -> None:
    window.open(files[name])
    window.ask(OPEN_ALL)
    for width in WIDTHS:
        window.resize(width)
        assert window.ask("innerWidth") == width
        assert window.ask(TOO_WIDE) == []
        assert window.ask("document.documentElement.scrollWidth") == width


def test_every_finding_is_reached_by_keyboard_and_the_focus_is_seen(window: Page, files: dict[str, Path]) -> None:
    window.open(files["v1alpha1"])
    findings = window.ask("[...document.querySelectorAll('[data-finding]')].map(e => '#' + e.id)")
    assert len(findings) == 25
    reached: list[str] = []
    while "#finding-1" not in reached or not reached[-1].startswith("#page-"):
        window.press("Tab", 9)
        focused = window.ask(FOCUSED)
        assert focused["outline"] != "none", focused
        if focused["name"] == "SUMMARY" and not focused["open"]:
            window.press("Enter", 13, "\r")
        reached.append(focused["href"])
        assert len(reached) < 200
    assert reached[0] == "#main"
    assert [finding for finding in findings if finding not in reached] == []


def test_a_link_brings_its_finding_into_view_and_the_focus_to_it(window: Page, files: dict[str, Path]) -> None:
    window.open(files["v1alpha1"])
    window.ask(OPEN_ALL)
    findings = window.ask("[...document.querySelectorAll('[data-finding]')].map(e => e.id)")
    for anchor in findings:
        window.ask(
            f"document.querySelector('#summary a[href=\"#{anchor}\"]').closest('details')?.setAttribute('open', '')"
        )
        window.ask(f"document.querySelector('#summary a[href=\"#{anchor}\"]').focus()")
        window.press("Enter", 13, "\r")
        assert window.ask("document.activeElement.id") == anchor
        top = window.ask(f"document.getElementById('{anchor}').getBoundingClientRect().top")
        assert 0 <= top < 900


def test_a_link_opens_the_page_of_a_code(window: Page, files: dict[str, Path]) -> None:
    window.open(files["v1alpha1"])
    is_open = "document.querySelector('#page-COSI106').closest('details').open"
    assert window.ask(is_open) is False
    window.ask("document.querySelector('#findings a[href=\"#page-COSI106\"]').focus()")
    window.press("Enter", 13, "\r")
    assert window.ask(is_open) is True
    assert window.ask("document.activeElement.id") == "page-COSI106"


def test_hostile_words_are_words(window: Page, files: dict[str, Path]) -> None:
    window.open(files["hostile"])
    window.ask(OPEN_ALL)
    page = read_page(files["hostile"].read_text())
    assert window.ask("document.querySelectorAll('*').length") == len(page.elements)
    assert window.ask("document.querySelectorAll('script, img, iframe, object, form, [onload], [onerror]').length") == 0
    seen = window.ask("document.body.innerText")
    for words in ("<script>alert(1)</script>", "<svg onload=alert(1)>", "https://evil.example/", "\\u202egnp.exe"):
        assert words in seen
    assert complaints(window) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_light_and_in_the_dark(window: Page, files: dict[str, Path], scheme: str) -> None:
    window.emulate(scheme=scheme)
    window.open(files["v1alpha1"])
    window.ask(OPEN_ALL)
    paper = window.ask("getComputedStyle(document.body).backgroundColor")
    assert (int(paper.split("(")[1].split(",")[0]) > 128) is (scheme == "light")
    assert window.ask(CONTRAST) == []
    window.emulate()


def test_what_is_folded_is_printed_and_the_navigation_is_not(window: Page, files: dict[str, Path]) -> None:
    window.open(files["v1alpha1"])
    # Closed, it is one line.
    tall = "document.querySelector('#page-COSI106').parentElement.offsetHeight > 200"
    assert window.ask(tall) is False
    window.emulate(media="print", scheme="dark")
    assert window.ask(tall) is True
    assert window.ask("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert window.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    window.emulate()
