"""Configuration files of the facades under test, as a user would write them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from erp_facade.bench.workload import UNITS, Workload
from erp_facade.demo.configuration import configuration
from erp_sandbox.cloud import CloudSandbox
from erp_sandbox.legacy import LegacySandbox

TOKEN = "bench-token"  # noqa: S105
"""The bearer token of the load generators; every server identifies them by it."""

_ADDRESS = "127.0.0.1:0"
_HANGING_SECONDS = 3600.0


def token_settings() -> list[dict[str, Any]]:
    return [{"client": "bench", "sha256": hashlib.sha256(TOKEN.encode()).hexdigest()}]


def write_memory_facade(folder: Path, workload: Workload, *, stage: str = "LEGACY", hanging: bool = False) -> Path:
    """Write the configuration of a facade on two in-memory ERPs; `hanging` keeps the second from ever answering."""
    master = workload.master
    settings = workload.memory_settings()
    candidate = {**settings, "delay": _HANGING_SECONDS} if hanging else settings
    content = {
        "listen": {"grpc": _ADDRESS, "http": _ADDRESS},
        "business_units": {
            master.business_unit: {
                "currencies": [master.currency],
                "plants": {plant: {"time_zone": zone} for plant, zone in master.plants.items()},
            }
        },
        "units": list(UNITS),
        "backends": {
            "legacy": {"adapter": "memory", "settings": settings},
            "cloud": {"adapter": "memory", "settings": candidate},
        },
    }
    return _write(folder, content, [_row(master.business_unit, stage)])


def write_adapter_facade(
    folder: Path, workload: Workload, legacy: LegacySandbox, cloud: CloudSandbox, *, stage: str
) -> Path:
    """Write the configuration of a facade on both stand-ins: at stage LEGACY the SQL adapter answers, at CLOUD the
    OData adapter."""
    folder.mkdir()
    content = configuration(workload.master, legacy, cloud, folder, grpc=_ADDRESS, http=_ADDRESS)
    return _write(folder, content, [_row(workload.master.business_unit, stage)])


def _row(unit: str, stage: str) -> dict[str, Any]:
    return {
        "business_unit": unit,
        "stage": stage,
        "legacy_backend": "legacy",
        "cloud_backend": "cloud",
        "stock_sync": "LIVE",
    }


def _write(folder: Path, content: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> Path:
    """Write the file with what all facades under test share: a token, a store and a log of their own, the routes."""
    folder.mkdir(exist_ok=True)
    routes_file, config = folder / "routes.yaml", folder / "facade.yaml"
    # JSON is YAML too.
    routes_file.write_text(json.dumps({"routes": list(routes)}), encoding="utf-8")
    whole = {
        **content,
        "tokens": token_settings(),
        "store": {"url": f"sqlite:///{folder / 'facade.db'}"},
        "log": {"file": str(folder / "facade.log")},
        "routes_file": str(routes_file),
    }
    config.write_text(json.dumps(whole), encoding="utf-8")
    return config
