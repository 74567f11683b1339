"""Figures read back as Prometheus reads them."""

from collections.abc import Mapping
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

UP: Final = "cosictl_up"
ERRORS: Final = "cosictl_read_errors"
OBJECTS: Final = "cosictl_objects"
STUCK: Final = "cosictl_stuck_objects"
OLDEST: Final = "cosictl_stuck_oldest_age_seconds"
WASTED: Final = "cosictl_wasted_calls_per_hour"
TAKEN: Final = "cosictl_data_timestamp_seconds"
TOOK: Final = "cosictl_scrape_duration_seconds"
BUILD: Final = "cosictl_build_info"


def families(text: str) -> Mapping[str, Metric]:
    """The metrics of a text by name; each is there once."""
    found = list(text_string_to_metric_families(text))
    assert len({family.name for family in found}) == len(found)
    return {family.name: family for family in found}


def values(text: str, name: str) -> dict[tuple[str, ...], float]:
    """The values of one metric by the values of its labels, in the order in which the labels are written."""
    samples = families(text)[name].samples
    found = {tuple(sample.labels.values()): sample.value for sample in samples}
    assert len(found) == len(samples), "a series is there twice"
    return found


def value(text: str, name: str) -> float:
    """The value of a metric without labels."""
    return values(text, name)[()]
