"""What an adapter raises, named by what its caller should do next.

    ErpError
    ├── Rejected            fix the request          (a business refusal, with a class of reason)
    │   └── ForeignCurrency        ask in the ERP's currency
    ├── NotFound            –                        (the product, customer or document does not exist)
    │   └── CrossReferenceMissing  maintain the cross-reference
    ├── Conflict            read again               (the document changed meanwhile)
    ├── Throttled           wait, then repeat        (surely not executed)
    ├── Unavailable         repeat                   (surely not executed)
    ├── OutcomeUnknown      look it up               (it may have been executed)
    ├── Unsupported         take another route       (this ERP cannot do it)
    └── Misconfigured       call operations          (credentials, permissions, schema)

Situation in an adapter → raise:

    the connection was refused before any byte went out        Unavailable
    429, or a 503 documented as sent before processing         Throttled
    a read or a simulation timed out                           OutcomeUnknown(timed_out=True)
    a write timed out, broke off, or answered unreadably       OutcomeUnknown
    4xx with a business message                                Rejected with its reason
    the ERP does not know the product or customer              NotFound
    our table has no key of this ERP for it                    CrossReferenceMissing
    401, 403, a missing table or column                        Misconfigured
    anything that no rule of the adapter knows                 OutcomeUnknown (writes are then looked up)
"""

from __future__ import annotations

import enum


class RefusalReason(enum.StrEnum):
    """The class of a business refusal; two ERPs that refuse with the same class agree."""

    VALIDATION = "VALIDATION"
    CREDIT = "CREDIT"
    STOCK = "STOCK"
    PRICE_MISSING = "PRICE_MISSING"


class ErpError(Exception):
    """A call to an ERP did not succeed.

    `message` is for the caller and free of secrets; `detail` (the ERP's raw words, codes, statement names) is for
    the log only.
    """

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class Rejected(ErpError):
    """The ERP refuses for a business reason; the same request will be refused again."""

    def __init__(
        self, message: str, *, reason: RefusalReason = RefusalReason.VALIDATION, source_code: str = "", detail: str = ""
    ) -> None:
        super().__init__(message, detail=detail)
        self.reason = reason
        self.source_code = source_code


class ForeignCurrency(Rejected):
    """The ERP answered in another currency than the one asked for; amounts are never converted here."""


class NotFound(ErpError):
    """The ERP does not know the thing; `kind` is `product`, `customer`, `plant`, `unit`, `order` or `invoice`."""

    def __init__(self, message: str, *, kind: str, key: str = "", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.kind = kind
        self.key = key


class CrossReferenceMissing(NotFound):
    """Our cross-reference has no key of this ERP for the thing; no ERP was asked."""


class Conflict(ErpError):
    """The document changed since it was read."""


class Throttled(ErpError):
    """The ERP asks to slow down and surely did not execute the call; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.retry_after = retry_after


class Unavailable(ErpError):
    """The ERP was not reached; the call was surely not executed."""

    def __init__(self, message: str, *, retry_after: float | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.retry_after = retry_after


class OutcomeUnknown(ErpError):
    """The call may have been executed: a time-out, a cut connection, an unreadable answer."""

    def __init__(self, message: str, *, timed_out: bool = False, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.timed_out = timed_out


class Unsupported(ErpError):
    """The ERP behind this adapter cannot do it, or the adapter cannot yet."""


class Misconfigured(ErpError):
    """The access to the ERP is not set up correctly; `detail` says how, in the log only."""
