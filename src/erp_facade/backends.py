"""The configured backends: adapters found by entry point, built with both credentials."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from erp_facade.settings import BackendSettings, KeyRuleSettings, Settings, SettingsError
from erp_ports.plugin import Credential, Plugin, Surroundings
from erp_ports.ports import FullAdapter
from erp_ports.shadow import ShadowView
from erp_ports.xref import CrossReference, Identity, KeyRule, Table, ZeroPad

GROUP = "erp_facade.adapters"


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A configured ERP. `live` serves callers, `shadow` is only compared and has no writes, `control` asks with the
    live credential and has no writes either."""

    name: str
    adapter_name: str
    live: FullAdapter
    shadow: ShadowView
    control: ShadowView
    cross_reference: CrossReference

    async def close(self) -> None:
        """Release both adapters."""
        await self.live.close()
        await self.shadow.close()


def build_backends(settings: Settings) -> dict[str, Backend]:
    """Build every configured backend; raise SettingsError with every problem. No connection is opened."""
    plugins = {e.name: e for e in entry_points(group=GROUP)}
    zones = {
        plant: ZoneInfo(p.time_zone) for unit in settings.business_units.values() for plant, p in unit.plants.items()
    }
    unit_zones = {name: ZoneInfo(unit.time_zone) for name, unit in settings.business_units.items()}
    problems: list[str] = []
    built: dict[str, Backend] = {}
    for name, backend in sorted(settings.backends.items()):
        place = f"backends.{name}"
        entry = plugins.get(backend.adapter)
        if entry is None:
            problems.append(f"{place}.adapter: no adapter {backend.adapter}; there are {', '.join(sorted(plugins))}")
            continue
        try:
            plugin = entry.load()
        except ImportError as error:
            problems.append(f"{place}.adapter: {backend.adapter} cannot be loaded, is its extra installed? {error}")
            continue
        try:
            xref = cross_reference(name, backend)
            config = plugin.config.model_validate(backend.settings)
        except ValidationError as error:
            problems += [f"{place}.settings.{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()]
            continue
        except (OSError, ValueError) as error:
            problems.append(f"{place}.cross_reference: {error}")
            continue

        built[name] = _build(name, backend.adapter, plugin, config, xref, zones, unit_zones)
    if problems:
        raise SettingsError(problems)
    return built


def _build(
    name: str,
    adapter_name: str,
    plugin: Plugin,
    config: object,
    xref: CrossReference,
    zones: dict[str, ZoneInfo],
    unit_zones: dict[str, ZoneInfo],
) -> Backend:
    def adapter(credential: Credential) -> FullAdapter:
        surroundings = Surroundings(
            backend=name, credential=credential, xref=xref, plant_zones=zones, business_unit_zones=unit_zones
        )
        return plugin.build(config, surroundings)  # type: ignore[arg-type]

    live = adapter(Credential.LIVE)
    return Backend(
        name=name,
        adapter_name=adapter_name,
        live=live,
        shadow=ShadowView(adapter(Credential.SHADOW)),
        control=ShadowView(live),
        cross_reference=xref,
    )


def cross_reference(name: str, backend: BackendSettings) -> CrossReference:
    """Load the cross-reference of one backend; raise OSError or ValueError with the file and the line."""
    kinds: Mapping[str, KeyRuleSettings] = {
        kind: getattr(backend.cross_reference, kind) for kind in type(backend.cross_reference).model_fields
    }
    return CrossReference(rules={kind: _rule(rule) for kind, rule in kinds.items()}, backend=name)


def _rule(rule: KeyRuleSettings) -> KeyRule:
    if rule.table is not None:
        return Table(read_table(rule.table))
    if rule.map is not None:
        return Table(rule.map)
    if rule.zero_pad is not None:
        return ZeroPad(rule.zero_pad, rule.prefix)
    return Identity()


def read_table(path: Path) -> dict[str, str]:
    """Read a CSV file with the columns `key` and `erp_key`; a key may stand in it once."""
    pairs: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if not {"key", "erp_key"} <= set(reader.fieldnames or ()):
            raise ValueError(f"{path.name} must have the columns key and erp_key")
        for row in reader:
            key, erp_key = (row["key"] or "").strip(), (row["erp_key"] or "").strip()
            if not key or not erp_key:
                raise ValueError(f"{path.name}, line {reader.line_num}: key and erp_key must not be empty")
            if key in pairs:
                raise ValueError(f"{path.name}, line {reader.line_num}: {key} stands there twice")
            pairs[key] = erp_key
    return pairs
