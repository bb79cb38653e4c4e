"""What of a pair of answers can be compared, given who answers and when."""

from __future__ import annotations

from erp_ports.operations import Declaration, Operation, Support
from erp_routing.comparison import Comparability
from erp_routing.comparison.booked import BOOKED_FIELDS
from erp_routing.routes import StockSync

STOCK_NOT_SHARED = "stock_not_shared"
"""The ERP that does not book never learns of bookings, so its stock says nothing."""
BOOKED_BETWEEN = "booked_between"
"""The candidate simulated while, or after, the control booked: it may see the booking itself in its stock."""


def comparability(
    operation: Operation,
    stock_sync: StockSync,
    control: Declaration | None,
    candidate: Declaration | None,
    *,
    booking: bool = False,
    booked_between: bool = False,
) -> Comparability:
    """Return what can be compared. A composed simulation has only the fields that its adapter declares."""
    fields: frozenset[str] | None = BOOKED_FIELDS if booking else None
    if operation is Operation.SIMULATE_ORDER:
        for declaration in (None if booking else control, candidate):
            if declaration is not None and declaration.support(operation) is Support.COMPOSED:
                fields = declaration.simulated_fields if fields is None else fields & declaration.simulated_fields
    reason = BOOKED_BETWEEN if booked_between else ""
    if stock_sync is StockSync.NONE:
        reason = STOCK_NOT_SHARED
    return Comparability(fields=fields, stock_reason=reason)
