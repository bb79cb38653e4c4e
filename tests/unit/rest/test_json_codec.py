from __future__ import annotations

import json
import math
import struct
from typing import Any

import orjson
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erp.v1 import orders_pb2, pricing_pb2
from erp_facade.api_error import ApiError
from erp_facade.rest.json_codec import from_json, to_json
from erp_facade.rest.json_text import count_keys, is_too_deep, repeated_keys
from erp_facade.rest.openapi import contract_services

CONTRACT_MESSAGES = sorted(
    {
        kind.full_name: kind
        for service in contract_services()
        for method in service.methods
        for kind in (method.input_type, method.output_type)
    }.items()
)
_FIELD = FieldDescriptor
_RANGES = {
    _FIELD.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    _FIELD.CPPTYPE_UINT32: (0, 2**32 - 1),
    _FIELD.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    _FIELD.CPPTYPE_UINT64: (0, 2**64 - 1),
}

# JSON has one NaN; the other bit patterns of NaN cannot travel and are not drawn.
FLOATS = st.floats(width=32, allow_nan=False) | st.just(float("nan"))
DOUBLES = st.floats(allow_nan=False) | st.just(float("nan"))


def scalar(draw: st.DrawFn, field: FieldDescriptor) -> Any:
    if field.enum_type is not None:
        return draw(st.sampled_from([v.number for v in field.enum_type.values]))
    if field.cpp_type in _RANGES:
        low, high = _RANGES[field.cpp_type]
        return draw(st.integers(low, high) | st.sampled_from([low, high, 0, max(low, -1)]))
    if field.type == _FIELD.TYPE_BYTES:
        return draw(st.binary(max_size=6))
    if field.cpp_type == _FIELD.CPPTYPE_BOOL:
        return draw(st.booleans())
    if field.cpp_type == _FIELD.CPPTYPE_FLOAT:
        return draw(FLOATS)
    if field.cpp_type == _FIELD.CPPTYPE_DOUBLE:
        return draw(DOUBLES)
    return draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(['a"b', "\\", ":{["]))


def fill(draw: st.DrawFn, message: Message, depth: int) -> None:
    """Fill some fields of a message with values drawn at random."""
    special = message.DESCRIPTOR.full_name
    if special == "google.protobuf.Timestamp":
        message.seconds, message.nanos = draw(st.integers(-62135596800, 253402300799)), draw(_nanos())
        return
    if special == "google.protobuf.Duration":
        message.seconds, message.nanos = draw(st.integers(0, 315_576_000_000 - 1)), draw(_nanos())
        return
    if special == "google.protobuf.FieldMask":
        message.paths.extend(draw(st.lists(st.sampled_from(["a", "order.line_id", "x_y"]), max_size=2)))
        return
    if special in ("google.protobuf.Struct", "google.protobuf.ListValue", "google.protobuf.Value"):
        json_format.ParseDict(draw(_json_for(special)), message)
        return
    for field in message.DESCRIPTOR.fields:
        name = field.message_type.full_name if field.message_type is not None else ""
        if name == "google.protobuf.Any" or not draw(st.booleans()):
            continue
        if name and field.message_type.GetOptions().map_entry:
            fill_map(draw, getattr(message, field.name), field.message_type)
        elif field.is_repeated:
            for _ in range(draw(st.integers(0, 2))):
                if name and depth:
                    fill(draw, getattr(message, field.name).add(), depth - 1)
                elif not name:
                    getattr(message, field.name).append(scalar(draw, field))
        elif not name:
            setattr(message, field.name, scalar(draw, field))
        elif depth:
            getattr(message, field.name).SetInParent()
            fill(draw, getattr(message, field.name), depth - 1)


def fill_map(draw: st.DrawFn, items: Any, entry: Descriptor) -> None:
    key = scalar(draw, entry.fields_by_name["key"])
    value = entry.fields_by_name["value"]
    if value.message_type is None:
        items[key] = scalar(draw, value)
    else:
        items[key].SetInParent()


def _nanos() -> st.SearchStrategy[int]:
    return st.sampled_from([0, 1, 1_000, 1_000_000, 999_999_999, 120_000_000, 123_456_000])


def _json_for(kind: str) -> st.SearchStrategy[Any]:
    leaf = st.booleans() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | st.integers(-9, 9)
    value = st.recursive(
        leaf | st.none(), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab:", max_size=2), inner)
    )
    if kind.endswith("Struct"):
        return st.dictionaries(st.text("ab:", max_size=2), value, max_size=2)
    return st.lists(value, max_size=2) if kind.endswith("ListValue") else value


def equal(left: Message, right: Message) -> bool:
    """Equality in which a NaN equals a NaN."""
    return left.SerializeToString(deterministic=True) == right.SerializeToString(deterministic=True)


def google_json(message: Message, **options: bool) -> Any:
    return json.loads(json_format.MessageToJson(message, always_print_fields_with_no_presence=True, **options))


@pytest.mark.parametrize("kind", [kind for _, kind in CONTRACT_MESSAGES], ids=[name for name, _ in CONTRACT_MESSAGES])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_message_of_the_contract_travels_as_google_writes_it(kind: Descriptor, data: st.DataObject) -> None:
    message = GetMessageClass(kind)()
    data.draw(st.composite(lambda draw: fill(draw, message, 4))())

    written = to_json(message)

    assert orjson.loads(written) == google_json(message)
    assert orjson.loads(to_json(message, enums_as_numbers=True)) == google_json(message, use_integers_for_enums=True)
    assert equal(from_json(type(message), written), message)
    for names in (True, False):
        theirs = json_format.MessageToJson(message, preserving_proto_field_name=names)
        assert equal(from_json(type(message), theirs.encode()), message)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_kind_of_field_travels_as_google_writes_it(everything: type[Message], data: st.DataObject) -> None:
    message = everything()
    data.draw(st.composite(lambda draw: fill(draw, message, 3))())

    written = to_json(message)

    expected = google_json(message)
    actual = orjson.loads(written)
    assert _floats_apart(actual) == _floats_apart(expected)
    assert equal(from_json(everything, written), message)


def _floats_apart(value: dict[str, Any]) -> dict[str, Any]:
    """The 32-bit field as its bits: there may be more than one shortest way to write it."""
    rough = value.get("rough")
    return {**value, "rough": struct.pack("f", rough) if isinstance(rough, int | float) else rough}


def violations(message_class: type[Message], body: bytes | dict[str, Any]) -> dict[str, str]:
    """Return the violations of a refused body as field → reason."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(ApiError) as refused:
        from_json(message_class, content)
    assert refused.value.violations, refused.value
    return {v.field: v.reason for v in refused.value.violations}


def malformed(message_class: type[Message], body: bytes) -> str:
    with pytest.raises(ApiError) as refused:
        from_json(message_class, body)
    assert refused.value.reason == "MALFORMED_BODY"
    return refused.value.message


def test_every_violation_is_found_at_once_with_its_path() -> None:
    body = {
        "customer": 7,
        "unknown": 1,
        "pricingDate": {"year": "x", "month": 1.5, "day": 2**31},
        "lines": [
            {"lineId": "1", "quantity": {"value": {"value": 12}, "unit": None}},
            {"lineId": True, "quantity": {"what": {"ever": 1}}},
            None,
            3,
        ],
    }

    assert violations(pricing_pb2.CalculatePricesRequest, body) == {
        "customer": "INVALID_FIELD",
        "unknown": "UNKNOWN_FIELD",
        "pricing_date.year": "INVALID_FIELD",
        "pricing_date.month": "INVALID_FIELD",
        "pricing_date.day": "INVALID_FIELD",
        "lines[0].quantity.value.value": "INVALID_FIELD",
        "lines[1].line_id": "INVALID_FIELD",
        "lines[1].quantity.what": "UNKNOWN_FIELD",
        "lines[2]": "INVALID_FIELD",
        "lines[3]": "INVALID_FIELD",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("small", 2**31), ("small", -(2**31) - 1), ("small", 1.5), ("small", "1.0"), ("small", " 1"), ("small", "1_0"),
        ("small", True), ("small", "٣"), ("small", []), ("small", {}), ("smallUnsigned", -1), ("large", 2**63),
        ("large", "9223372036854775808"), ("large", 1e17), ("largeUnsigned", 2**64), ("largeUnsigned", "-1"),
        ("yes", "true"), ("yes", 1), ("text", 1), ("text", True), ("exact", "1e"), ("exact", "inf"), ("rough", 1e39),
        ("rough", "3.4028236e38"), ("exact", "1e999"),
        ("raw", "é"), ("raw", "a"), ("raw", 5), ("kind", "KIND_THREE"), ("kind", 3), ("kind", "kind_one"),
        ("kind", 1.0), ("at", "yesterday"), ("at", "2026-02-30T00:00:00Z"), ("at", 5), ("at", "0000-01-01T00:00:00Z"),
        ("took", "5"), ("took", "1e999s"), ("mask", "a_b"), ("texts", "a"), ("texts", [None]), ("texts", [1]),
        ("byName", []), ("byName", {"a": None}), ("byName", {"a": 1}), ("byNumber", {"x": {}}), ("byFlag", {"1": "2"}),
        ("inner", []), ("inner", "x"), ("wrappedLarge", "x"), ("wrappedYes", "true"), ("anything", []),
        ("list", {}), ("packed", {"@type": "type.googleapis.com/sample.v1.Inner"}), ("packed", {}), ("odd_name", 1),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_a_violation_of_its_field(
    everything: type[Message], field: str, value: Any
) -> None:
    (path,) = violations(everything, {field: value})

    assert path.split(".")[0].split("[")[0].replace("_", "") == field.replace("_", "").lower() or path == field


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("small", 1.0, 1), ("small", 1e2, 100), ("small", "-7", -7), ("small", -(2**31), -(2**31)),
        ("large", 2**63 - 1, 2**63 - 1), ("large", "-9223372036854775808", -(2**63)),
        ("large_unsigned", 2**64 - 1, 2**64 - 1), ("exact", "1.5", 1.5), ("exact", "-Infinity", -math.inf),
        ("exact", 3, 3.0),
        ("rough", 3.4028235e38, 3.4028234663852886e38),
        ("kind", 2, 2), ("kind", "KIND_TWO", 2), ("kind", "2", 2), ("raw", "_-8", b"\xff\xef"),
        ("raw", "/+8=", b"\xff\xef"), ("raw", "", b""), ("@odd", "x", "x"), ("odd_name", "x", "x"),
    ],
)  # fmt: skip
def test_the_mapping_is_as_lenient_as_it_must_be(
    everything: type[Message], field: str, value: Any, expected: Any
) -> None:
    message = from_json(everything, json.dumps({field: value}).encode())

    assert getattr(message, "odd_name" if field == "@odd" else field) == expected


def test_null_is_absent(everything: type[Message]) -> None:
    nothing = {f.json_name: None for f in everything.DESCRIPTOR.fields if f.name != "value"}

    assert from_json(everything, json.dumps(nothing).encode()) == everything()


def test_null_is_a_value_only_where_json_itself_is_the_value(everything: type[Message]) -> None:
    message = from_json(everything, b'{"value": null, "list": [null], "anything": {"a": null}}')

    assert message.value.WhichOneof("kind") == "null_value"
    assert message.list.values[0].WhichOneof("kind") == "null_value"
    assert message.anything.fields["a"].WhichOneof("kind") == "null_value"


def test_fields_without_presence_are_always_written(everything: type[Message]) -> None:
    written = orjson.loads(to_json(everything()))

    assert written["text"] == ""
    assert written["large"] == "0"
    assert written["kind"] == "KIND_UNSPECIFIED"
    assert written["texts"] == []
    assert written["byName"] == {}
    assert "maybeText" not in written
    assert "inner" not in written
    assert "chosenText" not in written


def test_an_enum_number_without_a_name_is_written_as_the_number(everything: type[Message]) -> None:
    assert orjson.loads(to_json(everything(kind=77)))["kind"] == 77


def test_two_members_of_a_oneof_are_refused(everything: type[Message]) -> None:
    assert violations(everything, {"chosenText": "a", "chosenNumber": 1}) == {"choice": "INVALID_FIELD"}


def test_a_field_under_both_of_its_names_is_refused(everything: type[Message]) -> None:
    assert violations(everything, {"wrappedText": "a", "wrapped_text": "a"}) == {"wrapped_text": "INVALID_FIELD"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"customer":"a","customer":"b"}',
        b'{"customer":"a","customer":null}',
        b'{"lines":[{"lineId":"1","quantity":{"unit":"EA","unit":"EA"}}]}',
        b'{"lines":[{"lineId":":","lineId":"\\":{"}]}',
        b'{"customer":"a:b","nope":{"x":1,"x":2}}',
        b'{"cust\\u006fmer":"a","customer":"b"}',
    ],
)
def test_a_key_given_twice_in_one_object_is_refused_and_named(body: bytes) -> None:
    assert "names a key twice" in malformed(pricing_pb2.CalculatePricesRequest, body)


def test_colons_inside_strings_are_no_keys() -> None:
    request = from_json(
        orders_pb2.CreateOrderRequest,
        rb'{"firstSentTime":"2026-03-31T08:00:00Z","requestId":"a:\"b:\\","order":{"lines":[{"lineId":"::"}]}}',
    )

    assert (request.request_id, request.order.lines[0].line_id) == ('a:"b:\\', "::")


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b'{"customer":"a"', b'{"customer":"a"}}', b"{'customer':'a'}", b'{"customer":NaN}',
        b'{"customer":"\xff"}', b'{"customer":"\\ud800"}', b"\xef\xbb\xbf{}", b"null", b"[]", b'"x"', b"1", b"{} {}",
        b'{"customer":"a",}', b"{\"a\":1e999}", b"\x00", b'{"customer":"a\nb"}',
    ],
)  # fmt: skip
def test_what_is_no_json_object_is_malformed(body: bytes) -> None:
    assert malformed(pricing_pb2.CalculatePricesRequest, body)


def nested(levels: int, opening: bytes = b'{"inner":', closing: bytes = b"}") -> bytes:
    return opening * (levels - 1) + b"{}" + closing * (levels - 1)


def test_32_levels_are_read_and_33_are_refused_before_parsing(everything: type[Message]) -> None:
    assert from_json(everything, nested(32)).HasField("inner")
    assert "deeper than 32" in malformed(everything, nested(33))
    assert "deeper than 32" in malformed(everything, b"[" * 500_000)
    assert "deeper than 32" in malformed(everything, b'{"inner":' * 100_000)


@settings(max_examples=300)
@given(
    st.recursive(
        st.none() | st.integers() | st.text('ab"\\:{}[],', max_size=6),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab"\\:{[', max_size=3), inner, max_size=4),
        max_leaves=60,
    ),
    st.integers(1, 6),
)
def test_depth_and_keys_are_told_from_the_bytes_as_from_the_parsed_value(value: Any, limit: int) -> None:
    text = json.dumps(value).encode()

    assert is_too_deep(text, limit) == (depth_of(value) > limit)
    assert repeated_keys(text, count_keys(value)) == []


def depth_of(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max((depth_of(v) for v in inside), default=0)
