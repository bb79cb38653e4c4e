"""What a route table must satisfy before it takes effect."""

from __future__ import annotations

from erp_ports.operations import Declaration, Operation, Support
from erp_routing.routes import ANY, Route, Scope, Stage, StockSync
from erp_routing.rules import Problem, problems

ALL = Declaration(operations=dict.fromkeys(Operation, Support.SUPPORTED))
NO_SIMULATION = Declaration(
    operations={**dict.fromkeys(Operation, Support.SUPPORTED), Operation.SIMULATE_ORDER: Support.UNSUPPORTED}
)
NO_PRICES = Declaration(
    operations={**dict.fromkeys(Operation, Support.SUPPORTED), Operation.CALCULATE_PRICES: Support.NOT_IMPLEMENTED}
)
UNITS = {"NW": ["EU01", "NA01"]}


def row(
    stage: Stage = Stage.LEGACY, *, capability: str = ANY, plant: str = ANY, unit: str = "NW", **more: object
) -> Route:
    scope = Scope(business_unit=unit, plant=plant, capability=capability)
    values = {"legacy_backend": "old", "cloud_backend": "new", **more}
    return Route(scope=scope, stage=stage, **values)  # type: ignore[arg-type]


def check(*routes: Route, old: Declaration = ALL, new: Declaration = ALL) -> list[Problem]:
    return problems(routes, backends={"old": old, "new": new}, business_units=UNITS)


def reasons(*routes: Route, old: Declaration = ALL, new: Declaration = ALL) -> list[str]:
    return [p.reason for p in check(*routes, old=old, new=new)]


def test_a_sound_table_has_no_problems() -> None:
    assert check(row(), row(Stage.SHADOW, plant="EU01"), row(Stage.CLOUD, plant="NA01")) == []


def test_two_rows_of_equal_rank_that_match_the_same_call_are_refused_with_both_named() -> None:
    found = check(row(plant="EU01"), row(plant="NA01"), row(Stage.CLOUD, plant="EU01"))
    assert [p.reason for p in found] == ["ROUTE_TIE"]
    assert "rows 1 and 3" in found[0].message
    assert "NW.EU01" in found[0].message


def test_an_unknown_business_unit_plant_or_backend_is_refused() -> None:
    assert reasons(row(unit="XX", plant="ZZ")) == ["UNKNOWN_BUSINESS_UNIT"]
    assert reasons(row(plant="ZZ")) == ["UNKNOWN_PLANT"]
    assert reasons(row(cloud_backend="nowhere")) == ["INVALID_FIELD"]


def test_a_route_to_an_operation_that_the_adapter_lacks_is_refused_and_says_which() -> None:
    found = check(row(Stage.CLOUD, capability="PRICING"), new=NO_PRICES)
    assert [p.reason for p in found] == ["ROUTE_UNSUPPORTED"]
    assert "calculate_prices" in found[0].message
    assert "NOT_IMPLEMENTED" in found[0].message


def test_a_backend_that_a_stage_does_not_ask_may_lack_operations() -> None:
    assert check(row(Stage.LEGACY, capability="PRICING"), new=NO_PRICES) == []


def test_the_shadow_of_orders_is_refused_where_the_other_erp_cannot_simulate() -> None:
    assert reasons(row(Stage.SHADOW, capability="ORDERS"), new=NO_SIMULATION) == ["ROUTE_UNSUPPORTED"]


def test_a_composed_simulation_serves_as_shadow() -> None:
    composed = Declaration(
        operations={**dict.fromkeys(Operation, Support.SUPPORTED), Operation.SIMULATE_ORDER: Support.COMPOSED}
    )
    assert check(row(Stage.SHADOW, capability="ORDERS"), new=composed) == []


def test_canary_for_orders_needs_live_stock() -> None:
    assert reasons(row(Stage.CANARY, canary_percent=5, capability="ORDERS")) == ["ROUTE_DEPENDENCY"]
    assert reasons(row(Stage.CANARY, canary_percent=5, capability="PRICING")) == []
    live = row(Stage.CANARY, canary_percent=5, capability="ORDERS", stock_sync=StockSync.LIVE)
    assert reasons(live) == []


def test_a_canary_percentage_belongs_to_the_stage_canary() -> None:
    assert reasons(row(Stage.SHADOW, canary_percent=5)) == ["INVALID_FIELD"]


def test_invoices_do_not_move_before_the_orders() -> None:
    orders, invoices = row(capability="ORDERS"), row(Stage.CLOUD, capability="INVOICES")
    assert set(reasons(orders, invoices)) == {"ROUTE_DEPENDENCY"}


def test_every_problem_is_found_at_once() -> None:
    found = reasons(row(plant="ZZ"), row(plant="EU01", cloud_backend="nowhere"), row(plant="EU01"))
    assert sorted(found) == ["INVALID_FIELD", "ROUTE_TIE", "UNKNOWN_PLANT"]
