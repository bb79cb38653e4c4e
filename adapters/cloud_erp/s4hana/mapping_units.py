"""Conversion to base units with the ERP's own factors. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.mapping import Words
from erp.v1.common_pb2 import Quantity
from erp_ports.amounts import quantity
from erp_ports.errors import NotFound

_SIX_DECIMALS = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True, slots=True)
class Factor:
    """`numerator` base units are `denominator` of the other unit; `base_unit` is in our words."""

    base_unit: str
    numerator: Decimal
    denominator: Decimal


def factor_from_s4(rows: Sequence[odata.Entity], product: str, unit: str, words: Words) -> Factor:
    """Return the factor of one unit out of A_ProductUnitsOfMeasure; raise NotFound for the product or the unit."""
    if not rows:
        raise NotFound(f"S/4HANA has no units for product {product}", kind="product", key=product)
    wanted = words.unit_to_s4(unit)
    for row in rows:
        if odata.text(row, "AlternativeUnit") == wanted:
            numerator = odata.needed_number(row, "QuantityNumerator")
            denominator = odata.needed_number(row, "QuantityDenominator")
            if numerator <= 0 or denominator <= 0:
                raise odata.Unreadable(f"unit {wanted} of {product} has the factor {numerator}/{denominator}")
            base = odata.text(row, "BaseUnit") or _base_unit(rows)
            return Factor(base_unit=words.from_s4("unit", base), numerator=numerator, denominator=denominator)
    raise NotFound(f"S/4HANA does not know the unit {unit} for product {product}", kind="unit", key=unit)


def _base_unit(rows: Sequence[odata.Entity]) -> str:
    """Return the unit whose factor is one to one, where rows do not name the base unit."""
    for row in rows:
        if odata.number(row, "QuantityNumerator") == odata.number(row, "QuantityDenominator"):
            return odata.text(row, "AlternativeUnit")
    raise odata.Unreadable("no row names the base unit")


def base_quantity(value: Quantity, factor: Factor) -> Quantity:
    """Return the quantity in base units, to six decimals."""
    exact = Decimal(value.value.value) * factor.numerator / factor.denominator
    return quantity(exact.quantize(_SIX_DECIMALS), factor.base_unit)
