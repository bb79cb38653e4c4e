"""Rows of the route table as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass

ANY = "*"


class Capability(enum.StrEnum):
    """What a route decides on."""

    PRICING = "PRICING"
    AVAILABILITY = "AVAILABILITY"
    ORDERS = "ORDERS"
    INVOICES = "INVOICES"


class Stage(enum.StrEnum):
    """How far a scope has moved from the legacy to the cloud ERP."""

    LEGACY = "LEGACY"
    SHADOW = "SHADOW"
    CANARY = "CANARY"
    CLOUD_SHADOWED = "CLOUD_SHADOWED"
    CLOUD = "CLOUD"


class Intake(enum.StrEnum):
    """Whether new documents are accepted; DRAINING accepts and does not send."""

    OPEN = "OPEN"
    DRAINING = "DRAINING"
    PAUSED = "PAUSED"


class StockSync(enum.StrEnum):
    """How the other ERP learns of bookings."""

    NONE = "NONE"
    SNAPSHOT = "SNAPSHOT"
    LIVE = "LIVE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a row matches; `*` matches everything."""

    business_unit: str = ANY
    plant: str = ANY
    product_line: str = ANY
    capability: str = ANY

    @property
    def rank(self) -> tuple[bool, bool, bool, bool]:
        """Which fields are exact, in order of precedence: plant, product line, business unit, capability."""
        return (
            self.plant != ANY,
            self.product_line != ANY,
            self.business_unit != ANY,
            self.capability != ANY,
        )

    @property
    def name(self) -> str:
        """The scope in one word: `NW.EU01.*.PRICING`."""
        return f"{self.business_unit}.{self.plant}.{self.product_line}.{self.capability}"

    def matches(self, business_unit: str, plant: str, capability: Capability) -> bool:
        """Return whether a call of this business unit, plant and capability falls into the scope."""
        return (
            self.business_unit in (ANY, business_unit)
            and self.plant in (ANY, plant)
            and self.product_line == ANY
            and self.capability in (ANY, capability)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One row: the stage of a scope and the two backends it moves between. Percentages are 0 to 100."""

    scope: Scope
    stage: Stage
    legacy_backend: str
    cloud_backend: str
    canary_percent: int = 0
    shadow_percent: int = 100
    intake: Intake = Intake.OPEN
    stock_sync: StockSync = StockSync.NONE
    changed_version: int = 0
