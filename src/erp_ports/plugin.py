"""How an adapter is found: it exports one `Plugin` and names it as an entry point `erp_facade.adapters`."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from erp_ports.ports import FullAdapter
from erp_ports.xref import CrossReference


class Credential(enum.StrEnum):
    """Which of a backend's credentials an adapter is built with. SHADOW cannot write."""

    LIVE = "LIVE"
    SHADOW = "SHADOW"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What an adapter is told of the facade's configuration when it is built.

    `plant_zones` maps plants to the time zone of their dates, `business_unit_zones` likewise.
    """

    backend: str
    credential: Credential
    xref: CrossReference
    plant_zones: dict[str, ZoneInfo]
    business_unit_zones: dict[str, ZoneInfo]


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """An adapter: its configuration model, and how it is built from it. Building opens no connection."""

    name: str
    config: type[BaseModel]
    build: Callable[[BaseModel, Surroundings], FullAdapter]
