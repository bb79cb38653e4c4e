"""What a seed does to one number or text of an answer; both stand-ins use the same arithmetic."""

from __future__ import annotations

from decimal import Decimal

from erp_sandbox.seeds import Seed

_EXTRA_STOCK = 10


def moved_net(seed: Seed | None, net: Decimal, minor_unit: Decimal) -> Decimal:
    """Return the line's net amount, off by exactly one minor unit where the seed says another rounding."""
    if seed is None or seed.cause != "rounding" or seed.value is None:
        return net
    return net - minor_unit if seed.value < 0 else net + minor_unit


def moved_price(seed: Seed | None, price: Decimal) -> Decimal:
    """Return the base price per unit as this answer states it."""
    if seed is None or seed.cause != "price" or seed.value is None:
        return price
    return price * (1 + seed.value / 100) if seed.percent else price + seed.value


def stated_per(seed: Seed | None) -> Decimal:
    """Return the quantity that the price is stated for."""
    if seed is None or seed.value is None or seed.cause not in ("price_unit", "price_unit_wrong"):
        return Decimal(1)
    return seed.value


def extra_discount(seed: Seed | None) -> Decimal:
    """Return the additional discount as a fraction, 0 for none."""
    return seed.value if seed is not None and seed.cause == "discount" and seed.value is not None else Decimal(0)


def seeded_factor(seed: Seed | None, factor: Decimal) -> Decimal:
    """Return how many base units a dozen has in this answer."""
    return seed.value if seed is not None and seed.cause == "unit_factor" and seed.value is not None else factor


def frozen_stock(seed: Seed | None, *, initial: Decimal, present: Decimal) -> Decimal:
    """Return the free stock that this answer sees; a frozen one always shows, also where all stock is sold."""
    if seed is None or seed.cause != "stock_frozen":
        return present
    frozen = initial + _EXTRA_STOCK if seed.value is None else seed.value
    return frozen + 1 if frozen == max(present, Decimal(0)) else frozen


def spoiled_text(seed: Seed | None, text: str) -> str:
    """Return the description, in the other case with doubled blanks where the seed says so."""
    return other_case(text).replace(" ", "  ") if seed is not None and seed.cause == "text" else text


def other_case(text: str) -> str:
    """Return the text in capitals, or in small letters where it is in capitals already."""
    return text.lower() if text == text.upper() else text.upper()


def is_cause(seed: Seed | None, *causes: str) -> bool:
    """Say whether the seed is one of these causes."""
    return seed is not None and seed.cause in causes
