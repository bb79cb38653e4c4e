"""The facade's configuration for the two stand-ins, as a user would write it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from erp_sandbox.cloud import CloudSandbox
from erp_sandbox.keys import (
    CLOUD_DISTRIBUTION_CHANNEL,
    CLOUD_DIVISION,
    CLOUD_ORDER_TYPE,
    CLOUD_SALES_ORGANIZATION,
    CLOUD_UNITS,
    LEGACY_COMPANY,
    LEGACY_ORDER_TYPE,
    LEGACY_UNITS,
    products_need_tables,
    write_cross_references,
    write_product_tables,
)
from erp_sandbox.legacy import LegacySandbox
from erp_sandbox.master_data import MasterData

# Short enough that a candidate which never answers does not hold the demo up.
_SHADOW_SECONDS = 1.5


# How long the stand-in remembers request ids: longer than the facade would ever repeat an order.
REPEATABILITY_HOURS = 48


def configuration(
    master: MasterData, legacy: LegacySandbox, cloud: CloudSandbox, folder: Path, *, grpc: str, http: str
) -> dict[str, Any]:
    """Return the content of a configuration file; the cross-reference tables are written to `folder`."""
    legacy_customers, cloud_customers = write_cross_references(master, folder)
    legacy_products, cloud_products = _product_rules(master, folder)
    unit = master.business_unit
    return {
        "listen": {"grpc": grpc, "http": http},
        "business_units": {
            unit: {
                "time_zone": "UTC",
                "currencies": [master.currency],
                "plants": {plant: {"time_zone": zone} for plant, zone in master.plants.items()},
            }
        },
        "units": ["EA", "DZN"],
        "store": {"url": f"sqlite:///{folder / 'facade.db'}"},
        "log": {"file": str(folder / "facade.log")},
        "dual_run": {"deadline_seconds": _SHADOW_SECONDS, "sync_lag_seconds": 0.3},
        "limits": {"create_wait_seconds": 8.0},
        "backends": {
            "legacy": {
                "adapter": "sql",
                "cross_reference": {
                    "customer": {"table": str(legacy_customers)},
                    "product": legacy_products,
                    "unit": {"map": LEGACY_UNITS},
                },
                "settings": legacy_settings(master, legacy),
            },
            "cloud": {
                "adapter": "s4hana",
                "cross_reference": {
                    "customer": {"table": str(cloud_customers)},
                    "product": cloud_products,
                    "unit": {"map": CLOUD_UNITS},
                },
                "settings": cloud_settings(master, cloud),
            },
        },
        "routes_file": str(_write_routes(folder, unit)),
    }


def _product_rules(master: MasterData, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the cross-reference of products for either ERP: filled with zeros, or a table where that is ambiguous."""
    if not products_need_tables(master):
        return {"zero_pad": 8}, {"zero_pad": 18}
    legacy, cloud = write_product_tables(master, folder)
    return {"table": str(legacy)}, {"table": str(cloud)}


def legacy_settings(master: MasterData, legacy: LegacySandbox) -> dict[str, Any]:
    """Return the settings of the SQL adapter for the stand-in's schema and data dictionary."""
    return {
        "url": legacy.url(live=True),
        "shadow_url": legacy.url(live=False),
        "business_units": {
            master.business_unit: {
                "company": LEGACY_COMPANY,
                "currency": master.currency,
                "order_type": LEGACY_ORDER_TYPE,
            }
        },
        "decimals": {"quantity": 3},
        "adjustment": "CUSTDISC",
        "pricing_units": {"HC": {"unit": "EA", "per": 100}, "TH": {"unit": "EA", "per": 1000}},
        "error_table": True,
        "unique_reference": True,
        "reads_primary": True,
        "poll_interval_seconds": 0.1,
        "statement_comments": True,
    }


def cloud_settings(master: MasterData, cloud: CloudSandbox) -> dict[str, Any]:
    """Return the settings of the S/4HANA adapter for the stand-in's organisation."""
    live, shadow = cloud.live, cloud.shadow
    return {
        "base_url": cloud.base_url,
        "users": {
            "live": {"user": live[0], "password": live[1]},
            "shadow": {"user": shadow[0], "password": shadow[1]},
        },
        "business_units": {
            master.business_unit: {
                "sales_organisation": CLOUD_SALES_ORGANIZATION,
                "distribution_channel": CLOUD_DISTRIBUTION_CHANNEL,
                "division": CLOUD_DIVISION,
                "order_type": CLOUD_ORDER_TYPE,
            }
        },
        "repeatability": {"enabled": True, "retention_hours": REPEATABILITY_HOURS},
        "consistent_lookup": True,
        "rejection_reason": "61",
        "base_units": ["EA"],
    }


def _write_routes(folder: Path, unit: str) -> Path:
    path = folder / "routes.yaml"
    path.write_text(
        f"# Written {dt.datetime.now(dt.UTC):%Y-%m-%d} for the first start: everything runs on the legacy ERP.\n"
        "routes:\n"
        f"  - business_unit: {unit}\n"
        "    stage: LEGACY\n"
        "    legacy_backend: legacy\n"
        "    cloud_backend: cloud\n"
        "    stock_sync: LIVE\n",
        encoding="utf-8",
    )
    return path
