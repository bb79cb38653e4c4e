"""Which ERP answers: flips, splits, owners, refusals of routes, intake and canary."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from erp_facade.api_error import ApiError

PRICES = "PricingService.CalculatePrices"
AVAILABILITY = "AvailabilityService.CheckAvailability"
SIMULATE = "OrderService.SimulateOrder"
CREATE = "OrderService.CreateOrder"
GET = "OrderService.GetOrder"
SET = "RouteService.SetRoute"


def sides(answer: Any) -> list[str]:
    return [line["source"]["backend"] for line in answer.json["lines"]]


@pytest.fixture
def facade(start: Any) -> Any:
    return start()


@pytest.fixture
def moved(facade: Any) -> Any:
    """A facade whose plant NA01 is on the cloud ERP already, and the others on the legacy one."""
    assert facade.set_route("CLOUD", plant="NA01").status == "OK"
    return facade


def test_a_flip_takes_effect_for_the_next_call_without_a_restart(facade: Any, transport: str, ask: Any) -> None:
    call = facade.client(transport)
    told = []
    for stage in ("LEGACY", "CLOUD", "LEGACY", "CLOUD_SHADOWED", "SHADOW"):
        facade.set_route(stage)
        (line,) = call(PRICES, ask.prices()).json["lines"]
        (checked,) = call(AVAILABILITY, ask.availability()).json["lines"]
        order = call(CREATE, ask.create(f"FLIP-{len(told)}")).json
        assert [line["source"]["backend"]] == [checked["source"]["backend"]] == [
            part["source"]["backend"] for part in order["parts"]
        ]  # fmt: skip
        told.append((line["source"]["backend"], line["source"]["routeVersion"]))

    assert told == [("legacy", "1"), ("cloud", "2"), ("legacy", "3"), ("cloud", "4"), ("legacy", "5")]
    assert [facade.booked(f"FLIP-{n}")[0][0] for n in range(5)] == ["legacy", "cloud", "legacy", "cloud", "legacy"]


@pytest.mark.parametrize("method", [PRICES, AVAILABILITY, SIMULATE])
def test_lines_of_plants_on_different_erps_are_merged_in_the_callers_order(
    moved: Any, transport: str, ask: Any, method: str
) -> None:
    plants = ["EU01", "NA01", "AP01", "NA01", "EU01"]
    lines = [ask.line(f"L{n}", product, plant, f"{n}") for n, (product, plant) in
             enumerate(zip(["11", "42", "72", "11", "42"], plants, strict=True), start=1)]  # fmt: skip
    requests = {PRICES: ask.prices(*lines), AVAILABILITY: ask.availability(*lines), SIMULATE: ask.simulate("S", *lines)}

    answer = moved.client(transport)(method, requests[method])

    assert [line["lineId"] for line in answer.json["lines"]] == ["L1", "L2", "L3", "L4", "L5"]
    assert [line["plant"] for line in answer.json["lines"]] == plants
    assert sides(answer) == ["legacy", "cloud", "legacy", "cloud", "legacy"]
    assert (answer.json["split"], answer.json["partial"], answer.json["missing"]) == (True, False, [])
    if method != AVAILABILITY:
        # 1 × 21 + 2 × 14 + 3 × 34.80 + 4 × 21 + 5 × 14
        assert answer.json["netAmount"] == {"currencyCode": "USD", "units": "307", "nanos": 400000000}


@pytest.mark.parametrize("method", [PRICES, AVAILABILITY, SIMULATE])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [({"down": True}, "BACKEND_UNAVAILABLE"), ({"delay": 60.0}, "BACKEND_TIMEOUT")],
    ids=["down", "hanging"],
)
def test_without_one_erp_the_answer_is_partial_and_has_no_totals(
    moved: Any, transport: str, ask: Any, method: str, fault: dict[str, Any], reason: str
) -> None:
    vars(moved.memory("cloud").faults).update(fault)
    lines = [ask.line("1", plant="NA01"), ask.line("2", plant="EU01"), ask.line("3", plant="NA01")]
    requests = {PRICES: ask.prices(*lines), AVAILABILITY: ask.availability(*lines), SIMULATE: ask.simulate("P", *lines)}

    answer = moved.client(transport)(method, requests[method], seconds=2.0)

    assert answer.status == "OK"
    assert [line["lineId"] for line in answer.json["lines"]] == ["2"]
    assert (answer.json["partial"], answer.json["split"]) == (True, True)
    (missing,) = answer.json["missing"]
    assert (missing["lineIds"], missing["reason"]) == (["1", "3"], reason)
    assert "netAmount" not in answer.json
    assert "taxAmount" not in answer.json


def test_a_business_refusal_of_one_part_fails_the_whole_question(moved: Any, transport: str, ask: Any) -> None:
    lines = [ask.line("1", plant="EU01"), ask.line("2", "4711", plant="NA01")]
    answer = moved.client(transport)(PRICES, ask.prices(*lines))
    assert (answer.status, answer.reason) == ("NOT_FOUND", "UNKNOWN_PRODUCT")


def test_documents_stay_with_their_owner_after_a_flip(facade: Any, transport: str, ask: Any) -> None:
    call, parent = facade.client(transport), "businessUnits/NW"
    kept = call(CREATE, ask.create("KEPT")).json
    dropped = call(CREATE, ask.create("DROPPED")).json
    facade.memory("legacy").ship(kept["parts"][0]["documentNumber"])
    facade.memory("legacy").invoice(kept["parts"][0]["documentNumber"])
    facade.set_route("CLOUD")

    shown = call(GET, {"name": kept["name"]}).json
    (invoice,) = call("InvoiceService.ListInvoices", {"parent": parent, "order": kept["name"]}).json["invoices"]
    again = call(CREATE, ask.create("KEPT")).json
    cancelled = call("OrderService.CancelOrder", {"name": dropped["name"], "requestId": "c", "reason": "no"}).json

    assert [p["source"]["backend"] for p in shown["parts"]] == ["legacy"]
    assert shown["billingState"] == "BILLING_STATE_BILLED"
    assert (invoice["source"]["backend"], invoice["order"]) == ("legacy", kept["name"])
    assert (again["name"], again["replayed"], again["parts"][0]["source"]["backend"]) == (kept["name"], True, "legacy")
    assert cancelled["submissionState"] == "CANCELLED"
    assert facade.booked("KEPT") == [("legacy", "1")]
    assert facade.booked("DROPPED") == []
    assert call(PRICES, ask.prices()).json["lines"][0]["source"]["backend"] == "cloud"


def test_invoices_of_both_erps_are_listed_together_and_a_silent_one_is_named(
    moved: Any, transport: str, ask: Any
) -> None:
    call, parent = moved.client(transport), "businessUnits/NW"
    for number in range(3):
        for plant in ("EU01", "NA01"):
            assert call(CREATE, ask.create(f"INV-{plant}-{number}", ask.line(plant=plant))).status == "OK"
    for backend in ("legacy", "cloud"):
        moved.memory(backend).ship_and_invoice_all()

    names: list[str] = []
    token = ""
    for _ in range(3):
        page = call("InvoiceService.ListInvoices", {"parent": parent, "pageSize": 2, "pageToken": token}).json
        names += [i["name"] for i in page["invoices"]]
        token = page["nextPageToken"]
        assert page["unreachable"] == []
    assert token == ""
    assert len(set(names)) == len(names) == 6
    assert all(call("InvoiceService.GetInvoice", {"name": name}).json["name"] == name for name in names)

    moved.memory("cloud").faults.down = True
    page = call("InvoiceService.ListInvoices", {"parent": parent}).json
    assert (len(page["invoices"]), page["unreachable"]) == (3, ["cloud"])
    moved.memory("cloud").faults.down = False
    moved.memory("cloud").faults.delay = 60.0
    page = call("InvoiceService.ListInvoices", {"parent": parent}, seconds=2.0).json
    assert (len(page["invoices"]), page["unreachable"]) == (3, ["cloud"])


def test_a_decision_is_explained_with_the_row_and_those_it_overrules(moved: Any, transport: str) -> None:
    moved.set_route("SHADOW", capability="PRICING")
    asked = {"businessUnit": "NW", "plant": "NA01", "capability": "PRICING", "customer": "ALFKI"}

    explained = moved.client(transport)("RouteService.ExplainRoute", asked).json

    assert (explained["backend"], explained["candidate"]) == ("cloud", "")
    assert explained["route"]["name"] == "routes/*.NA01.*.*"
    assert "*.NA01.*.*" in explained["reason"]
    assert [r["name"] for r in explained["overruled"]] == ["routes/*.*.*.PRICING", "routes/*.*.*.*"]
    assert explained["routeVersion"] == "3"


def test_without_a_matching_row_the_plant_is_named(start: Any, transport: str, ask: Any) -> None:
    row = {
        "business_unit": "NW",
        "plant": "EU01",
        "stage": "LEGACY",
        "legacy_backend": "legacy",
        "cloud_backend": "cloud",
    }
    facade = start(routes=[row])
    call = facade.client(transport)

    for method, request in (
        (PRICES, ask.prices(ask.line(plant="AP01"))),
        (CREATE, ask.create("N", ask.line(plant="AP01"))),
    ):
        answer = call(method, request)
        assert (answer.status, answer.reason) == ("FAILED_PRECONDITION", "NO_ROUTE")
        assert "AP01" in answer.message
    explained = call("RouteService.ExplainRoute", {"businessUnit": "NW", "plant": "AP01", "capability": "PRICING"})
    assert (explained.status, explained.reason) == ("NOT_FOUND", "NO_ROUTE")


def test_a_lead_who_saw_an_older_table_is_refused(facade: Any, transport: str) -> None:
    facade.set_route("SHADOW")
    route = {"businessUnit": "*", "plant": "*", "stage": "CLOUD", "legacyBackend": "legacy", "cloudBackend": "cloud"}

    answer = facade.client(transport)(SET, {"route": route, "routeVersion": "1", "reason": "late"})

    assert answer.error == ("ABORTED", "ROUTE_VERSION_CONFLICT", {})
    assert answer.error_metadata == {"route_version": "2"}
    assert facade.grpc("RouteService.ListRoutes", {}).json["routeVersion"] == "2"


def test_of_two_leads_at_once_exactly_one_wins(facade: Any) -> None:
    def flip(stage: str) -> str:
        return str(facade.set_route(stage, routeVersion="1", reason=f"to {stage}").status)

    with ThreadPoolExecutor(4) as leads:
        outcomes = sorted(leads.map(flip, ["SHADOW", "CLOUD_SHADOWED", "CLOUD", "SHADOW"]))

    assert outcomes == ["ABORTED", "ABORTED", "ABORTED", "OK"]
    changes = facade.grpc("RouteService.ListRouteChanges", {}).json["changes"]
    assert [c["routeVersion"] for c in changes] == ["2", "1"]


def test_a_change_needs_a_reason_and_is_kept_with_it_for_ever(facade: Any, transport: str) -> None:
    call = facade.client(transport)
    route = {
        "businessUnit": "NW",
        "plant": "EU01",
        "stage": "SHADOW",
        "legacyBackend": "legacy",
        "cloudBackend": "cloud",
    }

    assert call(SET, {"route": route}).error == ("INVALID_ARGUMENT", "INVALID_FIELD", {"reason": "INVALID_FIELD"})
    set_ = call(SET, {"route": route, "reason": "dual run of EU01 begins", "person": "Grace"}).json
    page = call("RouteService.ListRouteChanges", {"pageSize": 1}).json
    rest = call("RouteService.ListRouteChanges", {"pageSize": 1, "pageToken": page["nextPageToken"]}).json

    assert (set_["routeVersion"], "previous" in set_) == ("2", False)
    (change,) = page["changes"]
    assert (change["person"], change["reason"]) == ("Grace (local)", "dual run of EU01 begins")
    assert [(d["route"]["plant"], d["route"]["stage"]) for d in change["differences"]] == [("EU01", "SHADOW")]
    assert [c["routeVersion"] for c in rest["changes"]] == ["1"]
    assert rest["nextPageToken"] == ""


def test_a_dry_run_says_what_would_change_and_changes_nothing(facade: Any, ask: Any) -> None:
    answer = facade.set_route("CLOUD", validateOnly=True)
    assert (answer.json["route"]["stage"], answer.json["routeVersion"]) == ("CLOUD", "1")
    assert facade.grpc("RouteService.ListRoutes", {}).json["routes"][0]["stage"] == "LEGACY"
    assert sides(facade.grpc(PRICES, ask.prices())) == ["legacy"]
    refused = facade.set_route("CANARY", validateOnly=True, stockSync="SNAPSHOT", canaryPercent=10)
    assert refused.reason == "ROUTE_DEPENDENCY"


def test_setting_a_row_as_it_is_makes_no_version(facade: Any) -> None:
    first = facade.set_route("SHADOW").json["routeVersion"]
    assert facade.set_route("SHADOW").json["routeVersion"] == first == "2"
    assert len(facade.grpc("RouteService.ListRouteChanges", {}).json["changes"]) == 2


def test_a_paused_intake_refuses_new_orders_and_nothing_else(facade: Any, transport: str, ask: Any) -> None:
    call = facade.client(transport)
    before = call(CREATE, ask.create("BEFORE", ask.line(plant="EU01"))).json
    facade.set_route("LEGACY", plant="EU01", intake="PAUSED")

    lines = [ask.line("1", plant="EU01"), ask.line("2", plant="AP01")]
    refused = call(CREATE, ask.create("PAUSED", *lines))

    assert (refused.status, refused.reason, refused.retry_after) == ("UNAVAILABLE", "INTAKE_CLOSED", 60.0)
    assert "EU01" in refused.message
    assert "AP01" not in refused.message
    assert facade.booked("PAUSED") == []
    assert call(PRICES, ask.prices()).status == "OK"
    assert call(CREATE, ask.create("ELSEWHERE", ask.line(plant="AP01"))).json["submissionState"] == "BOOKED"
    replayed = call(CREATE, ask.create("BEFORE", ask.line(plant="EU01"))).json
    assert (replayed["name"], replayed["replayed"]) == (before["name"], True)
    facade.set_route("LEGACY", plant="EU01")
    assert call(CREATE, ask.create("PAUSED", *lines)).json["submissionState"] == "BOOKED"


def test_a_draining_intake_takes_orders_and_sends_them_once_it_is_open(facade: Any, ask: Any, wait_until: Any) -> None:
    facade.set_route("LEGACY", intake="DRAINING")
    order = facade.rest(CREATE, ask.create("DRAIN"), seconds=0.5)
    assert (order.http_status, order.json["submissionState"]) == (202, "ACCEPTED")
    assert facade.booked("DRAIN") == []

    facade.set_route("CLOUD")

    wait_until(lambda: facade.booked("DRAIN") or None, 5)
    assert facade.booked("DRAIN") == [("cloud", "1")]


@pytest.mark.parametrize("sync", ["STOCK_NOT_SHARED", "SNAPSHOT", "STOCK_SYNC_UNSPECIFIED"])
def test_a_canary_of_orders_without_live_stock_is_refused(facade: Any, transport: str, sync: str) -> None:
    route = {"businessUnit": "NW", "plant": "*", "stage": "CANARY", "legacyBackend": "legacy", "cloudBackend": "cloud",
             "canaryPercent": 10, "stockSync": sync}  # fmt: skip
    answer = facade.client(transport)(SET, {"route": route, "reason": "try"})
    assert (answer.status, answer.reason) == ("FAILED_PRECONDITION", "ROUTE_DEPENDENCY")
    assert "stock_sync LIVE" in answer.message
    assert facade.client(transport)(SET, {"route": {**route, "capability": "PRICING"}, "reason": "ok"}).status == "OK"


CROWD = [f"C{n}" for n in range(24)]


def test_at_canary_prices_dates_and_orders_of_a_customer_are_on_one_side(start: Any, ask: Any) -> None:
    crowd = {"adapter": "memory", "settings": {
        "currency": "USD",
        "products": {"11": {"price": "21.00"}},
        "customers": {name: {} for name in CROWD},
        "stock": [{"product": "11", "plant": plant, "on_hand": 10_000} for plant in ("EU01", "AP01")],
    }}  # fmt: skip
    facade = start(backends={"legacy": crowd, "cloud": crowd})
    on_cloud: dict[int, set[str]] = {}
    for percent in (30, 60):
        facade.set_route("CANARY", canaryPercent=percent)
        on_cloud[percent] = set()
        for name in CROWD:
            asking = type(ask)(customer=name)
            number = f"CAN-{percent}-{name}"
            told = {
                sides(facade.grpc(PRICES, asking.prices()))[0],
                sides(facade.rest(AVAILABILITY, asking.availability()))[0],
                sides(facade.grpc(SIMULATE, asking.simulate(number)))[0],
                facade.rest(CREATE, asking.create(number)).json["parts"][0]["source"]["backend"],
                facade.booked(number)[0][0],
            }
            (side,) = told
            if side == "cloud":
                on_cloud[percent].add(name)
            asked = {"businessUnit": "NW", "plant": "EU01", "capability": "ORDERS", "customer": name}
            assert facade.grpc("RouteService.ExplainRoute", asked).json["backend"] == side

    assert 0 < len(on_cloud[30]) < len(on_cloud[60]) < len(CROWD)
    assert on_cloud[30] < on_cloud[60]


def tied() -> list[dict[str, Any]]:
    row = {"business_unit": "NW", "legacy_backend": "legacy", "cloud_backend": "cloud", "stock_sync": "LIVE"}
    return [
        {**row, "stage": "LEGACY"},
        {**row, "plant": "EU01", "stage": "SHADOW"},
        {**row, "plant": "EU01", "stage": "CLOUD"},
    ]


def test_a_file_whose_rows_tie_stops_the_start_with_both_rows_named(start: Any, tmp_path: Any) -> None:
    with pytest.raises(ApiError) as refused:
        start(folder=tmp_path, routes=tied())
    assert refused.value.reason == "ROUTE_TIE"
    assert "rows 2 and 3" in refused.value.message
    # Nothing is left locked or half-made: the same store starts with a sound table.
    assert start(folder=tmp_path).grpc("RouteService.ListRoutes", {}).json["routeVersion"] == "1"


def test_rows_that_tie_cannot_be_applied(facade: Any, transport: str) -> None:
    row = {"businessUnit": "NW", "legacyBackend": "legacy", "cloudBackend": "cloud"}
    rows = [{**row, "plant": "*", "stage": "LEGACY"}, {**row, "plant": "EU01", "stage": "SHADOW"},
            {**row, "plant": "EU01", "stage": "CLOUD"}]  # fmt: skip

    answer = facade.client(transport)("RouteService.ApplyRoutes", {"routes": rows, "reason": "a mistake"})

    assert (answer.status, answer.reason) == ("FAILED_PRECONDITION", "ROUTE_TIE")
    assert "NW.EU01.*.*" in answer.message
    listed = facade.grpc("RouteService.ListRoutes", {}).json
    assert (len(listed["routes"]), listed["routeVersion"]) == (1, "1")


def test_a_route_to_an_operation_that_the_adapter_lacks_is_refused(start: Any, transport: str) -> None:
    limited = {"adapter": "memory", "settings": {"unsupported": ["create_order", "simulate_order"]}}
    facade = start(backends={"legacy": {"adapter": "memory"}, "cloud": limited})
    call = facade.client(transport)
    route = {"businessUnit": "NW", "plant": "*", "legacyBackend": "legacy", "cloudBackend": "cloud"}

    books = call(SET, {"route": {**route, "stage": "CLOUD", "capability": "ORDERS"}, "reason": "try"})
    shadows = call(SET, {"route": {**route, "stage": "SHADOW", "capability": "ORDERS"}, "reason": "try"})
    prices = call(SET, {"route": {**route, "stage": "CLOUD", "capability": "PRICING"}, "reason": "try"})

    assert (books.status, books.reason) == ("FAILED_PRECONDITION", "ROUTE_UNSUPPORTED")
    assert "cloud does not offer create_order" in books.message
    assert (shadows.reason, prices.status) == ("ROUTE_UNSUPPORTED", "OK")


def test_every_problem_of_a_table_is_told_at_once(facade: Any, transport: str) -> None:
    row = {"businessUnit": "NW", "plant": "EU01", "stage": "LEGACY", "legacyBackend": "legacy", "cloudBackend": "cloud"}
    rows = [{**row, "plant": "MARS"}, {**row, "cloudBackend": "sap"}, {**row, "businessUnit": "ZZ"}]

    answer = facade.client(transport)("RouteService.ApplyRoutes", {"routes": rows, "reason": "a mistake"})

    assert answer.status == "INVALID_ARGUMENT"
    assert sorted(answer.violations.values()) == ["INVALID_FIELD", "UNKNOWN_BUSINESS_UNIT", "UNKNOWN_PLANT"]


def test_invoices_may_not_move_before_the_orders_they_belong_to(facade: Any) -> None:
    answer = facade.set_route("CLOUD", capability="INVOICES")
    assert (answer.status, answer.reason) == ("FAILED_PRECONDITION", "ROUTE_DEPENDENCY")


def test_the_table_of_the_store_outlives_a_restart_and_the_file_is_for_the_first_start_only(
    start: Any, tmp_path: Any
) -> None:
    first = start(folder=tmp_path)
    first.set_route("CLOUD", plant="EU01")
    first.stop()

    second = start(folder=tmp_path)

    listed = second.grpc("RouteService.ListRoutes", {}).json
    assert [(r["plant"], r["stage"]) for r in listed["routes"]] == [("EU01", "CLOUD"), ("*", "LEGACY")]
    assert listed["routeVersion"] == "2"
