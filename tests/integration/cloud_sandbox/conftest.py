"""A small cloud ERP, and a client that speaks OData with it as any integration would."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import httpx
import pytest

from erp_sandbox.cloud import CloudSandbox, start_cloud
from erp_sandbox.master_data import BEGINNING, Adjustment, Customer, MasterData, Price, Product, Stock

TODAY = dt.date(2026, 11, 23)
ROOT = "/sap/opu/odata/sap"


def wire(day: dt.date) -> str:
    moment = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    return f"/Date({int(moment.timestamp() * 1000)})/"


def product(key: str, name: str, *, last_sale_date: dt.date | None = None) -> Product:
    return Product(
        product=key,
        name=name,
        discontinued=last_sale_date is not None,
        last_sale_date=last_sale_date,
        list_price=Decimal(1),
    )


def customer(key: str) -> Customer:
    return Customer(customer=key, name=f"{key} Ltd", street="", city="", region="", postal_code="", country="")


MASTER = MasterData(
    business_unit="NW",
    currency="USD",
    today=TODAY,
    plants={"EU01": "UTC", "NA01": "America/New_York"},
    products=(
        product("11", "Queso Cabrales"),
        product("12", "Konbu"),
        product("AB-1", "Tofu", last_sale_date=TODAY - dt.timedelta(days=1)),
        product("13", "Not priced yet"),
    ),
    prices={
        "11": (
            Price(valid_from=BEGINNING, amount=Decimal(21)),
            Price(valid_from=TODAY - dt.timedelta(days=7), amount=Decimal("10.555")),
        ),
        "12": (Price(valid_from=BEGINNING, amount=Decimal(6)),),
        "AB-1": (Price(valid_from=BEGINNING, amount=Decimal(1)),),
        "13": (Price(valid_from=TODAY + dt.timedelta(days=1), amount=Decimal(1)),),
    },
    stock={
        ("11", "EU01"): Stock(on_hand=Decimal(22), on_order=Decimal(30)),
        ("12", "NA01"): Stock(on_hand=Decimal(100), on_order=Decimal(0)),
        ("AB-1", "EU01"): Stock(on_hand=Decimal(5), on_order=Decimal(0)),
        ("13", "EU01"): Stock(on_hand=Decimal(5), on_order=Decimal(0)),
    },
    customers=(customer("VINET"), customer("TOMSP")),
    adjustments=(Adjustment(customer="TOMSP", product="11", percent=Decimal(-5)),),
    orders=(),
    weeks_moved=0,
)
VINET, TOMSP = "0010100001", "0010100002"


class Client:
    """One communication user with its cookies and its CSRF token."""

    def __init__(self, sandbox: CloudSandbox, *, live: bool = True) -> None:
        self.http = httpx.Client(
            base_url=sandbox.base_url + ROOT,
            auth=sandbox.live if live else sandbox.shadow,
            headers={"Accept": "application/json"},
        )
        self.token = ""

    def fetch_token(self) -> str:
        self.token = self.get("API_SALES_ORDER_SRV/", headers={"x-csrf-token": "Fetch"}).headers["x-csrf-token"]
        return self.token

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(f"/{path}", **options)

    def d(self, path: str, **params: str) -> Any:
        response = self.get(path, params={f"${name}": value for name, value in params.items()} or None)
        assert response.status_code == 200, response.text
        return response.json()["d"]

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        if not self.token:
            self.fetch_token()
        sent = {"x-csrf-token": self.token, **(headers or {})}
        return self.http.request(method, f"/{path}", json=body, headers=sent, **options)

    def order(self, *items: dict[str, Any], **header: Any) -> httpx.Response:
        headers = header.pop("headers", None)
        return self.send("POST", "API_SALES_ORDER_SRV/A_SalesOrder", document(*items, **header), headers)

    def booked(self, *items: dict[str, Any], **header: Any) -> str:
        response = self.order(*items, **header)
        assert response.status_code == 201, response.text
        return str(response.json()["d"]["SalesOrder"])

    def simulate(self, *items: dict[str, Any], headers: dict[str, str] | None = None, **header: Any) -> httpx.Response:
        path = "API_SALES_ORDER_SIMULATION_SRV/A_SalesOrderSimulation"
        return self.send("POST", path, document(*items, **header), headers)

    def series(self, material: str, plant: str, **headers: str) -> httpx.Response:
        question = f"ATPCheckingRule='A'&Material='{material}'&SupplyingPlant='{plant}'"
        return self.get(f"API_PRODUCT_AVAILY_INFO_BASIC/CalculateAvailabilityTimeseries?{question}", headers=headers)

    def available(self, material: str = "11", plant: str = "EU01") -> Decimal:
        return Decimal(self.series(material, plant).json()["d"]["results"][0]["AvailableQuantityInBaseUnit"])


def document(*items: dict[str, Any], **header: Any) -> dict[str, Any]:
    return {
        "SalesOrderType": "OR",
        "SalesOrganization": "1010",
        "DistributionChannel": "10",
        "OrganizationDivision": "00",
        "SoldToParty": VINET,
        "TransactionCurrency": "USD",
        "PricingDate": wire(TODAY),
        "RequestedDeliveryDate": wire(TODAY),
        **header,
        "to_Item": list(items),
    }


def ordered(quantity: str = "5", **fields: Any) -> dict[str, Any]:
    return {"Material": "11", "ProductionPlant": "EU01", "RequestedQuantity": quantity, **fields}


def asked(quantity: str = "5", **fields: Any) -> dict[str, Any]:
    return {"Material": "11", "Plant": "EU01", "RequestedQuantity": quantity, "to_PricingElement": [], **fields}


def errors(response: httpx.Response) -> list[str]:
    return [detail["code"] for detail in response.json()["error"]["innererror"]["errordetails"]]


def warnings(response: httpx.Response) -> list[str]:
    header = response.headers.get("sap-message")
    if header is None:
        return []
    first = json.loads(header)
    return [first["code"], *(detail["code"] for detail in first["details"])]


Start = Callable[..., CloudSandbox]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a stand-in that ends with the test."""
    with ExitStack() as stack:

        def started(**options: Any) -> CloudSandbox:
            return stack.enter_context(start_cloud(options.pop("master", MASTER), **options))

        yield started


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Open clients that are closed with the test."""
    with ExitStack() as stack:

        def connected(sandbox: CloudSandbox, *, live: bool = True) -> Client:
            client = Client(sandbox, live=live)
            stack.callback(client.http.close)
            return client

        yield connected


@pytest.fixture(scope="module")
def idle_sandbox() -> Iterator[CloudSandbox]:
    """One stand-in for all tests of a module that leave its books alone."""
    with start_cloud(MASTER) as started:
        yield started


@pytest.fixture
def sandbox(start: Start) -> CloudSandbox:
    return start()


@pytest.fixture
def live(sandbox: CloudSandbox, connect: Callable[..., Client]) -> Client:
    return connect(sandbox)


@pytest.fixture
def shadow(sandbox: CloudSandbox, connect: Callable[..., Client]) -> Client:
    return connect(sandbox, live=False)


class Kit:
    """The small words of the tests, which cannot import each other."""

    client = Client
    master = MASTER
    today = TODAY
    vinet, tomsp = VINET, TOMSP
    wire = staticmethod(wire)
    document = staticmethod(document)
    ordered = staticmethod(ordered)
    asked = staticmethod(asked)
    errors = staticmethod(errors)
    warnings = staticmethod(warnings)


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    return Kit
