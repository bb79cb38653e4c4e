"""The configured business units, plants, currencies and units, ready for checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from erp_facade.settings import Settings

Now = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """Return the present instant, aware."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class SellingUnit:
    """One business unit as callers name it."""

    name: str
    zone: ZoneInfo
    currencies: frozenset[str]
    plants: dict[str, ZoneInfo]
    customer_prefix: str
    product_prefix: str


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything that a request is checked against before any ERP is asked."""

    selling_units: dict[str, SellingUnit]
    measure_units: frozenset[str]
    now: Now = utc_now

    @classmethod
    def of(cls, settings: Settings, now: Now = utc_now) -> Site:
        """Return the site that the configuration describes."""
        selling_units = {
            name: SellingUnit(
                name=name,
                zone=ZoneInfo(unit.time_zone),
                currencies=unit.currencies,
                plants={plant: ZoneInfo(p.time_zone) for plant, p in unit.plants.items()},
                customer_prefix=f"businessUnits/{name}/customers/",
                product_prefix=f"businessUnits/{name}/products/",
            )
            for name, unit in settings.business_units.items()
        }
        return cls(selling_units=selling_units, measure_units=settings.units, now=now)
