from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor import ServiceDescriptor
from openapi_spec_validator import OpenAPIV30SpecValidator

from erp_facade.rest.binding import compile_bindings
from erp_facade.rest.errors import ADDITIONS
from erp_facade.rest.openapi import contract_services, document
from erp_facade.rest.openapi_schema import LONGEST_DESCRIPTION, comments, cut

DOCUMENT = document()
METHODS = [m for s in contract_services() for m in s.methods]
APEX_IDENTIFIER = re.compile(r"[A-Za-z](?!\w*__)\w{0,39}(?<!_)", re.ASCII)


def operations(of: dict[str, Any] = DOCUMENT) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in of["paths"].items():
        for http_method, operation in item.items():
            yield path, http_method, operation


def operation(operation_id: str) -> tuple[str, str, dict[str, Any]]:
    (found,) = [o for o in operations() if o[2]["operationId"] == operation_id]
    return found


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def test_the_document_is_valid_openapi_3_0_3() -> None:
    OpenAPIV30SpecValidator(DOCUMENT).validate()

    assert DOCUMENT["openapi"] == "3.0.3"


def test_it_is_plain_json() -> None:
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT


def test_every_method_of_the_contract_is_there() -> None:
    served = {o["operationId"] for _, _, o in operations()}

    assert served == {f"{m.containing_service.name}_{m.name}" for m in METHODS}
    assert all(m.GetOptions().HasExtension(annotations_pb2.http) for m in METHODS)


def test_every_service_of_the_contract_is_listed(repository: Path) -> None:
    declared = {
        f"{re.search(r'^package (.+);', text, re.MULTILINE).group(1)}.{name}"
        for text in (p.read_text() for p in (repository / "proto").rglob("*.proto"))
        for name in re.findall(r"^service (\w+)", text, re.MULTILINE)
    }

    assert {s.full_name for s in contract_services()} == declared


def test_a_path_has_one_parameter_for_each_segment_that_varies() -> None:
    path, http_method, read = operation("OrderService_GetOrder")

    assert (path, http_method) == ("/v1/businessUnits/{businessUnit}/orders/{order}", "get")
    assert [p["name"] for p in read["parameters"] if p["in"] == "path"] == ["businessUnit", "order"]


def test_a_verb_stays_in_the_path() -> None:
    assert operation("OrderService_CancelOrder")[0] == "/v1/businessUnits/{businessUnit}/orders/{order}:cancel"


def test_path_parameters_are_those_of_the_path() -> None:
    for path, _, found in operations():
        names = [p["name"] for p in found["parameters"] if p["in"] == "path"]
        assert names == re.findall(r"{(\w+)}", path)


def test_get_has_no_body() -> None:
    assert not [o["operationId"] for _, method, o in operations() if method in ("get", "delete") and "requestBody" in o]


def test_a_body_of_one_field_leaves_the_others_to_the_query() -> None:
    _, _, create = operation("OrderService_CreateOrder")

    names = {p["name"] for p in create["parameters"] if p["in"] == "query"}
    assert names == {"requestId", "firstSentTime"}
    assert create["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Order"}


def test_a_whole_body_does_not_repeat_the_path() -> None:
    schema = DOCUMENT["components"]["schemas"]["CalculatePricesRequest"]

    assert "parent" not in schema["properties"]
    assert schema["required"] == ["customer", "currencyCode", "lines"]


def test_integers_of_64_bits_are_strings() -> None:
    units = DOCUMENT["components"]["schemas"]["Money"]["properties"]["units"]

    assert (units["type"], units["format"]) == ("string", "int64")


def test_an_enum_lists_its_names_and_says_what_they_mean() -> None:
    state = DOCUMENT["components"]["schemas"]["Order"]["properties"]["submissionState"]

    assert state["enum"][:2] == ["SUBMISSION_STATE_UNSPECIFIED", "ACCEPTED"]
    assert state["readOnly"] is True
    assert "- BOOKED: Booked in its ERP." in state["description"]


def test_writes_of_orders_may_answer_202() -> None:
    accepting = {o["operationId"] for _, _, o in operations() if "202" in o["responses"]}

    assert accepting == {"OrderService_CreateOrder", "OrderService_CancelOrder"}


def test_every_answer_that_is_no_success_is_the_envelope() -> None:
    for _, _, found in operations():
        for status, response in found["responses"].items():
            if not status.startswith("2"):
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorResponse"}
        assert "default" in found["responses"]


def test_the_additions_to_the_status_codes_are_listed() -> None:
    told = DOCUMENT["info"]["description"]

    assert [r for r, a in ADDITIONS.items() if f"{a.status} {r}" not in told] == []


def test_property_names_are_legal_apex_identifiers() -> None:
    names = {n for found in walk(DOCUMENT["components"]["schemas"]) for n in found.get("properties", {})}

    assert {n for n in names if not APEX_IDENTIFIER.fullmatch(n)} == set()
    assert len(names) > 100


def test_no_description_is_longer_than_salesforce_takes() -> None:
    texts = [found["description"] for found in walk(DOCUMENT) if isinstance(found.get("description"), str)]

    assert max(map(len, texts)) <= LONGEST_DESCRIPTION
    assert len(cut("x" * 2000)) == LONGEST_DESCRIPTION


def test_every_element_of_the_contract_is_described() -> None:
    told = comments()
    elements = {m.full_name for m in METHODS} | {s.full_name for s in contract_services()}
    for method in METHODS:
        for message in (method.input_type, method.output_type):
            elements |= {message.full_name, *(f"{message.full_name}.{f.name}" for f in message.fields)}

    assert elements - set(told) == set()


def test_the_committed_comments_are_current(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "tools/generate_comments.py", "--check"], cwd=repository, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")


def test_every_kind_of_field_has_a_valid_schema(sample_service: ServiceDescriptor) -> None:
    found = document([sample_service])

    OpenAPIV30SpecValidator(found).validate()
    properties = found["components"]["schemas"]["Everything"]["properties"]
    assert properties["byNumber"] == {
        "type": "object",
        "additionalProperties": {"$ref": "#/components/schemas/Inner"},
    }
    assert properties["wrappedLarge"] == {"type": "string", "format": "int64"}
    assert properties["took"]["type"] == "string"
    bindings = list(compile_bindings(sample_service))
    assert len(list(operations(found))) == len(bindings)
    assert {"SampleService_GetThing", "SampleService_GetThing_2"} <= {o["operationId"] for _, _, o in operations(found)}


@pytest.mark.parametrize(
    "name", ["inner.large", "day.year", "wrappedText", "mask", "kinds", "chosenInner.text", "@odd"]
)
def test_a_query_parameter_is_documented_for_each_value_that_a_query_can_carry(
    sample_service: ServiceDescriptor, name: str
) -> None:
    parameters = document([sample_service])["paths"]["/s/{text}"]["get"]["parameters"]

    assert name in {p["name"] for p in parameters if p["in"] == "query"}
