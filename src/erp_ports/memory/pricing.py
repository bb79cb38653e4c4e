"""Prices of the in-memory ERP. The same terms are calculated once and then copied, which makes a line cost little."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from erp.v1.common_pb2 import UnitPrice
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse, PriceComponent, PricedLine
from erp_ports.amounts import money, money_amount, plain, quantity, round_money
from erp_ports.errors import ForeignCurrency, NotFound, RefusalReason
from erp_ports.memory.config import InMemoryConfig, ProductConfig

_NANO = Decimal("0.000000001")
_CACHED_TERMS = 10_000


class _Priced(NamedTuple):
    """A priced line without line id, product and plant, and its amounts."""

    line: PricedLine
    net_amount: Decimal
    tax_amount: Decimal


class PriceList:
    """Prices requests in the ERP's one currency. `product_of` finds the ERP's product number of a resource name."""

    def __init__(self, config: InMemoryConfig, product_of: Callable[[str], str]) -> None:
        self._config = config
        self._product_of = product_of
        self._priced = lru_cache(maxsize=_CACHED_TERMS)(self._price)

    def calculate(self, request: CalculatePricesRequest) -> CalculatePricesResponse:
        """Return net prices for all lines; raise NotFound or Rejected(PRICE_MISSING) for the first that has none."""
        currency = self._config.currency
        if request.currency_code != currency:
            raise ForeignCurrency(f"there are prices in {currency} only", reason=RefusalReason.PRICE_MISSING)
        product_of, priced = self._product_of, self._priced
        response = CalculatePricesResponse()
        date = request.pricing_date
        response.pricing_date.CopyFrom(date)
        day = (date.year, date.month, date.day)
        lines = response.lines
        net = tax = Decimal(0)
        for asked in request.lines:
            wanted = asked.quantity
            name = asked.product
            found = priced(
                product_of(name),
                day,
                wanted.value.value,
                wanted.unit,
                asked.agreed_discount.value,
                asked.agreed_unit_price.SerializeToString() if asked.HasField("agreed_unit_price") else b"",
            )
            line = lines.add()
            line.CopyFrom(found.line)
            line.line_id = asked.line_id
            line.product = name
            line.plant = asked.plant
            net += found.net_amount
            tax += found.tax_amount
        response.net_amount.CopyFrom(money(net, currency))
        if self._config.tax_rate is not None:
            response.tax_amount.CopyFrom(money(tax, currency))
        return response

    def _price(
        self, number: str, day: tuple[int, int, int], value: str, unit: str, discount: str, agreed: bytes
    ) -> _Priced:
        product = self._config.products[number]
        currency = self._config.currency
        asked = Decimal(value)
        base_quantity = asked * factor_of(number, product, unit)
        price = _agreed(agreed) if agreed else _base(product, day)
        price_unit_factor = factor_of(number, product, price.unit)

        def amount_at(unit_amount: Decimal) -> Decimal:
            return round_money(unit_amount * base_quantity / (price.per_quantity * price_unit_factor), currency)

        net_price = (price.amount * (1 - Decimal(discount or "0"))).quantize(_NANO)
        list_amount, net_amount = amount_at(price.amount), amount_at(net_price)
        line = PricedLine(
            quantity=quantity(asked, unit),
            list_price=price.message(price.amount, currency),
            net_price=price.message(net_price, currency),
            net_amount=money(net_amount, currency),
            description=product.description,
        )
        line.components.add(kind=PriceComponent.BASE, amount=money(list_amount, currency), source_code="BASE")
        if net_amount != list_amount:
            reduction = money(net_amount - list_amount, currency)
            line.components.add(kind=PriceComponent.DISCOUNT, amount=reduction, source_code="AGREED")
        if unit != product.unit:
            line.base_quantity.CopyFrom(quantity(base_quantity, product.unit))
        tax_amount = round_money(net_amount * (self._config.tax_rate or 0), currency)
        if self._config.tax_rate is not None:
            line.tax_amount.CopyFrom(money(tax_amount, currency))
        return _Priced(line, net_amount, tax_amount)


class _Price(NamedTuple):
    """An amount of money for a quantity of a unit."""

    amount: Decimal
    per_quantity: Decimal
    unit: str

    def message(self, amount: Decimal, currency: str) -> UnitPrice:
        message = UnitPrice(amount=money(amount, currency), unit=self.unit)
        if self.per_quantity != 1:
            message.per_quantity.value = plain(self.per_quantity)
        return message


def _base(product: ProductConfig, day: tuple[int, int, int]) -> _Price:
    return _Price(product.price_on(dt.date(*day)), product.per_quantity, product.unit)


def _agreed(serialized: bytes) -> _Price:
    agreed = UnitPrice.FromString(serialized)
    return _Price(money_amount(agreed.amount), Decimal(agreed.per_quantity.value or "1"), agreed.unit)


def factor_of(number: str, product: ProductConfig, unit: str) -> Decimal:
    """Return how many base units one of `unit` is; raise NotFound(kind="unit")."""
    factor = product.factor(unit)
    if factor is None:
        raise NotFound(f"product {number} has no unit {unit}", kind="unit", key=unit)
    return factor
