"""The models of the endpoint written by hand: the contract's price call, in pydantic."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

_ID = "[!-.0-~]{1,63}"
# One of six decimals must be a digit above 0, whichever.
_SMALL = "|".join(f"0{{0,{n - 1}}}[1-9][0-9]{{{6 - n}}}" for n in range(6, 0, -1))
_POSITIVE = f"^([1-9][0-9]{{0,11}}([.][0-9]{{1,6}})?|0[.]({_SMALL}))$"
CustomerName = Annotated[str, StringConstraints(pattern=f"^businessUnits/{_ID}/customers/{_ID}$")]
ProductName = Annotated[str, StringConstraints(pattern=f"^businessUnits/{_ID}/products/{_ID}$")]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Unit = Annotated[str, StringConstraints(pattern="^[A-Z0-9]{2,3}$")]


class Model(BaseModel):
    """JSON names are those of the contract; unknown keys are refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Date(Model):
    """A calendar date in three numbers."""

    year: int = Field(ge=1900, le=2999)
    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)


class Money(Model):
    """An amount: whole units as text, billionths as a number."""

    currency_code: str
    units: str
    nanos: int


class PlainDecimal(Model):
    """A decimal number as text."""

    value: str


class PositiveQuantity(Model):
    """A number above 0 with at most 12 digits before and 6 behind the point."""

    value: Annotated[str, StringConstraints(pattern=_POSITIVE)]


class Fraction(Model):
    """At least 0 and below 1, at most 6 decimals."""

    value: Annotated[str, StringConstraints(pattern=r"^0([.][0-9]{1,6})?$")]


class AskedQuantity(Model):
    """How much is asked for."""

    value: PositiveQuantity
    unit: Unit


class AskedLine(Model):
    """One product to be priced."""

    line_id: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9._-]{1,6}$")]
    product: ProductName
    plant: Annotated[str, StringConstraints(pattern=f"^{_ID}$")]
    quantity: AskedQuantity
    agreed_discount: Fraction | None = None


class PriceRequest(Model):
    """The body of a request for prices."""

    customer: CustomerName
    currency_code: Currency
    pricing_date: Date | None = None
    lines: Annotated[list[AskedLine], Field(min_length=1, max_length=1000)]


class Quantity(Model):
    """A quantity of an answer."""

    value: PlainDecimal
    unit: str


class UnitPrice(Model):
    """An amount per a quantity of a unit."""

    amount: Money
    per_quantity: PlainDecimal | None = None
    unit: str


class Component(Model):
    """One step from the base price to the net amount."""

    kind: str
    amount: Money
    source_code: str


class Source(Model):
    """Who answered."""

    backend: str
    route_version: str
    as_of: dt.datetime


class PricedLine(Model):
    """The price of one line."""

    line_id: str
    product: str
    plant: str
    quantity: Quantity
    list_price: UnitPrice
    net_price: UnitPrice
    components: list[Component]
    net_amount: Money
    tax_amount: Money | None = None
    description: str
    source: Source
    base_quantity: Quantity | None = None


class MissingPart(Model):
    """Lines that are missing from an answer."""

    line_ids: list[str]
    reason: str
    message: str


class PriceAnswer(Model):
    """Prices of all lines."""

    lines: list[PricedLine]
    net_amount: Money | None = None
    tax_amount: Money | None = None
    pricing_date: Date
    valid_until: dt.datetime
    split: bool = False
    partial: bool = False
    missing: list[MissingPart] = []
