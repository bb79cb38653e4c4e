"""The house stays in order: imports, generated code, the contract's guard, and what an installation brings."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import pytest
from google.api import annotations_pb2, field_behavior_pb2, resource_pb2
from google.protobuf import descriptor_pb2
from pydantic import BaseModel

from erp_ports.plugin import Plugin

PACKAGES = ("erp", "erp_ports", "erp_facade", "erp_sandbox", "erp_routing", "legacy_erp", "cloud_erp")


def run(repository: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=300)


def beside_python(name: str) -> str:
    """The tool of this environment; the tests are run with the development requirements."""
    path = Path(sys.executable).with_name(name)
    found = str(path) if path.exists() else shutil.which(name)
    assert found is not None, f"{name} is not installed: run `make test`, which installs it"
    return found


def test_imports_point_one_way(repository: Path) -> None:
    done = run(repository, beside_python("lint-imports"), "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_of_imports_cover_every_package(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {Path(p).name for p in shipped} == set(PACKAGES)
    assert set(settings["tool"]["importlinter"]["root_packages"]) == set(PACKAGES)


def test_the_generated_code_is_current(repository: Path) -> None:
    done = run(repository, sys.executable, "tools/generate_stubs.py", "--check")
    assert done.returncode == 0, done.stderr


def test_the_comments_that_the_openapi_document_takes_are_current(repository: Path) -> None:
    done = run(repository, sys.executable, "tools/generate_comments.py", "--check")
    assert done.returncode == 0, done.stderr


def test_the_contract_passes_its_guard(repository: Path) -> None:
    done = run(repository, sys.executable, "tools/lint_contract.py")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def guard() -> ModuleType:
    """The check of what callers rely on and `buf breaking` does not see."""
    path = Path(__file__).resolve().parents[2] / "tools" / "contract_facts.py"
    spec = importlib.util.spec_from_file_location("contract_facts", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def released(repository: Path) -> bytes:
    return (repository / "proto" / "released.binpb").read_bytes()


File = descriptor_pb2.FileDescriptorProto
Contract = dict[str, File]


def method(contract: Contract, file: str, name: str) -> descriptor_pb2.MethodDescriptorProto:
    return next(m for s in contract[file].service for m in s.method if m.name == name)


def message(contract: Contract, file: str, name: str) -> descriptor_pb2.DescriptorProto:
    return next(m for m in contract[file].message_type if m.name == name)


def a_path(contract: Contract) -> None:
    rule = method(contract, "erp/v1/orders.proto", "GetOrder").options.Extensions[annotations_pb2.http]
    rule.get = "/v2/{name=businessUnits/*/orders/*}"


def a_body(contract: Contract) -> None:
    method(contract, "erp/v1/orders.proto", "CreateOrder").options.Extensions[annotations_pb2.http].body = "*"


def a_binding(contract: Contract) -> None:
    rule = method(contract, "erp/v1/pricing.proto", "CalculatePrices").options.Extensions[annotations_pb2.http]
    rule.response_body = "lines"


def a_required_field(contract: Contract) -> None:
    field = next(f for f in message(contract, "erp/v1/orders.proto", "Order").field if f.name == "pricing_date")
    behavior = field.options.Extensions[field_behavior_pb2.field_behavior]
    behavior[:] = [field_behavior_pb2.REQUIRED]


def an_output_only_field(contract: Contract) -> None:
    field = next(f for f in message(contract, "erp/v1/orders.proto", "Order").field if f.name == "etag")
    field.options.Extensions[field_behavior_pb2.field_behavior][:] = []


def a_resource_pattern(contract: Contract) -> None:
    options = message(contract, "erp/v1/orders.proto", "Order").options
    options.Extensions[resource_pb2.resource].pattern[0] = "units/{business_unit}/orders/{order}"


def a_reason(contract: Contract) -> None:
    enum = next(e for e in contract["erp/v1/errors.proto"].enum_type if e.name == "ErrorReason")
    enum.value[1].name = "FIELD_INVALID"


def the_number_of_a_reason(contract: Contract) -> None:
    enum = next(e for e in contract["erp/v1/errors.proto"].enum_type if e.name == "ErrorReason")
    enum.value[1].number = 900


def a_field(contract: Contract) -> None:
    fields = message(contract, "erp/v1/pricing.proto", "PricedLine").field
    del fields[0]


def a_method(contract: Contract) -> None:
    del contract["erp/v1/invoices.proto"].service[0].method[0]


def a_stricter_rule(contract: Contract) -> None:
    """Field 1159 is protovalidate's; `max_len = 3` in `string` stands at 14/2 of its rules."""
    field = next(f for f in message(contract, "erp/v1/orders.proto", "ListOrdersRequest").field if f.name == "parent")
    field.options.MergeFromString(bytes.fromhex("ba480472021803"))


CHANGES: list[tuple[Callable[[Contract], None], str]] = [
    (a_path, "/v1/{name=businessUnits/*/orders/*}"),
    (a_body, "body='order'"),
    (a_binding, "CalculatePrices"),
    (a_required_field, "narrows the contract: required erp.v1.Order.pricing_date"),
    (an_output_only_field, "behavior erp.v1.Order.etag OUTPUT_ONLY"),
    (a_resource_pattern, "businessUnits/{business_unit}/orders/{order}"),
    (a_reason, "INVALID_FIELD = 1"),
    (the_number_of_a_reason, "INVALID_FIELD = 1"),
    (a_field, "field erp.v1.PricedLine.line_id"),
    (a_method, "erp.v1.InvoiceService.GetInvoice"),
    (a_stricter_rule, "narrows the contract: rule erp.v1.ListOrdersRequest.parent"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=lambda value: getattr(value, "__name__", "told"))
def test_the_guard_finds_a_change_that_breaks_callers(
    guard: ModuleType, released: bytes, change: Callable[[Contract], None], told: str
) -> None:
    image = descriptor_pb2.FileDescriptorSet.FromString(released)
    change({f.name: f for f in image.file})
    problems = guard.lost(guard.facts(released), guard.facts(image.SerializeToString()))
    assert any(told in problem for problem in problems), problems


def test_the_guard_lets_an_addition_pass(guard: ModuleType, released: bytes) -> None:
    image = descriptor_pb2.FileDescriptorSet.FromString(released)
    contract = {f.name: f for f in image.file}
    added = message(contract, "erp/v1/orders.proto", "Order").field.add(name="note", number=900, type=9, label=1)
    added.options.Extensions[field_behavior_pb2.field_behavior].append(field_behavior_pb2.OPTIONAL)
    new = contract["erp/v1/orders.proto"].message_type.add(name="NoteRequest")
    field = new.field.add(name="text", number=1, type=9, label=1)
    field.options.Extensions[field_behavior_pb2.field_behavior].append(field_behavior_pb2.REQUIRED)
    assert guard.lost(guard.facts(released), guard.facts(image.SerializeToString())) == []


def test_every_service_and_message_of_the_contract_is_guarded(guard: ModuleType, released: bytes) -> None:
    facts = guard.facts(released)
    for file in descriptor_pb2.FileDescriptorSet.FromString(released).file:
        for service in file.service if file.package.startswith("erp.") else ():
            for m in service.method:
                assert any(f.startswith(f"http {file.package}.{service.name}.{m.name} ") for f in facts)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_typed_for_those_who_import_it(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__).with_name("py.typed").exists()


def test_every_adapter_is_found_by_its_entry_point() -> None:
    found = {e.name: e.load() for e in entry_points(group="erp_facade.adapters")}
    assert set(found) >= {"memory", "sql", "s4hana"}
    for name, plugin in found.items():
        assert isinstance(plugin, Plugin)
        assert plugin.name == name
        assert issubclass(plugin.config, BaseModel)


def test_the_command_is_installed() -> None:
    (script,) = entry_points(group="console_scripts", name="erp-facade")
    assert script.value == "erp_facade.cli:main"
    assert callable(script.load())


def test_the_stubs_need_nothing_of_the_server(repository: Path) -> None:
    """A caller who installs the base alone imports the stubs and gets neither a server nor an adapter with them."""
    code = (
        "import sys; import erp.v1.orders_pb2_grpc, erp.admin.v1.routes_pb2_grpc;"
        "bad = {'sqlalchemy', 'uvicorn', 'httpx', 'pydantic', 'erp_facade', 'erp_ports'} & set(sys.modules);"
        "sys.exit(' '.join(sorted(bad)) or 0)"
    )
    done = run(repository, sys.executable, "-c", code)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_wheel_brings_every_package_with_its_data_and_nothing_else(repository: Path, tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    build = (
        "import sys; from hatchling.builders.wheel import WheelBuilder;"
        "list(WheelBuilder('.').build(directory=sys.argv[1]))"
    )
    done = run(repository, sys.executable, "-c", build, str(tmp_path))
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()

    assert {n.split("/")[0] for n in names if ".dist-info" not in n} == set(PACKAGES)
    for package in PACKAGES:
        assert f"{package}/py.typed" in names
    for needed in ("erp_facade/rest/contract_comments.json", "erp_sandbox/data/orders.csv",
                   "erp_facade/store/migrations/env.py"):  # fmt: skip
        assert needed in names
    assert [n for n in names if n.endswith(".pyc") or "/tests/" in n] == []
