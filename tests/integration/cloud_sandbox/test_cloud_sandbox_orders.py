"""Sales orders: booked, found again, changed, cancelled, shipped, invoiced; and what survives what."""

import datetime as dt
import time
from decimal import Decimal

import pytest

ORDERS = "API_SALES_ORDER_SRV/A_SalesOrder"


def item_path(number, item="10"):
    return f"API_SALES_ORDER_SRV/A_SalesOrderItem(SalesOrder='{number}',SalesOrderItem='{item}')"


def until(condition):
    for _ in range(200):
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen within ten seconds")


def test_a_booking_is_answered_with_its_number_and_the_children_that_were_sent(live, kit):
    sent = kit.ordered("5", UnderlyingPurchaseOrderItem="L-1", to_PricingElement=[])
    response = live.order(sent, PurchaseOrderByCustomer="PO 1", AssignmentReference="REF1")
    order = response.json()["d"]
    item = order["to_Item"]["results"][0]
    assert (response.status_code, order["SalesOrder"], order["SoldToParty"]) == (201, "1", "10100001")
    assert (item["SalesOrderItem"], item["Material"], item["SalesOrderItemText"]) == ("10", "11", "Queso Cabrales")
    assert (item["RequestedQuantitySAPUnit"], item["RequestedQuantityISOUnit"]) == ("EA", "EA")
    assert item["to_PricingElement"]["results"][0]["ConditionType"] == "PPR0"
    assert "__deferred" in item["to_ScheduleLine"] and "__deferred" in order["to_Partner"]
    assert response.headers["location"].endswith("A_SalesOrder('1')")


def test_an_order_is_found_by_its_reference_with_items_and_schedule_lines(live, kit):
    live.booked(kit.ordered(), AssignmentReference="REF1")
    number = live.booked(kit.ordered(), kit.ordered("1"), AssignmentReference="REF2")
    expand = "to_Item,to_Item/to_ScheduleLine,to_Item/to_PricingElement,to_Partner"
    (found,) = live.d(ORDERS, filter="AssignmentReference eq 'REF2'", expand=expand)["results"]
    items = found["to_Item"]["results"]
    assert found["SalesOrder"] == number
    assert [item["SalesOrderItem"] for item in items] == ["10", "20"]
    assert items[0]["to_ScheduleLine"]["results"][0]["ConfirmedDeliveryDate"] == kit.wire(kit.today)
    assert {partner["PartnerFunction"] for partner in found["to_Partner"]["results"]} == {"SH", "SP"}


def test_what_is_wrong_with_an_order_is_said_at_once_and_nothing_is_booked(sandbox, live, kit):
    response = live.order(
        kit.ordered(Material="999"),
        kit.ordered(Material="AB-1"),
        kit.ordered(ProductionPlant="NA01"),
        kit.ordered(RequestedQuantityUnit="KG"),
        kit.ordered("0"),
        SoldToParty="4711",
    )
    assert response.status_code == 400
    assert kit.errors(response) == ["VP/199", "V1/302", "V1/028", "M3/351", "V1/155", "V1/369"]
    error = response.json()["error"]
    assert (error["code"], error["message"]["lang"]) == ("VP/199", "en")
    assert error["innererror"]["transactionid"]
    assert sandbox.book() == []


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"SalesOrderType": "XX"}, "V1/300"),
        ({"SalesOrganization": "9999"}, "V1/313"),
        ({"TransactionCurrency": "EUR"}, "V1/390"),
    ],
)
def test_a_wrong_header_is_refused_with_its_code(idle_sandbox, connect, kit, header, code):
    assert kit.errors(connect(idle_sandbox).order(kit.ordered(), **header)) == [code]


def test_short_stock_is_booked_as_a_backorder_with_a_warning(live, kit):
    response = live.order(kit.ordered("60"))
    number = response.json()["d"]["SalesOrder"]
    lines = live.d(f"{item_path(number)}/to_ScheduleLine")["results"]
    dates = [kit.wire(kit.today + dt.timedelta(days=days)) for days in (0, 7, 14)]
    assert [line["ConfirmedDeliveryDate"] for line in lines] == dates
    assert [Decimal(line["ConfdOrderQtyByMatlAvailCheck"]) for line in lines] == [22, 30, 8]
    assert kit.warnings(response) == ["V4/219"]
    assert live.available() == 0


def test_an_order_for_a_date_beyond_the_lead_time_is_confirmed_in_full(live, kit):
    later = kit.wire(kit.today + dt.timedelta(days=14))
    response = live.order(kit.ordered("500"), RequestedDeliveryDate=later)
    number = response.json()["d"]["SalesOrder"]
    (line,) = live.d(f"{item_path(number)}/to_ScheduleLine")["results"]
    assert (line["ConfirmedDeliveryDate"], line["ConfdOrderQtyByMatlAvailCheck"]) == (later, "500")
    assert kit.warnings(response) == []


def test_a_material_without_a_price_is_booked_incomplete_with_a_warning(live, kit):
    response = live.order(kit.ordered(Material="13"))
    assert (response.status_code, kit.warnings(response)) == (201, ["V1/801"])
    assert response.json()["d"]["TotalNetAmount"] == "0"


def test_rejecting_every_item_cancels_the_order_and_frees_its_stock(sandbox, live, kit):
    number = live.booked(kit.ordered("5"), kit.ordered("2"))
    assert live.available() == 15
    states = []
    for item in ("10", "20"):
        etag = live.get(item_path(number, item)).headers["etag"]
        body = {"SalesDocumentRjcnReason": "61"}
        assert live.send("PATCH", item_path(number, item), body, {"If-Match": etag}).status_code == 204
        states.append(live.d(f"{ORDERS}('{number}')")["OverallSDDocumentRejectionSts"])
    assert states == ["B", "C"]
    assert live.available() == 22
    assert [line.live for line in sandbox.book()] == [False, False]
    assert live.d(f"{ORDERS}('{number}')")["TotalNetAmount"] == "0"


def test_a_rejected_item_can_be_taken_up_again(live, kit):
    number = live.booked(kit.ordered("5"))
    for reason in ("61", ""):
        live.send("PATCH", item_path(number), {"SalesDocumentRjcnReason": reason}, {"If-Match": "*"})
    assert live.d(item_path(number))["ConfdDelivQtyInOrderQtyUnit"] == "5"
    assert live.available() == 17


def test_another_quantity_and_date_are_priced_and_confirmed_again(live, kit):
    number = live.booked(kit.ordered("22"))
    assert live.send("PATCH", item_path(number), {"RequestedQuantity": "30"}, {"If-Match": "*"}).status_code == 204
    item = live.d(item_path(number), expand="to_ScheduleLine")
    assert (item["RequestedQuantity"], item["NetAmount"]) == ("30", "316.65")
    assert [Decimal(x["ConfdOrderQtyByMatlAvailCheck"]) for x in item["to_ScheduleLine"]["results"]] == [22, 8]
    line = f"API_SALES_ORDER_SRV/A_SalesOrderScheduleLine(SalesOrder='{number}',SalesOrderItem='10',ScheduleLine='1')"
    etag = live.get(line).headers["etag"]
    later = kit.wire(kit.today + dt.timedelta(days=9))
    assert live.send("PATCH", line, {"RequestedDeliveryDate": later}, {"If-Match": etag}).status_code == 204
    (only,) = live.d(f"{item_path(number)}/to_ScheduleLine")["results"]
    assert (only["ConfirmedDeliveryDate"], only["ConfdOrderQtyByMatlAvailCheck"]) == (later, "30")


def test_a_deleted_order_is_gone_and_its_number_is_not_used_again(sandbox, live, kit):
    number = live.booked(kit.ordered("5"))
    assert live.send("DELETE", f"{ORDERS}('{number}')", headers={"If-Match": "*"}).status_code == 204
    assert live.get(f"{ORDERS}('{number}')").status_code == 404
    assert (sandbox.book(), live.available()) == ([], 22)
    assert live.booked(kit.ordered()) == "2"


def test_a_repeated_request_id_is_executed_once_and_answered_alike(sandbox, live, kit):
    headers = {"RequestID": "0123456789ABCDEF0123456789ABCDEF", "RepeatabilityCreation": "2026-11-23T10:00:00Z"}
    first, second = (live.order(kit.ordered(), headers=headers) for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert [r.headers["RepeatabilityResult"] for r in (first, second)] == ["accepted", "accepted"]
    assert len(sandbox.book()) == 1


def test_a_refused_request_id_is_executed_again_because_nothing_happened(live, kit):
    headers = {"RequestID": "0123456789ABCDEF0123456789ABCDEF", "RepeatabilityCreation": "2026-11-23T10:00:00Z"}
    assert live.order(kit.ordered("0"), headers=headers).status_code == 400
    assert live.order(kit.ordered("1"), headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("options", "results"),
    [
        ({"repeatable": False}, ["unsupported", "unsupported"]),
        ({"repeatability_seconds": 0.0}, ["accepted", "accepted"]),
    ],
)
def test_where_request_ids_are_not_supported_or_forgotten_an_order_is_booked_twice(
    start, connect, kit, options, results
):
    sandbox = start(**options)
    client = connect(sandbox)
    headers = {"RequestID": "0123456789ABCDEF0123456789ABCDEF", "RepeatabilityCreation": "2026-11-23T10:00:00Z"}
    answers = [client.order(kit.ordered(), headers=headers) for _ in range(2)]
    assert [answer.headers["RepeatabilityResult"] for answer in answers] == results
    assert len(sandbox.book()) == 2


def test_what_was_answered_survives_a_crash(sandbox, live, kit):
    headers = {"RequestID": "0123456789ABCDEF0123456789ABCDEF", "RepeatabilityCreation": "2026-11-23T10:00:00Z"}
    before = live.order(kit.ordered("5"), headers=headers).json()
    sandbox.crash()
    sandbox.restart()
    assert live.order(kit.ordered(), headers=headers).status_code == 403
    live.fetch_token()
    assert live.order(kit.ordered("5"), headers=headers).json() == before
    assert live.available() == 17
    assert live.booked(kit.ordered()) == "2"


def test_what_was_booked_is_shipped_and_invoiced_by_the_erp_itself(start, connect, kit):
    sandbox = start(ship_and_invoice_after=0.1, tax_percent=Decimal(19))
    client = connect(sandbox)
    number = client.booked(kit.ordered("5", UnderlyingPurchaseOrderItem="1"), PurchaseOrderByCustomer="PO 1")
    order = until(lambda: client.d(f"{ORDERS}('{number}')", filter="").get("OverallOrdReltdBillgStatus") == "C")
    assert order
    order = client.d(f"{ORDERS}('{number}')", expand="to_Item,to_Item/to_ScheduleLine")
    item = order["to_Item"]["results"][0]
    assert [order[x] for x in ("OverallSDProcessStatus", "OverallDeliveryStatus")] == ["C", "C"]
    assert item["to_ScheduleLine"]["results"][0]["DeliveredQtyInOrderQtyUnit"] == "5"
    (bill,) = client.d("API_BILLING_DOCUMENT_SRV/A_BillingDocument", expand="to_Item")["results"]
    assert [bill[x] for x in ("TotalNetAmount", "TaxAmount", "TotalGrossAmount")] == ["52.78", "10.03", "62.81"]
    assert (bill["PurchaseOrderByCustomer"], bill["InvoiceClearingStatus"]) == ("PO 1", "A")
    assert bill["to_Item"]["results"][0]["SalesDocument"] == number
    cube = "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube"
    is_open = "FinancialAccountType eq 'D' and Customer eq '10100001' and ClearingAccountingDocument eq ''"
    (owed,) = client.d(cube, filter=is_open)["results"]
    assert (owed["AccountingDocument"], owed["AmountInCompanyCodeCurrency"]) == (bill["AccountingDocument"], "62.81")
    sandbox.pay(bill["BillingDocument"])
    assert client.d(cube, filter=is_open)["results"] == []
    paid = client.d(f"API_BILLING_DOCUMENT_SRV/A_BillingDocument('{bill['BillingDocument']}')")
    assert paid["InvoiceClearingStatus"] == "C"


def test_a_shipped_item_can_be_neither_rejected_nor_deleted(start, connect, kit):
    client = connect(start(ship_and_invoice_after=0.0))
    number = client.booked(kit.ordered("5"), kit.ordered("500"))
    until(lambda: client.d(f"{ORDERS}('{number}')")["OverallDeliveryStatus"] == "B")
    rejected = client.send("PATCH", item_path(number), {"SalesDocumentRjcnReason": "61"}, {"If-Match": "*"})
    deleted = client.send("DELETE", f"{ORDERS}('{number}')", headers={"If-Match": "*"})
    assert [(r.status_code, kit.errors(r)) for r in (rejected, deleted)] == [(400, ["V1/849"]), (400, ["V1/498"])]
    assert [client.d(item_path(number, i))["DeliveryStatus"] for i in ("10", "20")] == ["C", "A"]


def test_the_books_say_what_the_customer_ordered(sandbox, live, kit):
    live.booked(
        kit.ordered("5", RequestedQuantityUnit="DZ", UnderlyingPurchaseOrderItem="L-1"),
        PurchaseOrderByCustomer="PO 1",
        AssignmentReference="REF1",
    )
    (line,) = sandbox.book()
    found = (line.backend, line.document, line.purchase_order_number, line.line_id, line.quantity, line.reference)
    assert found == ("cloud", "1", "PO 1", "L-1", Decimal(5), "REF1")
