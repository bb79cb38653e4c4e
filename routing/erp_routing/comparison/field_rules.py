"""The default rules, as data: how each field of each answer is compared, and whether a difference decides.

A field of the contract that has no rule here makes the comparator refuse to be built, so it cannot be forgotten.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, fields

from erp_routing.comparison.classes import Severity


class Kind(enum.StrEnum):
    """What a field is, and with that how two values of it are compared."""

    IGNORED = "IGNORED"
    LINES = "LINES"
    LINE_ID = "LINE_ID"
    IDENTIFIER = "IDENTIFIER"
    TEXT = "TEXT"
    QUANTITY = "QUANTITY"
    BASE_QUANTITY = "BASE_QUANTITY"
    UNIT_PRICE = "UNIT_PRICE"
    LINE_MONEY = "LINE_MONEY"
    DOCUMENT_MONEY = "DOCUMENT_MONEY"
    DATE = "DATE"
    DECISION = "DECISION"
    CONFIRMATIONS = "CONFIRMATIONS"
    COMPONENTS = "COMPONENTS"


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldRule:
    """How one field is compared.

    `severity` is that of a difference. `absent_counts` says whether a value on one side only is a difference; if not,
    the field is NOT_COMPARABLE and does not decide. `moves` marks fields that follow the stock and may change by
    themselves. `follows_factor` marks what cannot agree once the ERPs' unit factors differ.
    """

    kind: Kind
    severity: Severity = Severity.GATING
    absent_counts: bool = True
    moves: bool = False
    follows_factor: bool = False


_IGNORED = FieldRule(kind=Kind.IGNORED, severity=Severity.IGNORE)
_LINES = FieldRule(kind=Kind.LINES)
_LINE_ID = FieldRule(kind=Kind.LINE_ID)
_IDENTIFIER = FieldRule(kind=Kind.IDENTIFIER)
_TEXT = FieldRule(kind=Kind.TEXT, absent_counts=False)
_QUANTITY = FieldRule(kind=Kind.QUANTITY, follows_factor=True)
_BASE_QUANTITY = FieldRule(kind=Kind.BASE_QUANTITY)
_NET_PRICE = FieldRule(kind=Kind.UNIT_PRICE, absent_counts=False, follows_factor=True)
_LIST_PRICE = FieldRule(kind=Kind.UNIT_PRICE, severity=Severity.WARNING, absent_counts=False, follows_factor=True)
_LINE_NET = FieldRule(kind=Kind.LINE_MONEY, follows_factor=True)
_LINE_TAX = FieldRule(kind=Kind.LINE_MONEY, severity=Severity.INFO, absent_counts=False, follows_factor=True)
_TOTAL = FieldRule(kind=Kind.DOCUMENT_MONEY, absent_counts=False, follows_factor=True)
_ECHOED_DATE = FieldRule(kind=Kind.DATE, absent_counts=False)
_PROMISED_DATE = FieldRule(kind=Kind.DATE, moves=True, follows_factor=True)
_DECISION = FieldRule(kind=Kind.DECISION, moves=True, follows_factor=True)
_SIMULATED_DECISION = FieldRule(kind=Kind.DECISION, absent_counts=False, moves=True, follows_factor=True)
_CONFIRMATIONS = FieldRule(kind=Kind.CONFIRMATIONS, moves=True, follows_factor=True)
_COMPONENTS = FieldRule(kind=Kind.COMPONENTS, severity=Severity.INFO)
_CREDIT = FieldRule(kind=Kind.DECISION, absent_counts=False)

FIELD_RULES: dict[str, dict[str, FieldRule]] = {
    "erp.v1.CalculatePricesResponse": {
        "lines": _LINES,
        "net_amount": _TOTAL,
        "tax_amount": _TOTAL,
        "pricing_date": _ECHOED_DATE,
        "valid_until": _IGNORED,  # says when the question was asked
        "split": _IGNORED,  # the facade's own, as the two below
        "partial": _IGNORED,
        "missing": _IGNORED,
    },
    "erp.v1.PricedLine": {
        "line_id": _LINE_ID,
        "product": _IDENTIFIER,
        "plant": _IDENTIFIER,
        "quantity": _QUANTITY,
        "list_price": _LIST_PRICE,
        "net_price": _NET_PRICE,
        "components": _COMPONENTS,
        "net_amount": _LINE_NET,
        "tax_amount": _LINE_TAX,  # an ERP may round tax per document; the document's tax gates
        "description": _TEXT,
        "source": _IGNORED,
        "base_quantity": _BASE_QUANTITY,
    },
    "erp.v1.CheckAvailabilityResponse": {
        "lines": _LINES,
        "split": _IGNORED,
        "partial": _IGNORED,
        "missing": _IGNORED,
    },
    "erp.v1.LineAvailability": {
        "line_id": _LINE_ID,
        "product": _IDENTIFIER,
        "plant": _IDENTIFIER,
        "requested_date": _ECHOED_DATE,
        "decision": _DECISION,
        "confirmations": _CONFIRMATIONS,
        "earliest_full_date": _PROMISED_DATE,
        "source": _IGNORED,
        "base_quantity": _BASE_QUANTITY,
    },
    "erp.v1.SimulateOrderResponse": {
        "lines": _LINES,
        "net_amount": _TOTAL,
        "tax_amount": _TOTAL,
        "composed": _IGNORED,  # how the answer came about
        "split": _IGNORED,
        "partial": _IGNORED,
        "missing": _IGNORED,
        "credit_decision": _CREDIT,
    },
    "erp.v1.SimulatedLine": {
        "line_id": _LINE_ID,
        "product": _IDENTIFIER,
        "plant": _IDENTIFIER,
        "quantity": _QUANTITY,
        "net_price": _NET_PRICE,
        "net_amount": _LINE_NET,
        "requested_date": _ECHOED_DATE,
        "decision": _SIMULATED_DECISION,  # what was not checked must not keep the money from deciding
        "confirmations": _CONFIRMATIONS,
        "description": _TEXT,
        "source": _IGNORED,
        "base_quantity": _BASE_QUANTITY,
    },
}

READ_FIELDS: dict[str, frozenset[str]] = {
    "erp.v1.Quantity": frozenset({"value", "unit"}),
    "erp.v1.UnitPrice": frozenset({"amount", "per_quantity", "unit"}),
    "erp.v1.Confirmation": frozenset({"ship_date", "quantity"}),
    "erp.v1.PriceComponent": frozenset({"kind", "amount"}),
    "google.type.Money": frozenset({"currency_code", "units", "nanos"}),
    "google.type.Decimal": frozenset({"value"}),
    "google.type.Date": frozenset({"year", "month", "day"}),
}
"""The fields of value types that the comparison reads."""

UNREAD_FIELDS: dict[str, frozenset[str]] = {"erp.v1.PriceComponent": frozenset({"source_code"})}
"""Fields of value types that are left out on purpose: each ERP has its own names of conditions."""

UNDECIDED: dict[str, frozenset[str]] = {
    "erp.v1.AvailabilityDecision": frozenset({"AVAILABILITY_DECISION_UNSPECIFIED", "NOT_CHECKED"}),
    "erp.v1.CreditDecision": frozenset(
        {"CREDIT_DECISION_UNSPECIFIED", "CREDIT_DECISION_NOT_CHECKED", "CREDIT_DECISION_UNKNOWN"}
    ),
}
"""Values with which an ERP says that it took no decision; they cannot be compared with one."""

TEXT_LENGTHS = frozenset({30, 40, 60})
"""Field lengths at which ERPs cut a description: JD Edwards 30, SAP 40, Dynamics 365 60."""

_ALGORITHM = 2
"""Raised when the code that carries out the rules changes its judgement."""


def _rule_set() -> str:
    """Return the version of the rules: equal versions judge alike."""
    lines = [f"algorithm {_ALGORITHM}", f"lengths {sorted(TEXT_LENGTHS)}"]
    lines += [f"{enum_name} {sorted(values)}" for enum_name, values in sorted(UNDECIDED.items())]
    for message, rules in sorted(FIELD_RULES.items()):
        for name, rule in sorted(rules.items()):
            lines.append(f"{message}.{name} {[str(getattr(rule, f.name)) for f in fields(rule)]}")
    return f"{_ALGORITHM}-{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:12]}"


RULE_SET = _rule_set()
"""Version of the default rules, stored with every observation."""
