"""Units of an item: how many primary units one of each is, by the ERP's own factors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from erp_ports.errors import Rejected
from legacy_erp.sql.config import PricingUnit
from legacy_erp.sql.rows import ConversionRow, ItemRow


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemUnits:
    """The units of one item in one branch; `factors` are exact."""

    primary: str
    factors: Mapping[str, Fraction]
    pricing_units: Mapping[str, PricingUnit]

    def factor(self, unit: str) -> Fraction:
        """Return how many primary units one `unit` is; raise Rejected when the item does not have the unit."""
        stated_in, per = self.stated_per(unit)
        if stated_in == self.primary:
            return Fraction(per)
        if stated_in not in self.factors:
            raise Rejected(f"the ERP has no conversion from {unit} to {self.primary} for this product")
        return self.factors[stated_in] * Fraction(per)

    def stated_per(self, unit: str) -> tuple[str, Decimal]:
        """Return what a price per one `unit` is a price for: HC is (EA, 100), EA is (EA, 1)."""
        pricing = self.pricing_units.get(unit)
        return (unit, Decimal(1)) if pricing is None else (pricing.unit, pricing.per)


def units_of(
    item: ItemRow, conversions: Iterable[ConversionRow], pricing_units: Mapping[str, PricingUnit]
) -> ItemUnits:
    """Collect the item's conversions; a conversion of the branch comes before one for all branches."""
    factors: dict[str, Fraction] = {}
    # Blank branches sort first, so that the branch's own conversion overwrites them.
    for row in sorted(conversions, key=lambda row: row.branch):
        if row.item != item.item or row.branch not in ("", item.branch) or row.factor == 0:
            continue
        if row.related_unit == item.primary_unit:
            factors[row.unit] = Fraction(row.factor)
        elif row.unit == item.primary_unit:
            factors[row.related_unit] = 1 / Fraction(row.factor)
    return ItemUnits(primary=item.primary_unit, factors=factors, pricing_units=pricing_units)


def exact(value: Fraction, places: int = 9) -> Decimal:
    """Return the fraction as a decimal, rounded half-up to `places` where it does not end before."""
    scaled, rest = divmod(abs(value.numerator) * 10**places, value.denominator)
    rounded = scaled + (1 if 2 * rest >= value.denominator else 0)
    return Decimal(-rounded if value < 0 else rounded).scaleb(-places)


def rounded_down(value: Fraction, places: int) -> Decimal:
    """Return the largest decimal with `places` that is not above the (never negative) fraction."""
    return Decimal(value.numerator * 10**places // value.denominator).scaleb(-places)
