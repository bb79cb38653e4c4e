"""The pricing procedure of the stand-in: a base price, percentages on it in turn, and tax."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from erp_sandbox.cloud.documents import ZERO, Condition
from erp_sandbox.seed_effects import extra_discount, moved_net, moved_price, stated_per
from erp_sandbox.seeds import Seed

BASE_PRICE = "PPR0"
MANUAL_PRICES = (BASE_PRICE, "PMP0")
CUSTOMER_ADJUSTMENT = "ZADJ"
MANUAL_DISCOUNTS = ("DRG1", "DRV1", "ZDIS")
SEEDED_DISCOUNT = "ZSEE"
TAX = "TTX1"
# Every currency that the stand-in sells in has hundredths.
MINOR_UNIT = Decimal("0.01")
_RATE = Decimal("0.000000001")


@dataclass(frozen=True, kw_only=True, slots=True)
class BasePrice:
    """A price: `rate` in the document's currency per `per` of `unit`, which holds `factor` base units."""

    rate: Decimal
    per: Decimal
    unit: str
    factor: Decimal
    type: str = BASE_PRICE
    manual: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Percentage:
    """A condition in per cent of the value so far; -5 takes five per cent off."""

    type: str
    percent: Decimal
    manual: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Priced:
    """Net and tax of an item with the steps that lead there; no conditions when there is no base price."""

    net: Decimal
    tax: Decimal
    conditions: tuple[Condition, ...]


def price_item(
    *,
    base_quantity: Decimal,
    found: BasePrice | None,
    manual: BasePrice | None,
    percentages: Sequence[Percentage],
    tax_percent: Decimal,
    currency: str,
    seed: Seed | None = None,
) -> Priced:
    """Price one item: net is the quantity times the unrounded net unit price, rounded half-up once.

    A manual price takes the place of the found one. The amounts of the conditions add up to the net amount: each
    step takes the difference of the rounded values before and after it.
    """
    price = manual or found
    if price is None:
        return Priced(net=ZERO, tax=ZERO, conditions=())
    price = _seeded(price, seed)
    percentages = [*percentages, *_seeded_discount(seed)]
    values = [_value(base_quantity, price)]
    for each in percentages:
        values.append(values[-1] * (1 + Fraction(each.percent) / 100))
    net = moved_net(seed, _rounded(values[-1]), MINOR_UNIT)
    amounts = [*(_rounded(value) for value in values[:-1]), net]
    conditions = [_price_condition("010", price, base_quantity, amounts[0], currency)]
    if found is not None and manual is not None and manual.type != found.type:
        overruled = _price_condition("005", found, base_quantity, _rounded(_value(base_quantity, found)), currency)
        conditions.insert(0, replace(overruled, inactive=True))
    for index, each in enumerate(percentages, start=1):
        amount = amounts[index] - amounts[index - 1]
        conditions.append(_percent_condition(f"{100 + index}", each, base=values[index - 1], amount=amount))
    tax = _rounded(Fraction(net) * Fraction(tax_percent) / 100)
    taxed = _percent_condition("900", Percentage(type=TAX, percent=tax_percent), base=Fraction(net), amount=tax)
    conditions.append(replace(taxed, condition_class="D"))
    return Priced(net=net, tax=tax, conditions=tuple(conditions))


def _seeded(price: BasePrice, seed: Seed | None) -> BasePrice:
    """State the price as the seed says: moved, or per a larger quantity (`price_unit_wrong` forgets to multiply)."""
    if seed is None:
        return price
    per = stated_per(seed)
    rate = moved_price(seed, price.rate)
    return replace(price, rate=rate * per if seed.cause == "price_unit" else rate, per=price.per * per)


def _seeded_discount(seed: Seed | None) -> list[Percentage]:
    fraction = extra_discount(seed)
    return [Percentage(type=SEEDED_DISCOUNT, percent=-100 * fraction)] if fraction else []


def _value(base_quantity: Decimal, price: BasePrice) -> Fraction:
    return Fraction(base_quantity) * Fraction(price.rate) / Fraction(price.per) / Fraction(price.factor)


def _price_condition(step: str, price: BasePrice, base_quantity: Decimal, amount: Decimal, currency: str) -> Condition:
    return Condition(
        step=step,
        type=price.type,
        condition_class="B",
        calculation="C",
        rate=price.rate.quantize(_RATE),
        per=price.per,
        unit=price.unit,
        currency=currency,
        base=(base_quantity / price.factor).quantize(_RATE),
        amount=amount,
        manual=price.manual,
    )


def _percent_condition(step: str, percentage: Percentage, *, base: Fraction, amount: Decimal) -> Condition:
    return Condition(
        step=step,
        type=percentage.type,
        condition_class="A",
        calculation="A",
        rate=percentage.percent.quantize(_RATE),
        base=(Decimal(base.numerator) / Decimal(base.denominator)).quantize(_RATE),
        amount=amount,
        manual=percentage.manual,
    )


def _rounded(value: Fraction) -> Decimal:
    """Round half-up, away from zero, to the minor unit."""
    minor_units = math.floor(abs(value) / Fraction(MINOR_UNIT) + Fraction(1, 2))
    return (minor_units if value >= 0 else -minor_units) * MINOR_UNIT
