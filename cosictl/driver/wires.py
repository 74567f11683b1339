"""Both versions of the contract, by API version; they load in one process side by side."""

from collections.abc import Mapping
from typing import Final

from cosictl.driver import v1alpha1, v1alpha2
from cosictl.driver.wire import Wire
from cosictl.model.refs import Api

WIRES: Final[Mapping[Api, Wire]] = {Api.V1ALPHA1: v1alpha1.WIRE, Api.V1ALPHA2: v1alpha2.WIRE}
