"""The protocol of the stand-in, told by a client that has never heard of any adapter."""

from urllib.parse import unquote

import pytest
import requests
from pyodata import Client as IndependentReader


def test_a_request_without_or_with_a_wrong_password_is_asked_to_log_on(sandbox, live):
    assert live.get("API_SALES_ORDER_SRV/A_SalesOrder", auth=("nobody", "x")).status_code == 401
    response = live.get("API_SALES_ORDER_SRV/A_SalesOrder", auth=(sandbox.live[0], "wrong"))
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic")


def test_a_write_without_a_token_is_refused_and_says_what_is_required(live, kit):
    live.token = "guessed"
    response = live.order(kit.ordered())
    assert (response.status_code, response.headers["x-csrf-token"]) == (403, "Required")
    assert live.d("API_SALES_ORDER_SRV/A_SalesOrder")["results"] == []


def test_a_token_is_good_only_with_its_cookie_and_its_user(live, shadow, kit):
    live.fetch_token()
    assert list(live.http.cookies) == ["SAP_SESSIONID_NW1_100"]
    shadow.token = live.token
    assert shadow.simulate(kit.asked()).status_code == 403
    live.http.cookies.clear()
    assert live.order(kit.ordered()).headers["x-csrf-token"] == "Required"


def test_a_token_expires_and_can_be_fetched_again(sandbox, live, kit):
    live.booked(kit.ordered())
    sandbox.expire_csrf()
    assert live.order(kit.ordered()).status_code == 403
    live.fetch_token()
    assert live.order(kit.ordered()).status_code == 201


def test_a_session_ends_by_itself_after_its_time(start, connect, kit):
    client = connect(start(csrf_seconds=0.0))
    client.fetch_token()
    assert client.order(kit.ordered()).headers["x-csrf-token"] == "Required"


def test_the_shadow_user_reads_and_simulates_but_may_not_write(live, shadow, kit):
    number = live.booked(kit.ordered())
    assert shadow.d(f"API_SALES_ORDER_SRV/A_SalesOrder('{number}')")["SalesOrder"] == number
    assert shadow.simulate(kit.asked()).status_code == 201
    path = f"API_SALES_ORDER_SRV/A_SalesOrder('{number}')"
    refused = [
        shadow.order(kit.ordered()),
        shadow.send("PATCH", path, {"AssignmentReference": "X"}, {"If-Match": "*"}),
        shadow.send("DELETE", path, headers={"If-Match": "*"}),
    ]
    assert [(r.status_code, kit.errors(r)) for r in refused] == [(403, ["V1/031"])] * 3
    assert "x-csrf-token" not in refused[0].headers


def test_a_change_needs_the_present_etag(live, kit):
    number = live.booked(kit.ordered())
    path = f"API_SALES_ORDER_SRV/A_SalesOrder('{number}')"
    first = live.get(path)
    etag = first.headers["etag"]
    assert etag == first.json()["d"]["__metadata"]["etag"]
    assert unquote(etag).startswith("W/\"datetimeoffset'20")
    change = {"PurchaseOrderByCustomer": "PO-2"}
    assert live.send("PATCH", path, change).status_code == 428
    assert live.send("PATCH", path, change, {"If-Match": etag}).status_code == 204
    assert live.send("PATCH", path, change, {"If-Match": etag}).status_code == 412
    assert live.send("PATCH", path, change, {"If-Match": "*"}).status_code == 204
    assert live.d(path)["PurchaseOrderByCustomer"] == "PO-2"


def test_a_change_of_an_item_makes_the_etag_of_the_order_stale(live, kit):
    number = live.booked(kit.ordered())
    etag = live.get(f"API_SALES_ORDER_SRV/A_SalesOrder('{number}')").headers["etag"]
    item = f"API_SALES_ORDER_SRV/A_SalesOrderItem(SalesOrder='{number}',SalesOrderItem='10')"
    assert live.send("PATCH", item, {"RequestedQuantity": "6"}, {"If-Match": etag}).status_code == 204
    assert (
        live.send("DELETE", f"API_SALES_ORDER_SRV/A_SalesOrder('{number}')", None, {"If-Match": etag}).status_code
        == 412
    )


def test_answers_wear_the_types_of_odata_v2(live, kit):
    number = live.booked(kit.ordered())
    order = live.d(f"API_SALES_ORDER_SRV/A_SalesOrder('{number}')", expand="to_Item")
    item = order["to_Item"]["results"][0]
    assert order["PricingDate"] == kit.wire(kit.today)
    assert order["LastChangeDateTime"].endswith("+0000)/")
    assert (item["RequestedQuantity"], item["NetAmount"]) == ("5", "52.78")
    assert order["CustomerPurchaseOrderDate"] is None
    assert item["to_ScheduleLine"]["__deferred"]["uri"].endswith("/to_ScheduleLine")


def test_a_long_list_comes_in_pages_of_the_servers_size(start, connect, kit):
    client = connect(start(page_size=2))
    numbers = [client.booked(kit.ordered("1"), PurchaseOrderByCustomer=f"PO {n}") for n in range(5)]
    page = client.d("API_SALES_ORDER_SRV/A_SalesOrder", inlinecount="allpages", orderby="SalesOrder desc", top="5")
    seen, pages = [], 1
    assert page["__count"] == "5"
    while True:
        seen += [order["SalesOrder"] for order in page["results"]]
        if "__next" not in page:
            break
        page, pages = client.http.get(page["__next"]).json()["d"], pages + 1
    assert (seen, pages) == (numbers[::-1], 3)
    skipped = client.d("API_SALES_ORDER_SRV/A_SalesOrder", skip="3", top="1", select="SalesOrder")
    assert [order["SalesOrder"] for order in skipped["results"]] == [numbers[3]]
    assert set(skipped["results"][0]) == {"__metadata", "SalesOrder"}
    assert client.get("API_SALES_ORDER_SRV/A_SalesOrder/$count").text == "5"


@pytest.fixture(scope="module")
def three_orders(idle_sandbox, kit):
    client = kit.client(idle_sandbox)
    client.booked(kit.ordered(), PurchaseOrderByCustomer="PO 1", AssignmentReference="REF1")
    client.booked(kit.ordered(), PurchaseOrderByCustomer="O'Brien 2")
    client.booked(kit.ordered("6"))
    yield client
    client.http.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PurchaseOrderByCustomer eq 'O''Brien 2'", ["2"]),
        ("SalesOrder eq '0000000001'", ["1"]),
        ("SoldToParty eq '0010100001' and SalesOrder ge '2'", ["2", "3"]),
        ("not (SalesOrder eq '1' or SalesOrder eq '2')", ["3"]),
        ("startswith(PurchaseOrderByCustomer,'PO') or substringof('Brien',PurchaseOrderByCustomer)", ["1", "2"]),
        ("endswith(PurchaseOrderByCustomer,'1') eq true", ["1"]),
        ("AssignmentReference eq ''", ["2", "3"]),
        ("TotalNetAmount gt 52.78M", ["3"]),
        ("PricingDate eq datetime'2026-11-23T00:00:00'", ["1", "2", "3"]),
        ("LastChangeDateTime lt datetimeoffset'2020-01-01T00:00:00Z'", []),
    ],
)
def test_a_filter_finds_what_it_says(three_orders, text, expected):
    found = three_orders.d("API_SALES_ORDER_SRV/A_SalesOrder", filter=text)["results"]
    assert [order["SalesOrder"] for order in found] == expected


@pytest.mark.parametrize(
    "options",
    [
        {"$filter": "NoSuchThing eq 'x'"},
        {"$filter": "SalesOrder eq"},
        {"$filter": "SalesOrder eq 5"},
        {"$filter": "SalesOrder like 'x'"},
        {"$filter": "(SalesOrder eq '1'"},
        {"$filter": "SalesOrder eq '1' !"},
        {"$expand": "to_Nowhere"},
        {"$select": "NoSuchThing"},
        {"$orderby": "SalesOrder sideways"},
        {"$top": "-1"},
        {"$inlinecount": "some"},
        {"$apply": "x"},
    ],
)
def test_an_option_that_makes_no_sense_is_refused(three_orders, options):
    response = three_orders.get("API_SALES_ORDER_SRV/A_SalesOrder", params=options)
    assert (response.status_code, response.json()["error"]["message"]["lang"]) == (400, "en")


@pytest.mark.parametrize(
    "fields",
    [
        {"RequestedQuantity": 5},
        {"RequestedQuantity": "five"},
        {"RequestedQuantity": "1.0001"},
        {"RequestedQuantity": "1234567890123"},
        {"NoSuchThing": "x"},
        {"UnderlyingPurchaseOrderItem": "1234567"},
        {"PricingDate": "2026-11-23"},
        {"to_PricingElement": ["DRG1"]},
        {"to_ScheduleLine": [{"ScheduleLine": "1"}]},
    ],
)
def test_a_body_with_a_wrong_name_type_or_size_is_refused_and_books_nothing(three_orders, kit, fields):
    response = three_orders.order(kit.ordered(**fields))
    assert response.status_code == 400, response.text
    assert len(three_orders.d("API_SALES_ORDER_SRV/A_SalesOrder")["results"]) == 3


def test_a_truncated_body_is_refused(three_orders):
    headers = {"x-csrf-token": three_orders.fetch_token(), "Content-Type": "application/json"}
    response = three_orders.http.post("/API_SALES_ORDER_SRV/A_SalesOrder", content=b'{"SalesOrder', headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "/IWCOR/CX_DS_EP_PARSE_ERROR")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "NO_SUCH_SRV/A_SalesOrder", 404),
        ("GET", "API_SALES_ORDER_SRV/A_NoSuchSet", 404),
        ("GET", "API_SALES_ORDER_SRV/A_SalesOrder('77')", 404),
        ("GET", "API_SALES_ORDER_SRV/A_SalesOrder(77", 404),
        ("GET", "API_SALES_ORDER_SRV/A_SalesOrderItem('1')", 400),
        ("GET", "API_SALES_ORDER_SIMULATION_SRV/A_SalesOrderSimulation", 405),
        ("PUT", "API_SALES_ORDER_SRV/A_SalesOrder('1')", 405),
        ("POST", "API_BILLING_DOCUMENT_SRV/A_BillingDocument", 405),
    ],
)
def test_what_is_not_there_or_not_offered_says_so(three_orders, method, path, status):
    response = three_orders.get(path) if method == "GET" else three_orders.send(method, path, {})
    assert response.status_code == status
    assert response.json()["error"]["innererror"]["errordetails"]


def test_a_client_that_does_not_ask_for_json_is_told_so(three_orders):
    assert three_orders.get("API_SALES_ORDER_SRV/A_SalesOrder", headers={"Accept": "*/*"}).status_code == 406
    asked = three_orders.get("API_SALES_ORDER_SRV/A_SalesOrder?$format=json", headers={"Accept": "*/*"})
    assert asked.status_code == 200


def test_a_service_may_be_addressed_with_its_version(three_orders):
    assert len(three_orders.d("API_SALES_ORDER_SRV;v=0002/A_SalesOrder")["results"]) == 3


def test_an_independent_odata_client_reads_the_metadata_of_every_service_and_the_orders(sandbox, live, kit):
    number = live.booked(kit.ordered(), PurchaseOrderByCustomer="PO 1")
    with requests.Session() as session:
        session.auth = sandbox.live
        sets = {}
        for service in (
            "API_SALES_ORDER_SRV",
            "API_SALES_ORDER_SIMULATION_SRV",
            "API_PRODUCT_AVAILY_INFO_BASIC",
            "API_BILLING_DOCUMENT_SRV",
            "API_OPLACCTGDOCITEMCUBE_SRV",
            "API_PRODUCT_SRV",
            "API_BUSINESS_PARTNER",
        ):
            reader = IndependentReader(f"{sandbox.base_url}/sap/opu/odata/sap/{service}", session)
            sets[service] = reader
        reader = sets["API_SALES_ORDER_SRV"]
        order = reader.entity_sets.A_SalesOrder.get_entity(number).expand("to_Item").execute()
        assert (order.PurchaseOrderByCustomer, order.to_Item[0].Material) == ("PO 1", "11")
        found = reader.entity_sets.A_SalesOrder.get_entities().filter("SoldToParty eq '10100001'").execute()
        assert [each.SalesOrder for each in found] == [number]
        functions = {each.name for each in sets["API_PRODUCT_AVAILY_INFO_BASIC"].schema.function_imports}
        assert functions == {
            "DetermineAvailabilityAt",
            "DetermineAvailabilityOf",
            "CalculateAvailabilityTimeseries",
        }
