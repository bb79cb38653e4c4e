"""The SQL adapter keeps every promise of the ports with the JD Edwards stand-in behind it."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from erp_ports.conformance import AdapterConformance, BookLine, KnownProduct, Subject
from erp_ports.plugin import Credential, Surroundings
from erp_ports.xref import CrossReference, Identity, Table, ZeroPad
from erp_sandbox.keys import LEGACY_COMPANY, LEGACY_UNITS, legacy_customers
from erp_sandbox.legacy import LegacySandbox, shipping, start_legacy, store
from erp_sandbox.master_data import MasterData, load
from legacy_erp.sql import plugin

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
    customers = {ours: str(key) for ours, key in legacy_customers(master).items()}
    return Surroundings(
        backend="legacy",
        credential=credential,
        xref=CrossReference(
            backend="legacy",
            rules={
                "customer": Table(customers | {"NOBOD": "9999"}),
                "product": ZeroPad(8),
                "plant": Identity(),
                "unit": Table(LEGACY_UNITS),
            },
        ),
        plant_zones={plant: ZoneInfo(zone) for plant, zone in master.plants.items()},
        business_unit_zones={"NW": ZoneInfo("UTC")},
    )


def settings(erp: LegacySandbox, **more: object) -> dict[str, object]:
    return {
        "url": erp.url(),
        "shadow_url": erp.url(live=False),
        "business_units": {"NW": {"company": LEGACY_COMPANY, "currency": "USD"}},
        "decimals": {"quantity": 3},
        "adjustment": "CUSTDISC",
        "pricing_units": {"HC": {"unit": "EA", "per": 100}, "TH": {"unit": "EA", "per": 1000}},
        "error_table": True,
        "unique_reference": True,
        "reads_primary": True,
        "statement_comments": True,
        "poll_interval_seconds": 0.02,
        "statement_timeout_seconds": 10,
        **more,
    }


def wait_for_jobs(directory: Path) -> None:
    """Return when no document waits for the jobs."""
    question = "SELECT 1 FROM F47011 WHERE SYEDSP = '' UNION ALL SELECT 1 FROM F47131 WHERE SYEDSP = ''"
    with closing(store.connect(directory / "legacy.db")) as connection:
        while connection.execute(question).fetchone() is not None:
            time.sleep(0.01)


class TestSqlAdapterOnTheStandIn(AdapterConformance):
    @pytest.fixture
    async def subject(self, tmp_path: Path) -> AsyncIterator[Subject]:
        master = write_master_data(tmp_path)
        with start_legacy(master, directory=tmp_path, booking_delay=0.01) as erp:
            config = plugin.config.model_validate(settings(erp))
            adapter, shadow = (plugin.build(config, surroundings(master, c)) for c in Credential)

            async def book() -> Sequence[BookLine]:
                return [
                    BookLine(
                        document=f"{LEGACY_COMPANY}-SO-{line.document.zfill(8)}",
                        purchase_order_number=line.purchase_order_number,
                        line_id=line.line_id,
                        quantity=line.quantity,
                        live=line.live,
                    )
                    for line in erp.book()
                ]

            async def settle() -> None:
                await asyncio.to_thread(wait_for_jobs, tmp_path)

            async def lose_reply() -> None:
                erp.faults(drop_reply_after_executing=1)

            async def make_down() -> None:
                erp.faults(down=True)

            async def make_slow(seconds: float) -> None:
                erp.faults(slow=seconds)

            async def ship_and_invoice() -> None:
                with closing(store.connect(tmp_path / "legacy.db")) as connection:
                    for _ in ("picked", "shipped", "invoiced", "complete"):
                        shipping.advance(connection, whole_way=0.0, today=TODAY)

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
                        earlier_price=(TODAY - dt.timedelta(days=20), Decimal("20.00")),
                    ),
                    KnownProduct(
                        product="AB-7", plant="AP01", unit="EA", list_price=Decimal("14.00"), available=Decimal(26)
                    ),
                ),
                unknown_product="999",
                unknown_customer="NOBOD",
                today=TODAY,
                pricing_date=TODAY,
                book=book,
                settle=settle,
                lose_reply=lose_reply,
                make_down=make_down,
                make_slow=make_slow,
                ship_and_invoice=ship_and_invoice,
            )
            await adapter.close()
            await shadow.close()
