"""Resource names of `erp.v1`, taken apart and put together."""

from __future__ import annotations


def business_unit_of(name: str) -> str:
    """Return the business unit's id of any resource name: `businessUnits/NW/orders/1` → `NW`."""
    return name.split("/", 2)[1]


def last_segment(name: str) -> str:
    """Return the last id of a resource name: `businessUnits/NW/products/11` → `11`."""
    return name.rpartition("/")[2]


def business_unit_name(business_unit: str) -> str:
    return f"businessUnits/{business_unit}"


def customer_name(business_unit: str, customer: str) -> str:
    return f"businessUnits/{business_unit}/customers/{customer}"


def product_name(business_unit: str, product: str) -> str:
    return f"businessUnits/{business_unit}/products/{product}"


def order_name(business_unit: str, order: str) -> str:
    return f"businessUnits/{business_unit}/orders/{order}"


def invoice_name(business_unit: str, backend: str, native_key: str) -> str:
    """Return the name of an invoice born in an ERP: the last segment is `{backend}~{native key}`."""
    return f"businessUnits/{business_unit}/invoices/{backend}~{native_key}"


def native_parts(name: str) -> tuple[str, str] | None:
    """Return (backend, native key) of a document born in an ERP, or None when it was created here."""
    backend, tilde, native_key = last_segment(name).partition("~")
    return (backend, native_key) if tilde else None
