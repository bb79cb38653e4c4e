"""The rules that stand in the contract itself, checked by protovalidate."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import Message
from protovalidate import Validator
from protovalidate import Violation as RuleViolation

from erp_facade.api_error import Violation

_SPECIAL_REASONS = {"request_id": "REQUEST_ID_MISSING"}


class ContractRules:
    """Checks messages against the rules of their descriptors. One instance serves a process; it keeps what it
    compiled."""

    def __init__(self) -> None:
        self._validator = Validator()

    def violations(self, request: Message) -> list[Violation]:
        """Return every violation with its path, such as `lines[3].quantity`."""
        broken = self._validator.collect_violations(request)
        return [_violation(request, b) for b in broken] if broken else []


def _violation(request: Message, broken: RuleViolation) -> Violation:
    proto = broken.proto
    elements = proto.field.elements if proto.field is not None else ()
    path = _path(elements)
    reason = "INVALID_FIELD"
    if path in _SPECIAL_REASONS and not getattr(request, path, ""):
        reason = _SPECIAL_REASONS[path]
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
