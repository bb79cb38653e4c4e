"""Configuration of the in-memory ERP: its master data and the few habits that can be chosen."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from erp_ports.operations import Operation

PositiveDecimal = Annotated[Decimal, Field(gt=0, max_digits=21, decimal_places=9)]
Shared = TypeVar("Shared")
Amount = Annotated[Decimal, Field(ge=0, max_digits=21, decimal_places=9)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceChange(_Model):
    """A base price that applies from a date on."""

    valid_from: dt.date
    price: Amount


class ProductConfig(_Model):
    """A product: `price` buys `per_quantity` of `unit`, its base unit, until the first of `price_changes`.

    `units` holds how many base units one of another unit is: `{DZN: 12}`. A `blocked` product has a price and cannot
    be ordered.
    """

    description: str = ""
    unit: str = "EA"
    price: Amount
    per_quantity: PositiveDecimal = Decimal(1)
    price_changes: tuple[PriceChange, ...] = ()
    units: dict[str, PositiveDecimal] = {}
    blocked: bool = False

    def price_on(self, date: dt.date) -> Decimal:
        """Return the base price that applies on the date."""
        past = [x for x in self.price_changes if x.valid_from <= date]
        return max(past, key=lambda x: x.valid_from).price if past else self.price

    def factor(self, unit: str) -> Decimal | None:
        """Return how many base units one of `unit` is, or None when the product has no such unit."""
        return Decimal(1) if unit == self.unit else self.units.get(unit)


class CustomerConfig(_Model):
    """A customer. A customer on credit hold gets prices and no orders."""

    name: str = ""
    credit_hold: bool = False


class Receipt(_Model):
    """A quantity, in the base unit, that arrives at a date."""

    date: dt.date
    quantity: PositiveDecimal


class StockConfig(_Model):
    """What a plant has of a product, in its base unit.

    What neither stock nor receipts cover is confirmed `lead_time_days` from today, or not at all without one.
    """

    product: str
    plant: str
    on_hand: Amount = Decimal(0)
    receipts: tuple[Receipt, ...] = ()
    lead_time_days: int | None = Field(default=None, ge=0)


class InMemoryConfig(_Model):
    """Master data of an in-memory ERP.

    `file` names a JSON file with any of these keys; what stands here takes precedence over it, key by key.
    A product that a plant has no stock entry for is not checked for availability. `lead_time_days` counts for stock
    entries without one of their own. `tax_rate` is a fraction; without it the ERP states no tax on prices.
    `unsupported` takes operations away, and `composed_simulation` puts the simulation together from prices and
    availability, so that a facade can be tried with an ERP that can do less. `delay` is the seconds that every answer
    takes, for trying a slow ERP or one that hangs.
    """

    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    products: dict[str, ProductConfig] = {}
    customers: dict[str, CustomerConfig] = {}
    stock: tuple[StockConfig, ...] = ()
    lead_time_days: int | None = Field(default=None, ge=0)
    tax_rate: Decimal | None = Field(default=None, ge=0, lt=1)
    payment_days: int = Field(default=30, ge=0)
    first_document_number: int = Field(default=100_001, ge=1)
    unsupported: frozenset[Operation] = frozenset()
    composed_simulation: bool = False
    delay: float = Field(default=0.0, ge=0)
    file: Path | None = None
    _shared: Any = PrivateAttr(default=None)

    def shared(self, make: Callable[[InMemoryConfig], Shared]) -> Shared:
        """Return what all adapters built from this object share; the first of them makes it."""
        if self._shared is None:
            self._shared = make(self)
        return self._shared  # type: ignore[no-any-return]

    @model_validator(mode="before")
    @classmethod
    def _read_file(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not values.get("file"):
            return values
        path = Path(values["file"])
        try:
            master_data = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        except (OSError, ValueError) as error:
            raise ValueError(f"the master data in {path} cannot be read: {error}") from error
        if not isinstance(master_data, dict):
            raise ValueError(f"the master data in {path} must be one JSON object")
        return {**master_data, **values}

    @model_validator(mode="after")
    def _check_stock(self) -> InMemoryConfig:
        keys = [(x.product, x.plant) for x in self.stock]
        twice = sorted({f"{p} in {plant}" for p, plant in keys if keys.count((p, plant)) > 1})
        unknown = sorted({p for p, _ in keys if p not in self.products})
        if twice:
            raise ValueError(f"more than one stock entry for: {', '.join(twice)}")
        if unknown:
            raise ValueError(f"stock of products that are not configured: {', '.join(unknown)}")
        return self
