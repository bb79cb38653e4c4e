"""Exact conversions between messages and `Decimal`, `date` values; no float anywhere."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

from google.type.date_pb2 import Date
from google.type.money_pb2 import Money

from erp.v1.common_pb2 import Quantity

_NANO = Decimal(1_000_000_000)
_ONE_NANO = Decimal("0.000000001")
# ISO 4217 currencies whose minor unit is not the hundredth.
_MINOR_DIGITS = {
    "BHD": 3, "BIF": 0, "CLF": 4, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0,
    "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "UYW": 4, "VND": 0,
    "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip


def minor_digits(currency: str) -> int:
    """Return how many decimals the currency's amounts have (ISO 4217)."""
    return _MINOR_DIGITS.get(currency, 2)


def minor_unit(currency: str) -> Decimal:
    """Return the smallest amount of the currency, for example 0.01."""
    return Decimal(1).scaleb(-minor_digits(currency))


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Round half-up to the currency's minor unit."""
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_UP)


def money(amount: Decimal, currency: str) -> Money:
    """Return the amount as a message, exact to nine decimals; more are rounded half-up."""
    nanos = int((amount * _NANO).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    sign = -1 if nanos < 0 else 1
    units, rest = divmod(abs(nanos), 1_000_000_000)
    return Money(currency_code=currency, units=sign * units, nanos=sign * rest)


def money_amount(value: Money) -> Decimal:
    """Return the message's amount, exact."""
    return Decimal(value.units) + Decimal(value.nanos) * _ONE_NANO


def plain(value: Decimal) -> str:
    """Return the shortest plain notation: no exponent, no trailing zeros, no negative zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def quantity(value: Decimal, unit: str) -> Quantity:
    """Return a quantity in its shortest notation."""
    message = Quantity(unit=unit)
    message.value.value = plain(value)
    return message


def to_date(value: Date) -> dt.date:
    """Return the calendar date; raise ValueError for a date that does not exist or lacks a part."""
    return dt.date(value.year, value.month, value.day)


def from_date(value: dt.date) -> Date:
    return Date(year=value.year, month=value.month, day=value.day)
