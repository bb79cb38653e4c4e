"""How the stand-in writes dates, amounts and texts: CYYDDD, implied decimals, blanks."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

QUANTITY_DECIMALS = 3
PRICE_DECIMALS = 4
FACTOR_DECIMALS = 4
CONVERSION_DECIMALS = 7
LINE_DECIMALS = 3
AMOUNT_DECIMALS = 2
FOREVER = date(2040, 12, 31)


def cyyddd(day: date) -> int:
    """Return the date as century since 1900, year and day of the year: 2026-11-22 is 126326."""
    return (day.year - 1900) * 1000 + day.timetuple().tm_yday


def from_cyyddd(value: int) -> date:
    """Return the date of a value that is not 0; raise ValueError for a day that no year has."""
    year, day = divmod(value, 1000)
    if not 1 <= day <= 366:
        raise ValueError(f"{value} is not a date")
    return date(1900 + year, 1, 1) + timedelta(days=day - 1)


def implied(value: Decimal | Fraction | int, decimals: int) -> int:
    """Return the number without its point, rounded half away from zero: 12.5 with 4 decimals is 125000."""
    scaled = Fraction(value) * 10**decimals
    whole = int(abs(scaled) + Fraction(1, 2))
    return -whole if scaled < 0 else whole


def explicit(value: int, decimals: int) -> Decimal:
    """Return the number with its point."""
    return Decimal(value).scaleb(-decimals)


def round_amount(value: Fraction) -> Decimal:
    """Round half-up to the minor unit of the currency."""
    return explicit(implied(value, AMOUNT_DECIMALS), AMOUNT_DECIMALS)


def two_descriptions(text: str) -> tuple[str, str]:
    """Split a name into the two description lines of 30 characters, between words where it can be."""
    if len(text) <= 30:
        return text, ""
    cut = text.rfind(" ", 0, 31)
    cut = cut if cut > 0 else 30
    return text[:cut], text[cut:].strip()[:30]
