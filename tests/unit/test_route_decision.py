"""Which ERP answers: precedence, stages, canary."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_routing.decision import NoRoute, RouteTable, canary_bucket
from erp_routing.routes import ANY, Capability, Route, Scope, Stage, StockSync


def row(
    business_unit: str = ANY,
    plant: str = ANY,
    capability: str = ANY,
    stage: Stage = Stage.LEGACY,
    **more: object,
) -> Route:
    scope = Scope(business_unit=business_unit, plant=plant, capability=capability)
    return Route(scope=scope, stage=stage, legacy_backend="old", cloud_backend="new", **more)  # type: ignore[arg-type]


def decide(*routes: Route, customer: str = "ALFKI", plant: str = "EU01", capability: Capability = Capability.PRICING):
    return RouteTable(routes, 7).decide("NW", plant, capability, customer)


def test_an_exact_plant_beats_an_exact_business_unit_and_capability() -> None:
    broad = row(business_unit="NW", capability="PRICING", stage=Stage.LEGACY)
    exact = row(plant="EU01", stage=Stage.CLOUD)
    assert decide(broad, exact).backend == "new"


def test_an_exact_business_unit_beats_an_exact_capability() -> None:
    assert decide(row(capability="PRICING"), row(business_unit="NW", stage=Stage.CLOUD)).backend == "new"


def test_precedence_follows_plant_product_line_business_unit_capability() -> None:
    scopes = [
        Scope(business_unit=unit, plant=plant, capability=capability)
        for plant, unit, capability in itertools.product((ANY, "EU01"), (ANY, "NW"), (ANY, "PRICING"))
    ]
    table = RouteTable([Route(scope=s, stage=Stage.LEGACY, legacy_backend="o", cloud_backend="n") for s in scopes], 1)
    assert [r.scope for r in table.matching("NW", "EU01", Capability.PRICING)] == list(reversed(scopes))


@pytest.mark.parametrize(
    ("stage", "backend", "candidate"),
    [
        (Stage.LEGACY, "old", None),
        (Stage.SHADOW, "old", "new"),
        (Stage.CLOUD_SHADOWED, "new", "old"),
        (Stage.CLOUD, "new", None),
    ],
)
def test_each_stage_names_who_answers_and_who_is_compared(stage: Stage, backend: str, candidate: str | None) -> None:
    decision = decide(row(stage=stage))
    assert (decision.backend, decision.candidate, decision.route_version) == (backend, candidate, 7)
    assert stage.value in decision.reason


def test_a_call_without_a_row_is_refused_with_its_scope_named() -> None:
    with pytest.raises(NoRoute, match="business unit NW, plant EU01, capability PRICING"):
        decide(row(business_unit="OTHER"))


def test_at_canary_the_other_erp_is_compared() -> None:
    table = RouteTable([row(stage=Stage.CANARY, canary_percent=50, stock_sync=StockSync.LIVE)], 1)
    sides = {
        (d.backend, d.candidate) for d in (table.decide("NW", "EU01", Capability.ORDERS, f"C{i}") for i in range(200))
    }
    assert sides == {("old", "new"), ("new", "old")}


@given(
    customer=st.text(min_size=1, max_size=20),
    low=st.integers(0, 100),
    high=st.integers(0, 100),
)
def test_a_customer_on_the_cloud_side_stays_there_while_the_percentage_does_not_fall(
    customer: str, low: int, high: int
) -> None:
    low, high = sorted((low, high))
    before = decide(row(stage=Stage.CANARY, canary_percent=low), customer=customer)
    after = decide(row(stage=Stage.CANARY, canary_percent=high), customer=customer)
    assert before.backend == "old" or after.backend == "new"


@given(customer=st.text(min_size=1, max_size=20))
def test_a_customers_prices_dates_and_orders_land_on_the_same_side(customer: str) -> None:
    table = RouteTable([row(stage=Stage.CANARY, canary_percent=30)], 1)
    assert len({table.decide("NW", "EU01", c, customer).backend for c in Capability}) == 1


def test_canary_takes_about_the_share_it_is_told() -> None:
    on_cloud = sum(canary_bucket("NW", "EU01", f"customer {i}") < 2_000 for i in range(10_000))
    assert 1_800 < on_cloud < 2_200


def test_zero_percent_moves_nobody_and_hundred_percent_everybody() -> None:
    for percent, backend in ((0, "old"), (100, "new")):
        route = row(stage=Stage.CANARY, canary_percent=percent)
        assert {decide(route, customer=f"C{i}").backend for i in range(500)} == {backend}


def test_invoices_are_asked_of_every_backend_that_a_row_names_at_any_stage() -> None:
    table = RouteTable([row(stage=Stage.CLOUD, business_unit="NW"), row(business_unit="OTHER")], 1)
    assert table.backends_for_invoices("NW") == ["new", "old"]


def test_two_scopes_that_read_the_same_keep_their_own_decisions() -> None:
    """Ids may hold dots, so that `A.B` + `C` and `A` + `B.C` are one word."""
    rows = [row(business_unit="A.B", plant="C"), row(business_unit="A", plant="B.C", stage=Stage.CLOUD)]
    table = RouteTable(rows, 1)
    asked = [("A.B", "C"), ("A", "B.C")]
    assert [table.decide(*a, Capability.ORDERS, "ALFKI").backend for a in asked] == ["old", "new"]
