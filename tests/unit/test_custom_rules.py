"""The custom rules of the contract, which the facade checks in code of its own, say the same in both places."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st
from protovalidate import Validator

from erp.v1.pricing_pb2 import CalculatePricesRequest
from erp_facade.validation import CUSTOM_RULES, ContractRules


def tool(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_stubs", repository / "tools" / "generate_stubs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate_stubs"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def whole(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> descriptor_pb2.FileDescriptorSet:
    """The compiled contract with all its rules."""
    image = tool(repository).compile_contract(tmp_path_factory.mktemp("contract"))
    return descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())


@pytest.fixture(scope="module")
def request_class(whole: descriptor_pb2.FileDescriptorSet) -> Any:
    """CalculatePricesRequest made from the whole contract, for protovalidate to judge."""
    pool = descriptor_pool.DescriptorPool()
    for file in whole.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("erp.v1.CalculatePricesRequest"))


def custom_rule_ids(whole: descriptor_pb2.FileDescriptorSet) -> Iterator[str]:
    """Return the id that stands before the words of each custom rule in the encoded options."""
    for file in whole.file:
        if not file.package.startswith("erp."):
            continue
        for message in file.message_type:
            for options in (message.options, *(f.options for f in message.field)):
                raw = options.SerializeToString()
                if b"this" in raw:
                    yield next(i for i in CUSTOM_RULES if i.encode() in raw)


def test_every_custom_rule_of_the_contract_has_its_code(whole: descriptor_pb2.FileDescriptorSet) -> None:
    assert set(custom_rule_ids(whole)) == set(CUSTOM_RULES)


def priced(cls: Any, quantity: str, discount: str | None) -> Any:
    request = cls(parent="businessUnits/NW", customer="businessUnits/NW/customers/A", currency_code="USD")
    line = request.lines.add(line_id="1", product="businessUnits/NW/products/11", plant="EU01")
    line.quantity.value.value, line.quantity.unit = quantity, "EA"
    if discount is not None:
        line.agreed_discount.value = discount
    return request


DECIMALS = st.one_of(
    st.from_regex(r"\A0{0,2}[0-9]{0,14}([.][0-9]{0,8})?\Z"),
    st.text(alphabet="0123456789.-+eE \n٣", max_size=12),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=0, max_value=2).map(str),
)


@given(quantity=DECIMALS, discount=st.none() | DECIMALS)
def test_code_and_contract_judge_every_decimal_alike(request_class: Any, quantity: str, discount: str | None) -> None:
    broken = Validator().collect_violations(priced(request_class, quantity, discount))
    by_contract = {v.proto.field.elements[-1].field_name for v in broken}
    found = ContractRules().violations(priced(CalculatePricesRequest, quantity, discount))
    assert {v.field.rpartition(".")[2] for v in found} == by_contract
