"""The S/4HANA adapter keeps every promise of the ports with the cloud stand-in behind it."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cloud_erp.s4hana import plugin
from erp_ports.call import Call
from erp_ports.conformance import AdapterConformance, BookLine, KnownProduct, Subject
from erp_ports.plugin import Credential, Surroundings
from erp_ports.xref import CrossReference, Identity, Table, ZeroPad
from erp_sandbox import keys
from erp_sandbox.cloud import CloudSandbox, start_cloud
from erp_sandbox.cloud.store import orders_on_disk
from erp_sandbox.master_data import MasterData, load

TODAY = dt.datetime.now(dt.UTC).date()
FILES = {
    "products.csv": """product,name,category,packaging,list_price_usd,discontinued
11,Queso Cabrales,Cheese,1 kg,21.00,0
AB-7,Singaporean Hokkien Fried Mee,Grain,32 - 1 kg,14.00,0
""",
    "stock.csv": "product,plant,on_hand,on_order,reorder_level\n11,EU01,22,10,5\nAB-7,AP01,26,0,0\n",
    "customers.csv": """customer,name,street,city,region,postal_code,country
ALFKI,Alfreds Futterkiste,Obere Str. 57,Berlin,,12209,Germany
""",
    "orders.csv": """order,customer,order_date,required_date,shipped_date,freight_usd,ship_city,ship_country
1,ALFKI,1996-07-01,1996-07-20,,1.00,Berlin,Germany
2,ALFKI,1996-07-15,1996-07-30,,1.00,Berlin,Germany
""",
    "order_lines.csv": "order,product,unit_price_usd,quantity,discount\n1,11,20.00,1,0\n2,11,21.00,1,0\n",
}


def write_master_data(directory: Path) -> MasterData:
    for name, text in FILES.items():
        (directory / name).write_text(text, encoding="utf-8")
    return load(directory, today=TODAY)


def surroundings(master: MasterData, credential: Credential) -> Surroundings:
    # The ERP knows nothing of NOBOD's key: the refusal is its own.
    return Surroundings(
        backend="cloud",
        credential=credential,
        xref=CrossReference(
            backend="cloud",
            rules={
                "customer": Table(keys.cloud_customers(master) | {"NOBOD": "0099999999"}),
                "product": ZeroPad(18),
                "plant": Identity(),
                "unit": Table(keys.CLOUD_UNITS),
            },
        ),
        plant_zones={plant: ZoneInfo(zone) for plant, zone in master.plants.items()},
        business_unit_zones={"NW": ZoneInfo("UTC")},
    )


def settings(erp: CloudSandbox) -> dict[str, Any]:
    (live, live_password), (shadow, shadow_password) = erp.live, erp.shadow
    return {
        "base_url": erp.base_url,
        "users": {
            "live": {"user": live, "password": live_password},
            "shadow": {"user": shadow, "password": shadow_password},
        },
        "business_units": {
            "NW": {
                "sales_organisation": keys.CLOUD_SALES_ORGANIZATION,
                "distribution_channel": keys.CLOUD_DISTRIBUTION_CHANNEL,
                "division": keys.CLOUD_DIVISION,
                "order_type": keys.CLOUD_ORDER_TYPE,
            }
        },
        "base_units": ["EA"],
        "rejection_reason": "61",
        "repeatability": {"enabled": True, "retention_hours": 48},
        "consistent_lookup": True,
    }


def wait_until_billed(directory: Path) -> None:
    while not all(item.billed for order in orders_on_disk(directory) for item in order.live_items):
        time.sleep(0.02)


async def ship_and_invoice_all(master: MasterData, directory: Path, erp: CloudSandbox) -> None:
    """Let another process of the ERP, one that ships at once, work through the same books."""
    await asyncio.to_thread(erp.crash)
    with start_cloud(master, directory=directory, ship_and_invoice_after=0.0):
        await asyncio.to_thread(wait_until_billed, directory)
    await asyncio.to_thread(erp.restart)


class TestS4AdapterOnTheStandIn(AdapterConformance):
    @pytest.fixture
    async def subject(self, tmp_path: Path) -> AsyncIterator[Subject]:
        master = write_master_data(tmp_path)
        books = tmp_path / "books"
        books.mkdir()
        with start_cloud(master, directory=books, page_size=2, repeatability_seconds=48 * 3600) as erp:
            config = plugin.config.model_validate(settings(erp))
            adapter, shadow = (plugin.build(config, surroundings(master, c)) for c in Credential)
            # A write can only have an unknown outcome once it is sent, and it is sent once the CSRF token is there.
            await adapter.check(Call.within(30))

            async def book() -> Sequence[BookLine]:
                return [
                    BookLine(
                        document=line.document,
                        purchase_order_number=line.purchase_order_number,
                        line_id=line.line_id,
                        quantity=line.quantity,
                        live=line.live,
                    )
                    for line in erp.book()
                ]

            async def lose_reply() -> None:
                await asyncio.to_thread(erp.faults, drop_reply_after_executing=1)

            async def make_down() -> None:
                await asyncio.to_thread(erp.crash)

            async def make_slow(seconds: float) -> None:
                await asyncio.to_thread(erp.faults, slow=seconds)

            async def ship_and_invoice() -> None:
                await ship_and_invoice_all(master, books, erp)

            yield Subject(
                adapter=adapter,
                shadow=shadow,
                business_unit="NW",
                customer="ALFKI",
                currency="USD",
                products=(
                    KnownProduct(
                        product="11",
                        plant="EU01",
                        unit="EA",
                        list_price=Decimal("21.00"),
                        available=Decimal(22),
                        earlier_price=(master.orders[0].order_date, Decimal("20.00")),
                    ),
                    KnownProduct(
                        product="AB-7", plant="AP01", unit="EA", list_price=Decimal("14.00"), available=Decimal(26)
                    ),
                ),
                unknown_product="99999",
                unknown_customer="NOBOD",
                today=TODAY,
                pricing_date=TODAY,
                book=book,
                lose_reply=lose_reply,
                make_down=make_down,
                make_slow=make_slow,
                ship_and_invoice=ship_and_invoice,
            )
            await adapter.close()
            await shadow.close()
