"""Status codes of lines and invoices → our axes. A code without a rule is UNKNOWN and raises an alert."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from erp.v1.orders_pb2 import (
    BILLING_STATE_BILLED,
    BILLING_STATE_NOT_APPLICABLE,
    BILLING_STATE_NOT_BILLED,
    BILLING_STATE_PARTIAL,
    BILLING_STATE_UNKNOWN,
    FULFILMENT_STATE_COMPLETE,
    FULFILMENT_STATE_NOT_APPLICABLE,
    FULFILMENT_STATE_NOT_STARTED,
    FULFILMENT_STATE_PARTIAL,
    FULFILMENT_STATE_UNKNOWN,
    PAYMENT_STATE_OPEN,
    PAYMENT_STATE_PAID,
    PAYMENT_STATE_PARTIAL,
    PAYMENT_STATE_UNKNOWN,
    PAYMENT_STATE_UNSPECIFIED,
    BillingState,
    FulfilmentState,
    PaymentState,
)
from legacy_erp.sql.config import StatusRule
from legacy_erp.sql.rows import DetailRow, PayItemRow

log = logging.getLogger(__name__)

_FULFILMENT = {
    "NOT_STARTED": FULFILMENT_STATE_NOT_STARTED,
    "COMPLETE": FULFILMENT_STATE_COMPLETE,
    "NOT_APPLICABLE": FULFILMENT_STATE_NOT_APPLICABLE,
}
_BILLING = {
    "NOT_BILLED": BILLING_STATE_NOT_BILLED,
    "BILLED": BILLING_STATE_BILLED,
    "NOT_APPLICABLE": BILLING_STATE_NOT_APPLICABLE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LineStatus:
    """What the codes and quantities of one line mean."""

    fulfilment: FulfilmentState.ValueType
    billing: BillingState.ValueType
    cancelled: bool


def line_status(row: DetailRow, rules: Sequence[StatusRule], backend: str) -> LineStatus:
    """Read one line; a shipped line that still has a backorder is delivered in part."""
    if row.ordered and row.cancelled >= row.ordered:
        return LineStatus(
            fulfilment=FULFILMENT_STATE_NOT_APPLICABLE, billing=BILLING_STATE_NOT_APPLICABLE, cancelled=True
        )
    rule = next((rule for rule in rules if rule.matches(row.last_status, row.next_status)), None)
    if rule is None:
        log.error(
            "legacy_sql.status_unmapped",
            extra={"alert": True, "backend": backend, "last_status": row.last_status, "next_status": row.next_status},
        )
        return LineStatus(fulfilment=FULFILMENT_STATE_UNKNOWN, billing=BILLING_STATE_UNKNOWN, cancelled=False)
    fulfilment = _FULFILMENT[rule.fulfilment]
    if fulfilment == FULFILMENT_STATE_COMPLETE and row.backordered > 0:
        fulfilment = FULFILMENT_STATE_PARTIAL if row.shipped > 0 else FULFILMENT_STATE_NOT_STARTED
    return LineStatus(fulfilment=fulfilment, billing=_BILLING[rule.billing], cancelled=rule.cancelled)


def whole_fulfilment(states: Iterable[FulfilmentState.ValueType]) -> FulfilmentState.ValueType:
    """Return the state of a document from its lines'."""
    distinct = set(states)
    if FULFILMENT_STATE_UNKNOWN in distinct:
        return FULFILMENT_STATE_UNKNOWN
    relevant = distinct - {FULFILMENT_STATE_NOT_APPLICABLE}
    if not relevant:
        return FULFILMENT_STATE_NOT_APPLICABLE
    return relevant.pop() if len(relevant) == 1 else FULFILMENT_STATE_PARTIAL


def whole_billing(states: Iterable[BillingState.ValueType]) -> BillingState.ValueType:
    """Return the state of a document from its lines'."""
    distinct = set(states)
    if BILLING_STATE_UNKNOWN in distinct:
        return BILLING_STATE_UNKNOWN
    relevant = distinct - {BILLING_STATE_NOT_APPLICABLE}
    if not relevant:
        return BILLING_STATE_NOT_APPLICABLE
    return relevant.pop() if len(relevant) == 1 else BILLING_STATE_PARTIAL


def payment_state(pay_items: Sequence[PayItemRow], codes: Mapping[str, str], backend: str) -> PaymentState.ValueType:
    """Return how far invoices are paid, from the open amounts and payment codes of their pay items.

    Void pay items do not count; without any other there is no invoice.
    """
    valid = [row for row in pay_items if not row.void]
    if not valid:
        return PAYMENT_STATE_UNSPECIFIED
    unmapped = sorted({row.payment_code for row in valid} - set(codes))
    if unmapped:
        log.error(
            "legacy_sql.payment_code_unmapped", extra={"alert": True, "backend": backend, "payment_codes": unmapped}
        )
        return PAYMENT_STATE_UNKNOWN
    if all(codes[row.payment_code] == "PAID" or row.open == 0 for row in valid):
        return PAYMENT_STATE_PAID
    if any(codes[row.payment_code] == "PAID" or row.open != row.gross for row in valid):
        return PAYMENT_STATE_PARTIAL
    return PAYMENT_STATE_OPEN


def is_cancelled(invoice_items: Sequence[PayItemRow]) -> bool:
    """Say whether every pay item of the invoice is void."""
    return bool(invoice_items) and all(row.void for row in invoice_items)
