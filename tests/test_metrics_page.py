"""``docs/metrics.md`` names the figures there are, and what it offers to copy is well-formed."""

import re
from typing import Any, Final

import yaml

from cosictl.cli.report.listen import parse_address
from cosictl.flows.asked import Asked
from cosictl.flows.figures import figures
from cosictl.intake.files import read_dump
from cosictl.model.differences import Change
from cosictl.model.report import Outlook
from cosictl.render.prometheus import prometheus
from tests.cli_process import ROOT, V1
from tests.exposition import families

PAGE: Final = (ROOT / "docs" / "metrics.md").read_text()
METRICS: Final = families(prometheus(figures(lambda: read_dump([V1]), asked=Asked()), seconds=1.0))
BLOCKS: Final[list[Any]] = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def labels_of(name: str) -> set[str]:
    return {label for sample in METRICS[name].samples for label in sample.labels}


def test_every_figure_has_its_line_with_its_labels() -> None:
    rows = re.findall(r"^\| `(cosictl_\w+)` \| (.*?) \|", PAGE, re.MULTILINE)
    assert {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == {
        name: labels_of(name) for name in METRICS
    }


def test_every_figure_it_speaks_of_is_there() -> None:
    assert set(re.findall(r"\bcosictl_\w+", PAGE)) <= METRICS.keys()


def test_the_alerts_ask_for_labels_that_their_figures_have() -> None:
    (rules,) = [group["rules"] for block in BLOCKS for group in block.get("groups", ())]
    assert len(rules) == 3
    for rule in rules:
        named = set(re.findall(r"cosictl_\w+", rule["expr"]))
        has = {label for name in named for label in labels_of(name)}
        words = " ".join(rule["annotations"].values())
        assert set(re.findall(r"\$labels\.(\w+)", words)) <= has, rule["alert"]
        for grouped in re.findall(r"by \(([^)]*)\)", rule["expr"]):
            assert set(grouped.split(", ")) <= has, rule["alert"]


def test_the_scrape_config_asks_at_an_address_that_can_be_listened_on() -> None:
    (config,) = [block["scrape_configs"][0] for block in BLOCKS if "scrape_configs" in block]
    target = config["static_configs"][0]["targets"][0]
    assert str(parse_address(target)) == target
    assert f"--listen {target}" in PAGE


def test_every_outlook_and_every_change_is_explained() -> None:
    assert [outlook for outlook in Outlook if f"`{outlook}`" not in PAGE] == []
    table = PAGE.partition("| it says |")[2].partition("\n\n")[0]
    words = {Change.OTHER: "otherwise different", Change.NEW: "new, gone", Change.GONE: "new, gone"}
    assert [change for change in Change if words.get(change, change.replace("-", " ")) not in table] == []
