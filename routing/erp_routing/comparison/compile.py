"""A comparator for a type of answer, compiled once from its descriptor and the rules.

Comparing runs on the event loop that serves callers, so the usual case is made cheap: all fields of a line are read
at once and compared as one tuple; only where the tuples differ are the fields judged one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from erp.v1.availability_pb2 import CheckAvailabilityResponse
from erp.v1.orders_pb2 import SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesResponse
from erp_routing.comparison.classes import ComparisonClass, Difference, Severity
from erp_routing.comparison.components import component_differences
from erp_routing.comparison.field_judges import field_judge
from erp_routing.comparison.field_rules import FIELD_RULES, FieldRule, Kind
from erp_routing.comparison.finding import FieldJudge, Finding
from erp_routing.comparison.lines import describe_line, match_lines

_ANSWERS: dict[str, Descriptor] = {
    answer.full_name: answer
    for answer in (
        CalculatePricesResponse.DESCRIPTOR,
        CheckAvailabilityResponse.DESCRIPTOR,
        SimulateOrderResponse.DESCRIPTOR,
    )
}
_IDENTIFYING = frozenset({"line_id", "product", "plant"})
_DOCUMENT_FIELDS_OF_LINES = frozenset({"net_amount"})


class RuleMissing(Exception):
    """The contract and the rules name different fields; a rule has to be added or removed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparability:
    """What of two answers can be compared.

    `fields` are the fields of a line that both sides have (None: all). `stock_reason` says why fields that follow the
    stock cannot be compared, empty when they can.
    """

    fields: frozenset[str] | None = None
    stock_reason: str = ""


EVERYTHING = Comparability()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    name: str
    counted_as: str
    rule: FieldRule
    judge: FieldJudge
    priced: bool


class Comparator:
    """Compares two answers of one type."""

    def __init__(
        self, answer: Descriptor, rules: Mapping[str, Mapping[str, FieldRule]], comparability: Comparability
    ) -> None:
        line = _message_of(answer, "lines")
        self._stock_reason = comparability.stock_reason
        self._document = _fields(answer, "", rules, _document_fields(comparability.fields))
        self._line = _fields(line, "lines.", rules, _line_fields(comparability.fields))
        line_kinds = {name: rule.kind for name, rule in rules[line.full_name].items()}
        self._components = comparability.fields is None and Kind.COMPONENTS in line_kinds.values()
        self._values = _reader("line_id", self._line)
        self._totals = _reader("DESCRIPTOR", self._document)

    def compare(self, control: Any, candidate: Any) -> list[Difference]:
        """Return every field that differs, in the order of the contract, lines first."""
        found: list[Difference] = []
        values = self._values
        if len(control.lines) == len(candidate.lines):
            unlike = []
            for left, right in zip(control.lines, candidate.lines, strict=True):
                ours, theirs = values(left), values(right)
                if ours != theirs:
                    unlike.append((left, right, ours, theirs))
            ids = {ours[0] for _, _, ours, theirs in unlike if ours[0] == theirs[0]}
            if len(ids) == len(unlike):
                for left, right, ours, theirs in unlike:
                    self._compare_line(left, right, ours, theirs, found)
                self._compare_document(control, candidate, found)
                return found
        matched = match_lines(control.lines, candidate.lines)
        for left, right in matched.pairs:
            self._compare_line(left, right, values(left), values(right), found)
        found += [_lone_line(line, describe_line(line), "") for line in matched.only_control]
        found += [_lone_line(line, "", describe_line(line)) for line in matched.only_candidate]
        self._compare_document(control, candidate, found)
        return found

    def _compare_line(
        self,
        control: Any,
        candidate: Any,
        ours: tuple[object, ...],
        theirs: tuple[object, ...],
        found: list[Difference],
    ) -> None:
        findings: list[tuple[_Field, Finding]] = []
        gap = other_money = False
        for field, left, right in zip(self._line, ours[1:], theirs[1:], strict=True):
            if left != right and (finding := field.judge(control, candidate)) is not None:
                findings.append((field, finding))
                gap = gap or (finding.comparison_class is _GAP and finding.severity is None)
                other_money = other_money or (finding.comparison_class is ComparisonClass.MISMATCH and field.priced)
        if not findings:
            return
        prefix = f"lines[{control.line_id or candidate.line_id}]."
        for field, finding in findings:
            found.append(self._difference(prefix, field, finding, gap))
        if other_money and self._components and not gap:
            found += component_differences(prefix, control, candidate)

    def _compare_document(self, control: Any, candidate: Any, found: list[Difference]) -> None:
        ours, theirs = self._totals(control), self._totals(candidate)
        if ours == theirs:
            return
        gap = any(d.comparison_class is _GAP and d.severity is Severity.GATING for d in found)
        for field, left, right in zip(self._document, ours[1:], theirs[1:], strict=True):
            if left != right and (finding := field.judge(control, candidate)) is not None:
                found.append(self._difference("", field, finding, gap))

    def _difference(self, prefix: str, field: _Field, finding: Finding, gap: bool) -> Difference:
        comparison_class, rule, control, candidate, severity = finding
        if gap and field.rule.follows_factor:
            comparison_class, severity, rule = _GAP, Severity.INFO, "follows from the unit factors"
        elif field.rule.moves and self._stock_reason:
            comparison_class, severity, rule = ComparisonClass.NOT_COMPARABLE, Severity.WARNING, self._stock_reason
        return Difference(
            path=prefix + field.name,
            field=field.counted_as,
            control=control,
            candidate=candidate,
            comparison_class=comparison_class,
            severity=severity or field.rule.severity,
            rule=rule,
            moves=field.rule.moves,
        )


_GAP = ComparisonClass.MASTER_DATA_GAP
_PRICED = frozenset({Kind.UNIT_PRICE, Kind.LINE_MONEY})


def _lone_line(line: Any, control: str, candidate: str) -> Difference:
    return Difference(
        path=f"lines[{line.line_id}]",
        field="lines",
        control=control,
        candidate=candidate,
        comparison_class=ComparisonClass.MISMATCH,
        severity=Severity.GATING,
        rule="the line is on one side only",
    )


def _reader(first: str, fields: list[_Field]) -> Callable[[Any], tuple[object, ...]]:
    """Return a function that reads `first` and all fields of a message at once."""
    names = [first, *(field.name for field in fields)]
    return attrgetter(*names) if fields else lambda message: (getattr(message, first),)


def _message_of(message: Descriptor, field: str) -> Descriptor:
    held = message.fields_by_name[field].message_type
    assert held is not None
    return held


def _line_fields(fields: frozenset[str] | None) -> frozenset[str] | None:
    return None if fields is None else fields | _IDENTIFYING


def _document_fields(fields: frozenset[str] | None) -> frozenset[str] | None:
    """Return the fields of the document that can be compared when lines have only `fields`."""
    return None if fields is None else fields & _DOCUMENT_FIELDS_OF_LINES


def _fields(
    message: Descriptor, group: str, rules: Mapping[str, Mapping[str, FieldRule]], chosen: frozenset[str] | None
) -> list[_Field]:
    own_rules = rules.get(message.full_name, {})
    missing = [f.name for f in message.fields if f.name not in own_rules]
    unknown = [name for name in own_rules if name not in message.fields_by_name]
    if missing or unknown:
        raise RuleMissing(
            f"{message.full_name}: no rule for {missing or 'nothing'}, no field for the rules {unknown or 'none'}"
        )
    return [
        _Field(
            name=f.name,
            counted_as=group + f.name,
            rule=own_rules[f.name],
            judge=field_judge(f, own_rules[f.name]),
            priced=own_rules[f.name].kind in _PRICED,
        )
        for f in message.fields
        if own_rules[f.name].kind not in _JUDGED_ELSEWHERE and (chosen is None or f.name in chosen)
    ]


_JUDGED_ELSEWHERE = frozenset({Kind.IGNORED, Kind.LINES, Kind.LINE_ID, Kind.COMPONENTS})


@lru_cache(maxsize=256)
def _comparator(full_name: str, comparability: Comparability) -> Comparator:
    return Comparator(_ANSWERS[full_name], FIELD_RULES, comparability)


def comparator_for(answer: type[Message], comparability: Comparability = EVERYTHING) -> Comparator:
    """Return the comparator of a type of answer under the default rules; it is compiled once."""
    return _comparator(answer.DESCRIPTOR.full_name, comparability)


def compare(control: Message, candidate: Message, comparability: Comparability = EVERYTHING) -> list[Difference]:
    """Return every field on which two answers of the same type differ."""
    if type(control) is not type(candidate):
        kinds = f"{control.DESCRIPTOR.full_name} and {candidate.DESCRIPTOR.full_name}"
        raise TypeError(f"answers of two types cannot be compared: {kinds}")
    return comparator_for(type(control), comparability).compare(control, candidate)
