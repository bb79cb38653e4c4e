"""Keys, units, quantities and codes, both ways: what all mappings of this adapter share. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from google.type.money_pb2 import Money

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.config import SUFFIX_SEPARATOR, S4Config, SalesArea
from erp.v1.common_pb2 import Quantity, SourceStatus, UnitPrice
from erp_ports.amounts import money, plain, quantity
from erp_ports.errors import CrossReferenceMissing, ForeignCurrency, Misconfigured, Rejected
from erp_ports.names import last_segment
from erp_ports.xref import CrossReference

_NANO_PLACES = 9
_QUANTITY_PLACES = 3
_MATERIAL_LENGTHS = (18, 40)
_BASE32 = re.compile(r"[A-Z2-7]+")
_T = TypeVar("_T")

Alert = Callable[[str, Mapping[str, str]], None]


@dataclass(frozen=True, kw_only=True)
class Words:
    """What translates between our words and those of one configured S/4HANA system.

    `alert` is told the stable name of something that a person should look into, with what it is about.
    """

    backend: str
    config: S4Config
    xref: CrossReference
    plant_zones: Mapping[str, ZoneInfo]
    alert: Alert

    def area(self, business_unit: str) -> SalesArea:
        """Return the sales area of a business unit; raise Misconfigured when none is configured."""
        area = self.config.business_units.get(business_unit)
        if area is None:
            raise Misconfigured(
                f"backend {self.backend} has no sales area for business unit {business_unit}",
                detail=f"add {business_unit} to business_units of backend {self.backend}",
            )
        return area

    def customer_to_s4(self, name: str) -> str:
        return self.xref.to_erp("customer", last_segment(name))

    def product_to_s4(self, name: str) -> str:
        return self.xref.to_erp("product", last_segment(name))

    def plant_to_s4(self, plant: str) -> str:
        return self.xref.to_erp("plant", plant)

    def unit_to_s4(self, unit: str) -> str:
        return self.xref.to_erp("unit", unit)

    def from_s4(self, kind: str, key: str) -> str:
        """Return our id of an ERP's key.

        A key without an id here keeps its own form, with an alert: a document must stay readable, and a comparison
        with what was sent then shows the difference.
        """
        for form in _forms(kind, key):
            try:
                return self.xref.from_erp(kind, form)
            except CrossReferenceMissing:
                continue
        self.alert("s4.key_without_id", {"kind": kind, "key": key})
        return key

    def meaning(self, field: str, code: str, table: Mapping[str, _T]) -> _T | None:
        """Return what a status code means, or None with an alert when nobody has said."""
        if code in table:
            return table[code]
        self.alert("s4.code_without_meaning", {"field": field, "code": code})
        return None

    def source_statuses(self, source: odata.Entity, *fields: str) -> list[SourceStatus]:
        """Return the raw codes of these fields as far as the answer holds them."""
        return [
            SourceStatus(backend=self.backend, field=field, value=odata.text(source, field))
            for field in fields
            if field in source
        ]


def _forms(kind: str, key: str) -> tuple[str, ...]:
    """Return the forms in which services write a key: numeric materials and partners with or without zeros."""
    if not key.isdecimal():
        return (key,)
    if kind == "product":
        return (key, *(key.zfill(length) for length in _MATERIAL_LENGTHS), key.lstrip("0"))
    if kind == "customer":
        return (key, key.zfill(10), key.lstrip("0"))
    return (key,)


def same_material(one: str, other: str) -> bool:
    """Say whether two material numbers are the same, with or without leading zeros."""
    if one.isdecimal() and other.isdecimal():
        return one.lstrip("0") == other.lstrip("0")
    return one == other


def item_number(position: int) -> str:
    """Return the item number of a line by its position from 0: `10`, `20`, as sales orders count."""
    return str((position + 1) * 10)


def item_position(raw: str) -> int | None:
    """Return the number of an item written `10` or `000010`; None when it is no number."""
    return int(raw) if raw.isdecimal() else None


def quantity_to_s4(line_id: str, value: Quantity) -> str:
    """Write a quantity; S/4HANA has room for three decimals and would round the rest away."""
    amount = Decimal(value.value.value)
    if amount != round(amount, _QUANTITY_PLACES):
        raise Rejected(f"line {line_id}: S/4HANA takes quantities with at most {_QUANTITY_PLACES} decimals")
    return plain(amount)


def quantity_from_s4(source: odata.Entity, words: Words, asked: Quantity | None = None) -> Quantity:
    """Return an item's quantity and unit; what the answer leaves out is as it was asked."""
    amount = odata.number(source, "RequestedQuantity")
    unit = odata.text(source, "RequestedQuantityUnit") or odata.text(source, "OrderQuantityUnit")
    if asked is not None:
        amount = Decimal(asked.value.value) if amount is None else amount
        return quantity(amount, words.from_s4("unit", unit) if unit else asked.unit)
    if amount is None:
        raise odata.Unreadable("RequestedQuantity is missing")
    return quantity(amount, words.from_s4("unit", unit))


def unit_price(net: Decimal, currency: str, per: Quantity) -> UnitPrice:
    """Return `net / per` as a price that loses nothing.

    It is stated for one unit where that takes at most nine decimals, else for the whole quantity.
    """
    units = Decimal(per.value.value)
    single = (net / units).normalize() if units else net
    exact = single * units == net and -int(single.as_tuple().exponent) <= _NANO_PLACES
    return price_per(single if exact else net, currency, Decimal(1) if exact else units, per.unit)


def price_per(amount: Decimal, currency: str, units: Decimal, unit: str) -> UnitPrice:
    """Return a price of `amount` for `units` of a unit."""
    price = UnitPrice(amount=money(amount, currency), unit=unit)
    if units != 1:
        price.per_quantity.value = plain(units)
    return price


def money_from_s4(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else money(amount, currency)


def require_currency(asked: str, *sources: odata.Entity | None) -> None:
    """Raise ForeignCurrency when the answer states amounts in another currency than was asked for."""
    for source in sources:
        stated = odata.text(source, "TransactionCurrency") if source else ""
        if stated and stated != asked:
            raise ForeignCurrency(f"S/4HANA calculates in {stated} for this customer, not in {asked}")


def require_material(line_id: str, asked: str, item: odata.Entity) -> None:
    """Raise Rejected when the ERP would sell another material than was asked for."""
    stated = odata.text(item, "Material")
    if stated and not same_material(asked, stated):
        raise Rejected(f"line {line_id}: S/4HANA would sell material {stated} instead of {asked}")


def split_number(stated: str, words: Words) -> tuple[str, str]:
    """Return our reference and the customer's own number out of `PurchaseOrderByCustomer`."""
    shape = words.config.reference
    own, separator, reference = stated.rpartition(SUFFIX_SEPARATOR)
    if shape.is_suffix and separator and len(reference) <= shape.length and _BASE32.fullmatch(reference):
        return reference, own
    return "", stated
