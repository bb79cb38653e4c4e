from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from erp.v1 import orders_pb2
from erp_facade.api_error import ApiError
from erp_facade.rest.binding import Binding, BoundRequest, compile_bindings
from erp_facade.rest.template import TemplateError

ORDERS = orders_pb2.DESCRIPTOR.services_by_name["OrderService"]
PARENT = {"parent": "businessUnits/NW"}


def binding_of(service: ServiceDescriptor, method: str, at: int = 0) -> Binding:
    return [b for b in compile_bindings(service) if b.method.name == method][at]


def bound(binding: Binding, values: dict[str, str], query: str = "", body: Any = None, key: str | None = None) -> Any:
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return binding.bind(values, query.encode("latin-1"), content, key=key).message


def refused(call: Callable[[], BoundRequest | Message]) -> ApiError:
    with pytest.raises(ApiError) as raised:
        call()
    return raised.value


def violations(call: Callable[[], Any]) -> dict[str, str]:
    return {v.field: v.reason for v in refused(call).violations}


@pytest.fixture
def get_thing(sample_service: ServiceDescriptor) -> Callable[[str], Any]:
    binding = binding_of(sample_service, "GetThing")
    return lambda query: bound(binding, {"text": "x"}, query)


@pytest.mark.parametrize(
    ("query", "field", "expected"),
    [
        ("small=-5", "small", -5),
        ("smallUnsigned=5", "small_unsigned", 5),
        ("small_unsigned=5", "small_unsigned", 5),
        ("large=9223372036854775807", "large", 2**63 - 1),
        ("exact=1.5e3", "exact", 1500.0),
        ("yes=true", "yes", True),
        ("yes=True", "yes", True),
        ("yes=False", "yes", False),
        ("kind=KIND_TWO", "kind", 2),
        ("kind=2", "kind", 2),
        ("raw=_-8", "raw", b"\xff\xef"),
        ("raw=/%2B8=", "raw", b"\xff\xef"),
        ("maybeText=", "maybe_text", ""),
        ("maybeText=a+b%20c%2B", "maybe_text", "a b c+"),
        ("maybeText=%C3%A4%26%3D", "maybe_text", "ä&="),
        ("texts=a&texts=b", "texts", ["a", "b"]),
        ("kinds=KIND_ONE&kinds=2", "kinds", [1, 2]),
        ("larges=1&larges=2", "larges", [1, 2]),
        ("%40odd=x", "odd_name", "x"),
        ("&&small=1&", "small", 1),
    ],
)
def test_a_query_parameter_of_a_simple_kind_is_read(
    get_thing: Callable[[str], Any], query: str, field: str, expected: Any
) -> None:
    assert getattr(get_thing(query), field) == expected


def test_query_parameters_reach_into_messages_by_dots_and_by_either_name(get_thing: Callable[[str], Any]) -> None:
    request = get_thing("inner.inner.large=7&day.year=2026&day.month=3&day.day=31&chosenInner.text=x")

    assert request.inner.inner.large == 7
    assert (request.day.year, request.day.month, request.day.day) == (2026, 3, 31)
    assert request.chosen_inner.text == "x"


def test_well_known_types_are_written_as_text_in_a_query(get_thing: Callable[[str], Any]) -> None:
    request = get_thing(
        "at=2026-03-31T08:00:00.5Z&took=1.5s&mask=text,inner.largeText&wrappedLarge=7&wrappedText=&wrappedYes=true"
        "&wrappedRaw=_-8&wrappedExact=0"
    )

    assert request.at.ToJsonString() == "2026-03-31T08:00:00.500Z"
    assert request.took.ToJsonString() == "1.500s"
    assert list(request.mask.paths) == ["text", "inner.large_text"]
    assert request.wrapped_large.value == 7
    assert request.HasField("wrapped_text")
    assert request.HasField("wrapped_exact")
    assert request.wrapped_raw.value == b"\xff\xef"


def test_every_query_violation_is_found_at_once(get_thing: Callable[[str], Any]) -> None:
    query = (
        "small=x&nope=1&large=1&large=2&kind=KIND_NINE&at=now&texts.x=1&inner=1&inners=1&byName=1&yes=1&raw=!"
        "&inner.nope=1&chosenText=a&chosenNumber=1&maybeText=%zz&maybeSmall=99999999999&text=other&$alt=proto&$key=1"
    )

    assert violations(lambda: get_thing(query)) == {
        "small": "INVALID_FIELD",
        "nope": "UNKNOWN_FIELD",
        "large": "INVALID_FIELD",
        "kind": "INVALID_FIELD",
        "at": "INVALID_FIELD",
        "texts.x": "UNKNOWN_FIELD",
        "inner": "INVALID_FIELD",
        "inners": "INVALID_FIELD",
        "by_name": "INVALID_FIELD",
        "yes": "INVALID_FIELD",
        "raw": "INVALID_FIELD",
        "inner.nope": "UNKNOWN_FIELD",
        "chosen_number": "INVALID_FIELD",
        "maybeText": "INVALID_FIELD",
        "maybe_small": "INVALID_FIELD",
        "text": "INVALID_FIELD",
        "$alt": "INVALID_FIELD",
        "$key": "UNKNOWN_FIELD",
    }


def test_a_scalar_given_once_under_each_of_its_names_is_given_twice(get_thing: Callable[[str], Any]) -> None:
    assert violations(lambda: get_thing("maybeText=a&maybe_text=a")) == {"maybe_text": "INVALID_FIELD"}


@pytest.mark.parametrize(("alt", "numbers"), [("json", False), ("json;enum-encoding=int", True)])
def test_alt_says_how_enums_are_written(sample_service: ServiceDescriptor, alt: str, numbers: bool) -> None:
    for name in ("$alt", "%24alt"):
        request = binding_of(sample_service, "GetThing").bind({"text": "x"}, f"{name}={alt}".encode(), b"", key=None)
        assert request.enums_as_numbers is numbers


def test_with_the_whole_body_there_is_no_query(sample_service: ServiceDescriptor) -> None:
    binding = binding_of(sample_service, "PatchThing")

    found = violations(lambda: bound(binding, {"inner.text": "x"}, "small=1&inner.text=y&inner.large=1&nope=2", {}))

    assert found == {
        "small": "INVALID_FIELD", "inner.text": "INVALID_FIELD", "inner.large": "INVALID_FIELD", "nope": "UNKNOWN_FIELD"
    }  # fmt: skip


def test_a_query_parameter_cannot_reach_what_path_or_body_carry() -> None:
    binding = binding_of(ORDERS, "CreateOrder")

    query = "parent=businessUnits/X&order.customer=c&order.requestedDate.year=2026"
    found = violations(lambda: bound(binding, PARENT, query, {"customer": "c"}))

    assert set(found) == {"parent", "order.customer", "order.requested_date.year"}


def test_leaves_of_a_request_go_to_path_body_and_query() -> None:
    binding = binding_of(ORDERS, "CreateOrder")

    query = "requestId=r1&firstSentTime=2026-03-31T08:00:00Z"
    request = bound(binding, PARENT, query, {"customer": "c", "requestedDate": {"year": 2026}})

    assert request.parent == "businessUnits/NW"
    assert (request.order.customer, request.order.requested_date.year) == ("c", 2026)
    assert (request.request_id, request.first_sent_time.seconds) == ("r1", 1774944000)


def test_violations_of_body_query_and_path_come_together(sample_service: ServiceDescriptor) -> None:
    binding = binding_of(sample_service, "GetThing", at=5)
    put = binding_of(sample_service, "PutInner")

    assert violations(lambda: bound(binding, {"small": "x"}, "large=y")) == {
        "small": "INVALID_FIELD", "large": "INVALID_FIELD"
    }  # fmt: skip
    assert violations(lambda: bound(put, {"inner.text": "x"}, "yes=2", {"large": "z"})) == {
        "inner.large": "INVALID_FIELD", "yes": "INVALID_FIELD"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("at", "field", "text", "expected"),
    [(3, "yes", "True", True), (3, "yes", "false", False), (4, "kind", "KIND_TWO", 2), (4, "kind", "1", 1)],
)
def test_path_values_are_read_as_their_kind(
    sample_service: ServiceDescriptor, at: int, field: str, text: str, expected: Any
) -> None:
    assert getattr(bound(binding_of(sample_service, "GetThing", at), {field: text}), field) == expected


def test_a_body_may_repeat_the_path_but_not_contradict_it(sample_service: ServiceDescriptor) -> None:
    patch = binding_of(sample_service, "PatchThing")
    put = binding_of(sample_service, "PutInner")

    assert bound(patch, {"inner.text": "x"}, body={"inner": {"text": "x", "large": "1"}}).inner.large == 1
    assert violations(lambda: bound(patch, {"inner.text": "x"}, body={"inner": {"text": "y"}})) == {
        "inner.text": "INVALID_FIELD"
    }
    assert violations(lambda: bound(put, {"inner.text": "x"}, body={"text": "y"})) == {"inner.text": "INVALID_FIELD"}


def test_body_and_answer_may_be_one_field(sample_service: ServiceDescriptor, everything: type[Message]) -> None:
    put = binding_of(sample_service, "PutTexts")

    assert list(bound(put, {}, body=["a", "b"]).texts) == ["a", "b"]
    assert violations(lambda: bound(put, {}, body=["a", 1])) == {"texts[1]": "INVALID_FIELD"}
    assert orjson.loads(put.write(everything(by_name={"a": "b"}), enums_as_numbers=False)) == {"a": "b"}
    inner = binding_of(sample_service, "PutInner").write(everything(inners=[{"large": 5}]), enums_as_numbers=False)
    assert orjson.loads(inner) == [{"text": "", "large": "5"}]


def test_a_body_where_none_belongs_is_refused(get_thing: Any, sample_service: ServiceDescriptor) -> None:
    binding = binding_of(sample_service, "GetThing")

    assert violations(lambda: bound(binding, {"text": "x"}, body={})) == {"body": "INVALID_FIELD"}


def test_an_empty_body_is_an_empty_message() -> None:
    assert bound(binding_of(ORDERS, "CancelOrder"), {"name": "n"}) == orders_pb2.CancelOrderRequest(name="n")


def test_the_idempotency_key_is_the_request_id() -> None:
    create, cancel = binding_of(ORDERS, "CreateOrder"), binding_of(ORDERS, "CancelOrder")

    assert bound(create, PARENT, body={}, key="k1").request_id == "k1"
    assert bound(create, PARENT, "requestId=k1", body={}, key="k1").request_id == "k1"
    assert bound(cancel, {"name": "n"}, body={"requestId": "k1"}, key="k1").request_id == "k1"
    for call in (
        lambda: bound(create, PARENT, "requestId=k2", body={}, key="k1"),
        lambda: bound(cancel, {"name": "n"}, body={"requestId": "k2"}, key="k1"),
    ):
        assert refused(call).reason == "IDEMPOTENCY_KEY_CONFLICT"


def service_with(rule: http_pb2.HttpRule, *, streaming: bool = False) -> ServiceDescriptor:
    """A service with one method of order messages under a rule."""
    file = descriptor_pb2.FileDescriptorProto(
        name="broken.proto", package="broken", syntax="proto3", dependency=["erp/v1/orders.proto"]
    )
    method = file.service.add(name="Service").method.add(
        name="Broken", input_type=".erp.v1.CreateOrderRequest", output_type=".erp.v1.Order", server_streaming=streaming
    )
    method.options.Extensions[annotations_pb2.http].CopyFrom(rule)
    pool = descriptor_pool.DescriptorPool()
    add_with_imports(pool, orders_pb2.DESCRIPTOR)
    pool.Add(file)
    return pool.FindServiceByName("broken.Service")


def add_with_imports(pool: descriptor_pool.DescriptorPool, file: Any) -> None:
    for needed in file.dependencies:
        add_with_imports(pool, needed)
    pool.AddSerializedFile(file.serialized_pb)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (http_pb2.HttpRule(get="/v1/{parent"), "not legal"),
        (http_pb2.HttpRule(get="/v1/{nope}"), "no field"),
        (http_pb2.HttpRule(get="/v1/{order.nope}"), "no field"),
        (http_pb2.HttpRule(get="/v1/{order}"), "is a message"),
        (http_pb2.HttpRule(get="/v1/{order.lines}"), "repeated"),
        (http_pb2.HttpRule(get="/v1/{first_sent_time}"), "is a message"),
        (http_pb2.HttpRule(post="/v1/x", body="nope"), "no field nope"),
        (http_pb2.HttpRule(post="/v1/x", response_body="nope"), "no field nope"),
        (http_pb2.HttpRule(post="/v1/{parent}", body="parent"), "both the path and the body"),
        (http_pb2.HttpRule(get="/v1/x", body="*"), "cannot have a body"),
        (http_pb2.HttpRule(body="*"), "no path"),
        (http_pb2.HttpRule(custom=http_pb2.CustomHttpPattern(kind="*", path="/x")), "must name one HTTP method"),
        (
            http_pb2.HttpRule(
                get="/a",
                additional_bindings=[http_pb2.HttpRule(get="/b", additional_bindings=[http_pb2.HttpRule(get="/c")])],
            ),
            "additional binding",
        ),
    ],
)
def test_a_rule_that_is_not_legal_stops_the_start_and_names_the_method(rule: http_pb2.HttpRule, problem: str) -> None:
    with pytest.raises(TemplateError, match=problem) as stopped:
        list(compile_bindings(service_with(rule)))

    assert "broken.Service.Broken" in str(stopped.value)


def test_a_stream_is_refused_at_the_start() -> None:
    with pytest.raises(TemplateError, match=r"broken\.Service\.Broken is a stream"):
        list(compile_bindings(service_with(http_pb2.HttpRule(get="/x"), streaming=True)))
