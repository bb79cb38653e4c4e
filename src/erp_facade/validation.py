"""The rules that stand in the contract itself: the standard ones checked by protovalidate, the custom ones here.

A custom rule is an expression that protovalidate evaluates on a message; for the two forms of decimals that every line
has, that costs more than all other rules together. They are written again here as regular expressions, the generated
code leaves them out, and a test proves that these say the same as the contract.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from google.protobuf.message import Message
from protovalidate import Validator
from protovalidate import Violation as RuleViolation

from erp.v1.availability_pb2 import CheckAvailabilityRequest
from erp_facade.api_error import Violation

# By the rule's id in the contract: the form of the decimal, and what is said of another.
CUSTOM_RULES = {
    "quantity.value": (
        re.compile(r"(?:[1-9][0-9]{0,11}(?:[.][0-9]{1,6})?|0[.](?=0*[1-9])[0-9]{1,6})", re.ASCII),
        "the quantity must be a decimal number above 0 with at most 12 digits before the point and 6 behind it",
    ),
    "agreed_discount.fraction": (
        re.compile(r"0(?:[.][0-9]{1,6})?", re.ASCII),
        "the agreed discount must be a fraction of at least 0 and below 1 with at most 6 decimals",
    ),
}
# No rule of the contract: what stands here is also part of a request's fingerprint, which needs a number.
_PER_QUANTITY = re.compile(r"(?:[1-9][0-9]{0,5}|1000000)(?:[.]0{1,6})?", re.ASCII)
_PER_QUANTITY_WORDS = "the price unit must be a whole number from 1 to 1000000"
_LONGEST_DECIMAL = len("123456789012.123456")
_LINES = {
    "erp.v1.CalculatePricesRequest": "lines",
    "erp.v1.CheckAvailabilityRequest": "lines",
    "erp.v1.SimulateOrderRequest": "order.lines",
    "erp.v1.CreateOrderRequest": "order.lines",
}
_SPECIAL_REASONS = {"request_id": "REQUEST_ID_MISSING"}


class ContractRules:
    """Checks messages against the rules of their descriptors. One instance serves a process; it keeps what it
    compiled."""

    def __init__(self) -> None:
        self._validator = Validator()

    def violations(self, request: Message) -> list[Violation]:
        """Return every violation with its path, such as `lines[3].quantity`."""
        broken = self._validator.collect_violations(request)
        found = [_violation(request, b) for b in broken] if broken else []
        path = _LINES.get(request.DESCRIPTOR.full_name)
        return found + _decimal_violations(request, path) if path is not None else found


def _has_form(rule: str, text: str) -> bool:
    """Return whether a decimal has the form of a custom rule; no longer text has it, and none is remembered."""
    return len(text) <= _LONGEST_DECIMAL and _matches(rule, text)


@lru_cache(maxsize=4096)
def _matches(rule: str, text: str) -> bool:
    """Remember what was looked at: the same few quantities come again and again."""
    return CUSTOM_RULES[rule][0].fullmatch(text) is not None


def _decimal_violations(request: Any, path: str) -> list[Violation]:
    """Return the lines with a quantity, discount or price unit that is not a number of the form it must have."""
    found: list[Violation] = []
    quantity_words, discount_words = CUSTOM_RULES["quantity.value"][1], CUSTOM_RULES["agreed_discount.fraction"][1]
    holder = request.order if path == "order.lines" else request
    priced = not isinstance(request, CheckAvailabilityRequest)
    for index, line in enumerate(holder.lines):
        if not _has_form("quantity.value", line.quantity.value.value) and line.quantity.HasField("value"):
            found.append(Violation(field=f"{path}[{index}].quantity", description=quantity_words))
        if not priced:
            continue
        if line.HasField("agreed_discount") and not _has_form("agreed_discount.fraction", line.agreed_discount.value):
            found.append(Violation(field=f"{path}[{index}].agreed_discount", description=discount_words))
        if (
            line.HasField("agreed_unit_price")
            and line.agreed_unit_price.HasField("per_quantity")
            and _PER_QUANTITY.fullmatch(line.agreed_unit_price.per_quantity.value) is None
        ):
            field = f"{path}[{index}].agreed_unit_price.per_quantity"
            found.append(Violation(field=field, description=_PER_QUANTITY_WORDS))
    return found


def _violation(request: Message, broken: RuleViolation) -> Violation:
    proto = broken.proto
    elements = proto.field.elements if proto.field is not None else ()
    path = _path(elements)
    reason = "INVALID_FIELD"
    if path in _SPECIAL_REASONS and not getattr(request, path, ""):
        return Violation(field=path, description="is required", reason=_SPECIAL_REASONS[path])
    return Violation(
        field=path or "request", description=_words(proto.rule_id or "", proto.message or ""), reason=reason
    )


def _path(elements: Iterable[object]) -> str:
    parts: list[str] = []
    for element in elements:
        name = getattr(element, "field_name", "") or ""
        subscript = getattr(element, "subscript", None)
        index = f"[{subscript.value}]" if subscript is not None and subscript.field == "index" else ""
        parts.append(f"{name}{index}")
    return ".".join(parts)


def _words(rule_id: str, message: str) -> str:
    """Return the violation in words that need no knowledge of the rule language."""
    if rule_id == "required":
        return "is required"
    if rule_id == "string.pattern":
        return f"{message.replace('does not match regex pattern', 'must match the pattern')}"
    return message
