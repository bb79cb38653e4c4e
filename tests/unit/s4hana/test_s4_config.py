from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cloud_erp.s4hana import plugin
from cloud_erp.s4hana.config import S4Config
from cloud_erp.s4hana.declaration import declaration
from erp_ports.operations import Operation, ReferenceKind, Support


def test_a_password_is_not_shown(settings: dict[str, Any]) -> None:
    assert "secret-1" not in repr(S4Config.model_validate(settings))


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "erp.example"},
        {"base_url": "https://user:secret@erp.example"},
        {"business_units": {}},
        {"unknown_key": 1},
        {"reference": {"field": "YourReference"}},
        {"reference": {"field": "PurchaseOrderByCustomer", "length": 18}},
        {"rejection_reason": ""},
        {"statuses": {"payment": {"A": "PERHAPS"}}},
        {"messages": {"V1/001": "PERHAPS"}},
        {"timeouts": {"read": 0}},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(settings: dict[str, Any], changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        S4Config.model_validate(settings | changes)


def test_the_shadow_user_is_another_one(settings: dict[str, Any]) -> None:
    settings["users"]["shadow"]["user"] = "FACADE"
    with pytest.raises(ValidationError, match="different users"):
        S4Config.model_validate(settings)


def test_every_operation_is_offered(settings: dict[str, Any]) -> None:
    declared = declaration(S4Config.model_validate(settings))
    assert declared.operations == dict.fromkeys(Operation, Support.SUPPORTED)


def test_nothing_is_claimed_that_the_configuration_does_not_vouch_for(settings: dict[str, Any]) -> None:
    facts = declaration(S4Config.model_validate(settings)).write_facts
    assert facts is not None
    assert (facts.unique_reference, facts.consistent_lookup, facts.bounded_execution) == ("", "", "")
    assert (facts.reference.kind, facts.reference.length) == (ReferenceKind.TEXT, 18)
    assert facts.reference.field == "AssignmentReference"


@pytest.mark.parametrize(("hours", "claimed"), [(48, True), (24, False), (12, False)])
def test_uniqueness_is_claimed_only_beyond_the_retry_horizon(
    settings: dict[str, Any], hours: int, claimed: bool
) -> None:
    settings["repeatability"] = {"enabled": True, "retention_hours": hours}
    facts = declaration(S4Config.model_validate(settings)).write_facts
    assert facts is not None
    assert bool(facts.unique_reference) is claimed


def test_the_package_exports_its_plugin_alone() -> None:
    import cloud_erp.s4hana as package

    assert package.__all__ == ["plugin"]
    assert (plugin.name, plugin.config) == ("s4hana", S4Config)
