"""Totals over the documents of several ERPs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from google.type.money_pb2 import Money

from erp_ports.amounts import money, money_amount


def merge_totals(merged: Any, responses: Sequence[Any], currency: str) -> None:
    """Sum the documents' net amounts; tax only when every document states it."""
    for field in ("net_amount", "tax_amount"):
        if field not in merged.DESCRIPTOR.fields_by_name:
            continue
        if all(r.HasField(field) for r in responses):
            getattr(merged, field).CopyFrom(add([getattr(r, field) for r in responses], currency))


def add(amounts: Sequence[Money], currency: str) -> Money:
    """Return the exact sum."""
    return money(sum((money_amount(a) for a in amounts), Decimal(0)), currency)
