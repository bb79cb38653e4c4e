"""The class of an adapter's error: two ERPs that refuse with the same class agree."""

from __future__ import annotations

import enum

from erp_ports.errors import (
    Conflict,
    ErpError,
    Misconfigured,
    NotFound,
    OutcomeUnknown,
    RefusalReason,
    Rejected,
    Throttled,
    Unavailable,
    Unsupported,
)


class ErrorClass(enum.StrEnum):
    """Why a call did not succeed, in words that both ERPs share."""

    VALIDATION = "VALIDATION"
    NOT_FOUND = "NOT_FOUND"
    CREDIT = "CREDIT"
    STOCK = "STOCK"
    PRICE_MISSING = "PRICE_MISSING"
    AUTH = "AUTH"
    CONFLICT = "CONFLICT"
    THROTTLED = "THROTTLED"
    TIMEOUT = "TIMEOUT"
    TECHNICAL = "TECHNICAL"
    UNSUPPORTED = "UNSUPPORTED"

    @property
    def business(self) -> bool:
        """Whether the ERP itself answered with a refusal; the others say nothing about correctness."""
        return self in _BUSINESS


_BUSINESS = frozenset(
    {
        ErrorClass.VALIDATION,
        ErrorClass.NOT_FOUND,
        ErrorClass.CREDIT,
        ErrorClass.STOCK,
        ErrorClass.PRICE_MISSING,
        ErrorClass.CONFLICT,
    }
)
_REASONS = {reason: ErrorClass(reason.value) for reason in RefusalReason}
MASTER_DATA = frozenset({"product", "customer", "plant", "unit"})
"""Kinds of things that both ERPs must know before they can answer alike."""


def error_class(error: ErpError) -> ErrorClass:
    """Return the class of an error; an error that no rule knows is TECHNICAL."""
    match error:
        case Rejected():
            return _REASONS[error.reason]
        case NotFound():
            return ErrorClass.NOT_FOUND
        case Conflict():
            return ErrorClass.CONFLICT
        case Throttled():
            return ErrorClass.THROTTLED
        case OutcomeUnknown() if error.timed_out:
            return ErrorClass.TIMEOUT
        case Misconfigured():
            return ErrorClass.AUTH
        case Unsupported():
            return ErrorClass.UNSUPPORTED
        case Unavailable() | OutcomeUnknown():
            return ErrorClass.TECHNICAL
        case _:
            return ErrorClass.TECHNICAL


def lacks_master_data(error: ErpError) -> bool:
    """Return whether the ERP, or our cross-reference to it, does not know a product, customer, plant or unit."""
    return isinstance(error, NotFound) and error.kind in MASTER_DATA
