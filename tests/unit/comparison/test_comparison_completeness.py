"""A field that is added to the contract cannot be forgotten by the comparison."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from erp.admin.v1 import comparisons_pb2
from erp.v1.availability_pb2 import CheckAvailabilityResponse, LineAvailability
from erp.v1.orders_pb2 import SimulatedLine, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesResponse, PricedLine
from erp_ports import errors
from erp_routing.comparison import EVERYTHING, ComparisonClass, Severity
from erp_routing.comparison.booked import BOOKED_FIELDS
from erp_routing.comparison.classes import AGREEING, DISAGREEING
from erp_routing.comparison.compile import Comparator, RuleMissing
from erp_routing.comparison.error_classes import ErrorClass, error_class
from erp_routing.comparison.field_rules import FIELD_RULES, READ_FIELDS, RULE_SET, UNDECIDED, UNREAD_FIELDS, Kind

ANSWERS = (CalculatePricesResponse, CheckAvailabilityResponse, SimulateOrderResponse)
LINES = (PricedLine, LineAvailability, SimulatedLine)


@pytest.mark.parametrize("message", [*ANSWERS, *LINES], ids=lambda m: m.DESCRIPTOR.name)
def test_every_field_of_an_answer_has_a_rule_and_every_rule_a_field(message: type) -> None:
    assert set(FIELD_RULES[message.DESCRIPTOR.full_name]) == set(message.DESCRIPTOR.fields_by_name)


def test_rules_are_for_answers_and_their_lines_alone() -> None:
    assert set(FIELD_RULES) == {m.DESCRIPTOR.full_name for m in (*ANSWERS, *LINES)}


def test_every_field_of_a_value_is_read_or_left_out_on_purpose() -> None:
    seen: dict[str, set[str]] = {}

    def walk(message: Descriptor, rules: dict[str, object] | None) -> None:
        for field in message.fields:
            if rules is not None and getattr(rules[field.name], "kind", None) is Kind.IGNORED:
                continue
            inner = field.message_type
            if inner is not None:
                if inner.full_name not in FIELD_RULES:
                    seen[inner.full_name] = {f.name for f in inner.fields}
                walk(inner, dict(FIELD_RULES[inner.full_name]) if inner.full_name in FIELD_RULES else None)

    for answer in ANSWERS:
        walk(answer.DESCRIPTOR, dict(FIELD_RULES[answer.DESCRIPTOR.full_name]))
    assert seen == {name: set(READ_FIELDS[name] | UNREAD_FIELDS.get(name, frozenset())) for name in READ_FIELDS}


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda m: m.DESCRIPTOR.name)
def test_a_field_without_a_rule_keeps_the_comparator_from_being_built(answer: type) -> None:
    line = answer.DESCRIPTOR.fields_by_name["lines"].message_type.full_name
    rules = {name: dict(fields) for name, fields in FIELD_RULES.items()}
    del rules[line]["plant"]
    with pytest.raises(RuleMissing, match=r"no rule for \['plant'\]"):
        Comparator(answer.DESCRIPTOR, rules, EVERYTHING)
    rules[line] = {**FIELD_RULES[line], "colour": FIELD_RULES[line]["plant"]}
    with pytest.raises(RuleMissing, match=r"no field for the rules \['colour'\]"):
        Comparator(answer.DESCRIPTOR, rules, EVERYTHING)


def test_every_decision_says_which_of_its_values_are_none() -> None:
    def decisions(message: Descriptor) -> list[FieldDescriptor]:
        rules = FIELD_RULES[message.full_name]
        return [f for f in message.fields if rules[f.name].kind is Kind.DECISION]

    enums = {f.enum_type.full_name: f.enum_type for m in (*ANSWERS, *LINES) for f in decisions(m.DESCRIPTOR)}
    assert set(enums) == set(UNDECIDED)
    assert all(UNDECIDED[name] <= set(enum.values_by_name) for name, enum in enums.items())


def test_the_classes_and_severities_are_those_of_the_contract_in_its_order() -> None:
    contract = comparisons_pb2.ComparisonClass.DESCRIPTOR.values
    assert [c.value for c in ComparisonClass] == [v.name for v in contract[1:]]
    severities = [v.name for v in comparisons_pb2.Severity.DESCRIPTOR.values[1:]]
    assert [s.value for s in Severity if s is not Severity.IGNORE] == severities


def test_the_match_rate_leaves_out_only_what_has_a_gate_of_its_own() -> None:
    apart = {ComparisonClass.VOLATILE, ComparisonClass.STALE, ComparisonClass.NOT_COMPARABLE}
    assert AGREEING | DISAGREEING | apart == set(ComparisonClass)
    assert not AGREEING & DISAGREEING


def test_every_error_of_the_ports_has_a_class() -> None:
    made: dict[str, ErrorClass] = {}

    def visit(kind: type[errors.ErpError]) -> None:
        for sub in kind.__subclasses__():
            if sub.__module__ == errors.__name__:
                error = sub("no", kind="product") if issubclass(sub, errors.NotFound) else sub("no")
                made[sub.__name__] = error_class(error)
            visit(sub)

    visit(errors.ErpError)
    assert made == {
        "Rejected": ErrorClass.VALIDATION,
        "ForeignCurrency": ErrorClass.VALIDATION,
        "NotFound": ErrorClass.NOT_FOUND,
        "CrossReferenceMissing": ErrorClass.NOT_FOUND,
        "Conflict": ErrorClass.CONFLICT,
        "Throttled": ErrorClass.THROTTLED,
        "Unavailable": ErrorClass.TECHNICAL,
        "OutcomeUnknown": ErrorClass.TECHNICAL,
        "Unsupported": ErrorClass.UNSUPPORTED,
        "Misconfigured": ErrorClass.AUTH,
    }


def test_every_refusal_reason_is_a_class() -> None:
    classes = {error_class(errors.Rejected("no", reason=reason)) for reason in errors.RefusalReason}
    assert {c.value for c in classes} == {r.value for r in errors.RefusalReason}


def test_what_a_booked_order_states_are_fields_of_a_simulated_line() -> None:
    assert set(SimulatedLine.DESCRIPTOR.fields_by_name) >= BOOKED_FIELDS


def test_the_rule_set_names_its_version() -> None:
    algorithm, _, digest = RULE_SET.partition("-")
    assert (algorithm.isdecimal(), len(digest)) == (True, 12)
