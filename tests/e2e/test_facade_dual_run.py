"""The dual run: what is compared, that it never writes, and that no caller pays for it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from erp_ports.errors import Misconfigured

PRICES = "PricingService.CalculatePrices"
AVAILABILITY = "AvailabilityService.CheckAvailability"
SIMULATE = "OrderService.SimulateOrder"
CREATE = "OrderService.CreateOrder"


@pytest.fixture
def divergent(start: Any) -> Any:
    """In dual run everywhere; the cloud ERP wants 15.00 for product 42 and does not know 72."""
    stock = [{"product": p, "plant": "EU01", "on_hand": 100, "lead_time_days": 14} for p in ("11", "42")]
    settings = {
        "currency": "USD",
        "products": {
            "11": {"description": "Queso Cabrales", "price": "21.00", "units": {"DZN": 12}},
            "42": {"description": "Mee", "price": "15.00"},
        },
        "customers": {"ALFKI": {}, "BERGS": {}},
        "stock": stock,
    }
    facade = start(cloud=settings)
    assert facade.set_route("SHADOW").status == "OK"
    return facade


def told(call: Any, method: str, request: Any, correlation_id: str) -> Any:
    return call(method, request, headers={"x-correlation-id": correlation_id})


@pytest.mark.parametrize(
    ("method", "product", "expected"),
    [
        (PRICES, "11", "MATCH"),
        (PRICES, "42", "MISMATCH"),
        (PRICES, "72", "MASTER_DATA_GAP"),
        (AVAILABILITY, "11", "MATCH"),
        (SIMULATE, "42", "MISMATCH"),
    ],
)
def test_an_answered_call_is_compared_and_the_observation_says_how_it_differs(
    divergent: Any, ask: Any, transport: str, method: str, product: str, expected: str
) -> None:
    line = ask.line(product=product)
    request = {PRICES: ask.prices(line), AVAILABILITY: ask.availability(line), SIMULATE: ask.simulate("S", line)}[
        method
    ]
    correlation_id = f"seen-{transport}-{product}"

    answer = told(divergent.client(transport), method, request, correlation_id)
    (seen,) = divergent.observations(correlation_id)

    assert answer.json["lines"][0]["source"]["backend"] == "legacy"
    assert (seen["comparisonClass"], seen["control"], seen["candidate"]) == (expected, "legacy", "cloud")
    assert (seen["businessUnit"], seen["plants"], seen["routeVersion"]) == ("NW", ["EU01"], "2")
    if expected == "MISMATCH":
        paths = {d["path"] for d in seen["differences"]}
        assert any(path.endswith("net_amount") for path in paths), paths


def test_an_observation_is_summarised_and_shown_with_both_answers(divergent: Any, ask: Any) -> None:
    told(divergent.grpc, PRICES, ask.prices(ask.line(product="42")), "sum-1")
    (seen,) = divergent.observations("sum-1")

    summary = divergent.rest("ComparisonService.SummarizeObservations", {"plant": "EU01"}).json
    shown = divergent.rest("ComparisonService.GetObservation", {"name": seen["name"]}).json

    (scope,) = [s for s in summary["scopes"] if s["capability"] == "PRICING"]
    assert (scope["compared"], scope["matchRate"]) == ("1", "0")
    assert {"comparisonClass": "MISMATCH", "count": "1"} in scope["classes"]
    assert seen["name"] in {f["sampleObservation"] for f in summary["fields"]}
    assert '"14' in shown["controlJson"].replace(" ", "")
    assert '"15' in shown["candidateJson"].replace(" ", "")


def test_a_booking_is_compared_with_a_simulation_and_the_candidate_books_nothing(
    divergent: Any, ask: Any, transport: str
) -> None:
    call = divergent.client(transport)
    order = told(call, CREATE, ask.create("DUAL", ask.line(product="42")), "book-1").json
    (seen,) = divergent.observations("book-1")

    assert order["submissionState"] == "BOOKED"
    assert (seen["operation"], seen["capability"], seen["comparisonClass"]) == ("simulate_order", "ORDERS", "MISMATCH")
    assert divergent.booked("DUAL") == [("legacy", "1")]
    assert divergent.memory("cloud").ledger() == []


def test_the_candidates_credential_cannot_write_even_if_it_is_asked(divergent: Any) -> None:
    view = divergent.facade.backends["cloud"].shadow
    assert not hasattr(view, "create_order")
    assert not hasattr(view, "cancel_order")
    with pytest.raises(Misconfigured, match="cannot write"):
        divergent.loop.run(divergent.shadow("cloud").cancel_order("NW", "1", "R", "no", _call()))


def _call() -> Any:
    from erp_ports.call import Call

    return Call(deadline=time.monotonic() + 5, correlation_id="t", traceparent="")


@pytest.mark.parametrize("method", [PRICES, AVAILABILITY, SIMULATE, CREATE])
def test_a_hanging_candidate_slows_no_caller(start: Any, ask: Any, transport: str, method: str) -> None:
    facade = start(dual_run={"deadline_seconds": 30.0, "in_flight": 1, "queue": 2})
    facade.set_route("SHADOW")
    facade.shadow("cloud").faults.delay = 600.0
    call = facade.client(transport)
    requests = {PRICES: ask.prices(), AVAILABILITY: ask.availability(), SIMULATE: ask.simulate("S"), CREATE: None}

    # Many more than the candidate's lane and queue hold; each must be answered within its own deadline.
    for number in range(12):
        request = requests[method] or ask.create(f"HANG-{number}")
        assert call(method, request, seconds=15).status == "OK"

    if method == CREATE:
        assert [facade.booked(f"HANG-{n}") for n in range(12)] == [[("legacy", "1")]] * 12
    listed = facade.grpc("ComparisonService.ListObservations", {}).json["observations"]
    assert listed == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [({"down": True}, "NOT_COMPARABLE"), ({"delay": 600.0}, "NOT_COMPARABLE")],
    ids=["down", "slow"],
)
def test_a_failing_candidate_fails_no_caller_and_is_told_as_such(
    start: Any, ask: Any, transport: str, fault: dict[str, Any], expected: str
) -> None:
    facade = start(dual_run={"deadline_seconds": 0.3, "sync_lag_seconds": 0.05})
    facade.set_route("SHADOW")
    vars(facade.shadow("cloud").faults).update(fault)

    answer = told(facade.client(transport), PRICES, ask.prices(), "ill")
    (seen,) = facade.observations("ill")

    assert answer.status == "OK"
    assert (seen["comparisonClass"], answer.json["lines"][0]["source"]["backend"]) == (expected, "legacy")


def test_of_a_split_call_only_the_lines_with_a_candidate_are_compared(start: Any, ask: Any) -> None:
    facade = start()
    facade.set_route("SHADOW", plant="NA01")
    lines = [ask.line("1", plant="EU01"), ask.line("2", plant="NA01"), ask.line("3", "42", plant="NA01")]

    told(facade.grpc, PRICES, ask.prices(*lines), "part")
    (seen,) = facade.observations("part")

    shown = facade.grpc("ComparisonService.GetObservation", {"name": seen["name"]}).json
    assert (seen["plants"], seen["comparisonClass"]) == (["NA01"], "MATCH")
    for side in ("requestJson", "controlJson", "candidateJson"):
        assert ("EU01" in shown[side], "NA01" in shown[side]) == (False, True)


def test_a_plant_that_is_not_in_dual_run_is_not_compared(start: Any, ask: Any) -> None:
    facade = start()
    facade.set_route("SHADOW", plant="NA01")
    told(facade.grpc, PRICES, ask.prices(ask.line(plant="EU01")), "alone")
    told(facade.grpc, PRICES, ask.prices(ask.line(plant="NA01")), "compared")
    facade.observations("compared")
    listed = facade.grpc("ComparisonService.ListObservations", {"correlationId": "alone"}).json
    assert listed["observations"] == []


def test_a_share_of_0_compares_nothing_and_counts_what_it_left_out(start: Any, ask: Any, wait_until: Any) -> None:
    facade = start()
    facade.set_route("SHADOW", shadowPercent=0)
    for number in range(3):
        told(facade.grpc, PRICES, ask.prices(), f"out-{number}")

    def left_out() -> Any:
        scopes = facade.grpc("ComparisonService.SummarizeObservations", {}).json["scopes"]
        return [s for s in scopes if s["unsampled"] == "3"] or None

    (scope,) = wait_until(left_out)
    assert (scope["seen"], scope["compared"]) == ("3", "0")


def test_after_the_flip_the_former_legacy_erp_is_the_candidate(start: Any, ask: Any) -> None:
    facade = start()
    facade.set_route("CLOUD_SHADOWED")
    told(facade.rest, PRICES, ask.prices(), "turned")
    (seen,) = facade.observations("turned")
    assert (seen["control"], seen["candidate"], seen["comparisonClass"]) == ("cloud", "legacy", "MATCH")


def test_metrics_count_observations_by_class(divergent: Any, ask: Any) -> None:
    told(divergent.grpc, PRICES, ask.prices(ask.line(product="42")), "counted")
    divergent.observations("counted")
    text = divergent.rest.http.get("/metrics").text
    assert 'erp_facade_observations_total{capability="PRICING",comparison_class="MISMATCH"} 1.0' in text
