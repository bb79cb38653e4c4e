"""Status codes of sales documents: blank is not relevant, A not yet, B partly, C completely."""

from __future__ import annotations

from collections.abc import Sequence

from erp_sandbox.cloud.documents import Item, SalesOrder
from erp_sandbox.cloud.odata.edm import Value


def overall(done: Sequence[bool]) -> str:
    """Return the status of a whole from its parts."""
    if not done:
        return ""
    if all(done):
        return "C"
    return "B" if any(done) else "A"


def item_statuses(item: Item) -> dict[str, Value]:
    if not item.live:
        return {"SDProcessStatus": "C", "DeliveryStatus": "", "OrderRelatedBillingStatus": ""}
    return {
        "SDProcessStatus": overall([item.shipped, item.billed]),
        "DeliveryStatus": overall([item.shipped]),
        "OrderRelatedBillingStatus": overall([item.billed]),
    }


def order_statuses(order: SalesOrder) -> dict[str, Value]:
    live = order.live_items
    delivery = overall([item.shipped for item in live])
    finished = [item.shipped and item.billed for item in live]
    begun = any(item.shipped or item.billed for item in live)
    process = overall(finished) if live else "C"
    return {
        "OverallSDProcessStatus": "B" if process == "A" and begun else process,
        "OverallDeliveryStatus": delivery,
        "OverallTotalDeliveryStatus": delivery,
        "OverallOrdReltdBillgStatus": overall([item.billed for item in live]),
        # Here A means that nothing is rejected and C that everything is.
        "OverallSDDocumentRejectionSts": overall([not item.live for item in order.items]) or "A",
        "TotalCreditCheckStatus": "A",
    }
