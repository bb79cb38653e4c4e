"""Run by the interpreter that has Google's libraries: calls a server with the generated client and prints what it got.

Arguments: the folder of the generated client, host:port of the server.
"""

from __future__ import annotations

import datetime
import json
import sys

sys.path.insert(0, sys.argv[1])

from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.type import date_pb2, decimal_pb2
from referee import erp_v1
from referee.erp_v1.services.order_service.transports import OrderServiceRestTransport
from referee.erp_v1.services.pricing_service.transports import PricingServiceRestTransport


def options(transport: type) -> object:
    return transport(host=sys.argv[2], url_scheme="http", credentials=AnonymousCredentials())


orders = erp_v1.OrderServiceClient(transport=options(OrderServiceRestTransport))
prices = erp_v1.PricingServiceClient(transport=options(PricingServiceRestTransport))
parent = "businessUnits/NW"
order = erp_v1.Order(
    customer=f"{parent}/customers/ALFKI",
    currency_code="EUR",
    requested_date=date_pb2.Date(year=2026, month=3, day=31),
    lines=[
        erp_v1.OrderLine(
            line_id="1",
            product=f"{parent}/products/11",
            plant="1000",
            quantity=erp_v1.Quantity(value=decimal_pb2.Decimal(value="2.5"), unit="EA"),
        )
    ],
)
created = orders.create_order(
    request=erp_v1.CreateOrderRequest(
        parent=parent,
        order=order,
        request_id="r-1",
        first_sent_time=datetime.datetime(2026, 3, 31, 8, 0, 0, 500_000, tzinfo=datetime.UTC),
    )
)
priced = prices.calculate_prices(
    request=erp_v1.CalculatePricesRequest(parent=parent, customer=order.customer, currency_code="EUR")
)
page = orders.list_orders(
    request=erp_v1.ListOrdersRequest(
        parent=parent, page_size=2, customer="a b/c&d=ä", submission_state=erp_v1.Order.SubmissionState.BOOKED
    )
)
cancelled = orders.cancel_order(
    request=erp_v1.CancelOrderRequest(name=f"{parent}/orders/1", request_id="r-2", reason="no longer needed")
)
try:
    orders.get_order(name=f"{parent}/orders/missing")
    failure: dict[str, object] = {}
except exceptions.GoogleAPICallError as error:
    failure = {
        "class": type(error).__name__,
        "code": error.code,
        "message": error.message,
        "reason": error.reason,
        "domain": error.domain,
        "metadata": dict(error.metadata or {}),
        "details": [detail["@type"] for detail in error.details],
    }
print(
    json.dumps(
        {
            "created": [created.name, created.submission_state.name, created.create_time.isoformat()],
            "priced": [line.line_id for line in priced.lines],
            "net": [priced.net_amount.units, priced.net_amount.nanos],
            "listed": [found.name for found in page],
            "cancelled": cancelled.submission_state.name,
            "failure": failure,
        }
    )
)
