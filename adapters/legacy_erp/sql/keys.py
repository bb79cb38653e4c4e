"""Our ids ↔ JDE's keys: the cross-reference plus the shapes that JDE's key columns have."""

from __future__ import annotations

import logging

from erp_ports.errors import CrossReferenceMissing, Misconfigured, NotFound
from erp_ports.names import customer_name, last_segment, product_name
from erp_ports.xref import CrossReference
from legacy_erp.sql.config import CompanySettings, SqlConfig

log = logging.getLogger(__name__)

REFERENCE_DIGITS = 9
_ADDRESS_NUMBER_DIGITS = 8
_LENGTHS = {"product": 25, "plant": 12, "unit": 2}


class Keys:
    """Both directions of every key. Methods `…_to_jde` raise NotFound, `…_from_jde` answer blank and log."""

    def __init__(self, config: SqlConfig, xref: CrossReference) -> None:
        self._companies = config.business_units
        self._xref = xref

    def company(self, business_unit: str) -> CompanySettings:
        """Return the company of a business unit of ours."""
        settings = self._companies.get(business_unit)
        if settings is None:
            raise Misconfigured(
                f"the ERP has no company for business unit {business_unit}",
                detail=f"{self._xref.backend}: add business_units.{business_unit} to the adapter's settings",
            )
        return settings

    def customer_to_jde(self, name: str) -> int:
        """Return the address number of a customer's resource name."""
        customer = last_segment(name)
        key = self._xref.to_erp("customer", customer)
        if not (key.isascii() and key.isdecimal()) or len(key.lstrip("0")) > _ADDRESS_NUMBER_DIGITS:
            raise NotFound(f"{customer} is not a customer number of the ERP", kind="customer", key=customer)
        return int(key)

    def product_to_jde(self, name: str) -> str:
        """Return the second item number of a product's resource name."""
        return self._text_to_jde("product", last_segment(name))

    def plant_to_jde(self, plant: str) -> str:
        """Return the branch of a plant, not yet aligned."""
        return self._text_to_jde("plant", plant).strip(" ")

    def unit_to_jde(self, unit: str) -> str:
        return self._text_to_jde("unit", unit)

    def _text_to_jde(self, kind: str, ours: str) -> str:
        key = self._xref.to_erp(kind, ours)
        if not 0 < len(key.strip(" ")) <= _LENGTHS[kind]:
            raise NotFound(f"{ours} is not a {kind} of the ERP", kind=kind, key=ours)
        return key

    def unit_from_jde(self, unit: str) -> str:
        return self._from_jde("unit", unit)

    def plant_from_jde(self, branch: str) -> str:
        return self._from_jde("plant", branch)

    def product_from_jde(self, business_unit: str, number: str) -> str:
        """Return the product's resource name, or blank when it has no id here."""
        product = self._from_jde("product", number)
        return product_name(business_unit, product) if product else ""

    def customer_from_jde(self, business_unit: str, address_number: int) -> str:
        """Return the customer's resource name, or blank when it has no id here."""
        customer = self._from_jde("customer", str(address_number))
        return customer_name(business_unit, customer) if customer else ""

    def _from_jde(self, kind: str, key: str) -> str:
        # A document that was typed into the ERP may name things that callers do not know; it is shown all the same.
        try:
            return self._xref.from_erp(kind, key)
        except CrossReferenceMissing:
            log.warning("legacy_sql.key_unmapped", extra={"backend": self._xref.backend, "kind": kind, "erp_key": key})
            return ""


def reference_to_jde(reference: str) -> int:
    """Return the number that EDOC holds; raise Misconfigured for a reference that is not of the declared shape."""
    if not (reference.isascii() and reference.isdecimal() and 0 < len(reference) <= REFERENCE_DIGITS):
        raise Misconfigured(
            "the reference of this order does not fit the ERP",
            detail=f"{reference!r} is not a number of at most {REFERENCE_DIGITS} digits (EDOC)",
        )
    return int(reference)
