"""One configured S/4HANA system, and documents in the shape of SAP's own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cloud_erp.s4hana.config import S4Config
from cloud_erp.s4hana.mapping import Words
from erp_ports.xref import CrossReference, Table, ZeroPad

SETTINGS: dict[str, Any] = {
    "base_url": "https://erp.example",
    "users": {
        "live": {"user": "FACADE", "password": "secret-1"},
        "shadow": {"user": "SHADOW", "password": "secret-2"},
    },
    "business_units": {
        "NW": {"sales_organisation": "1010", "distribution_channel": "10", "division": "00", "order_type": "OR"}
    },
    "rejection_reason": "61",
    "base_units": ["EA"],
}


@pytest.fixture
def settings() -> dict[str, Any]:
    return copy.deepcopy(SETTINGS)


@pytest.fixture
def alerts() -> list[tuple[str, dict[str, str]]]:
    return []


@pytest.fixture
def make_words(settings: dict[str, Any], alerts: list[tuple[str, dict[str, str]]]) -> Callable[..., Words]:
    """Return words for the settings, changed as the keywords say."""

    def make(**changes: Any) -> Words:
        return Words(
            backend="s4",
            config=S4Config.model_validate(settings | changes),
            xref=CrossReference(
                backend="s4",
                rules={
                    "customer": Table({"ALFKI": "0010100001"}),
                    "product": ZeroPad(18),
                    "unit": Table({"EA": "EA", "DZN": "DZ"}),
                },
            ),
            plant_zones={"1010": ZoneInfo("Europe/Berlin"), "2010": ZoneInfo("America/New_York")},
            alert=lambda event, about: alerts.append((event, dict(about))),
        )

    return make


@pytest.fixture
def words(make_words: Callable[..., Words]) -> Words:
    return make_words()
