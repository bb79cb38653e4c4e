"""What an adapter can do, declared as data."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Effect(enum.StrEnum):
    """What an operation does to an ERP. The shadow of a call never holds a WRITE."""

    READ = "READ"
    SIMULATE = "SIMULATE"
    WRITE = "WRITE"


class Support(enum.StrEnum):
    """Whether an adapter has an operation; UNSUPPORTED is the ERP's limit, NOT_IMPLEMENTED is ours."""

    SUPPORTED = "SUPPORTED"
    COMPOSED = "COMPOSED"
    UNSUPPORTED = "UNSUPPORTED"
    NOT_IMPLEMENTED = "NOT_IMPLEMENTED"


class Operation(enum.StrEnum):
    """Every operation a port has; the value is the method's name."""

    CALCULATE_PRICES = "calculate_prices"
    CHECK_AVAILABILITY = "check_availability"
    SIMULATE_ORDER = "simulate_order"
    GET_ORDER = "get_order"
    FIND_ORDER = "find_order"
    CREATE_ORDER = "create_order"
    CANCEL_ORDER = "cancel_order"
    GET_INVOICE = "get_invoice"
    LIST_INVOICES = "list_invoices"
    CHECK = "check"

    @property
    def effect(self) -> Effect:
        """What the operation does to the ERP."""
        return _EFFECTS.get(self, Effect.READ)


_EFFECTS = {
    Operation.SIMULATE_ORDER: Effect.SIMULATE,
    Operation.CREATE_ORDER: Effect.WRITE,
    Operation.CANCEL_ORDER: Effect.WRITE,
}


class ReferenceKind(enum.StrEnum):
    """How the reference of an order part is made."""

    NUMBER = "NUMBER"
    TEXT = "TEXT"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceShape:
    """Shape of the field that carries our reference in this ERP.

    NUMBER: a decimal number that the facade allocates, at most `length` digits, never starting with 0.
    TEXT: upper-case base32 of at most `length` characters. `field` is the ERP's name of the field.
    """

    kind: ReferenceKind
    length: int
    field: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteFacts:
    """What is proven about writing orders to this configured backend; an empty mechanism claims nothing.

    `unique_reference` (U): what keeps a repeated reference from booking twice.
    `consistent_lookup` (L): what makes `find_order` see every booking that exists.
    `bounded_execution` (T): what bounds the time after which a request may still be executed, `bound_seconds` long.
    """

    reference: ReferenceShape
    unique_reference: str = ""
    consistent_lookup: str = ""
    bounded_execution: str = ""
    bound_seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """An adapter's operations and what is proven about its writes. An operation not named is NOT_IMPLEMENTED."""

    operations: dict[Operation, Support]
    write_facts: WriteFacts | None = None
    simulated_fields: frozenset[str] = field(default_factory=frozenset)
    """For a COMPOSED simulation: the fields of `SimulatedLine` that it has; only these are compared."""

    def support(self, operation: Operation) -> Support:
        """Return how far the adapter has the operation."""
        return self.operations.get(operation, Support.NOT_IMPLEMENTED)

    def offers(self, operation: Operation) -> bool:
        """Return whether the operation can be called, composed or not."""
        return self.support(operation) in (Support.SUPPORTED, Support.COMPOSED)
