"""The cross-reference: our ids ↔ an ERP's keys. Rules are configured, never written into an adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from erp_ports.errors import CrossReferenceMissing


class KeyRule(Protocol):
    """Translates one kind of key both ways. `knows` is None where only the ERP can tell."""

    def to_erp(self, key: str) -> str | None: ...

    def from_erp(self, key: str) -> str | None: ...

    def knows(self, key: str) -> bool | None: ...


@dataclass(frozen=True, slots=True)
class Identity:
    """Both sides use the same key, apart from blanks around the ERP's."""

    def to_erp(self, key: str) -> str | None:
        return key

    def from_erp(self, key: str) -> str | None:
        return key.strip()

    def knows(self, key: str) -> bool | None:
        return None


@dataclass(frozen=True, slots=True)
class ZeroPad:
    """The ERP pads keys that consist of digits with zeros to `length`; others stay as they are."""

    length: int
    prefix: str = ""

    def to_erp(self, key: str) -> str | None:
        return self.prefix + (key.zfill(self.length - len(self.prefix)) if key.isdecimal() else key)

    def from_erp(self, key: str) -> str | None:
        key = key.strip().removeprefix(self.prefix)
        return (key.lstrip("0") or "0") if key.isdecimal() else key

    def knows(self, key: str) -> bool | None:
        return None


class Table:
    """A table of pairs, usually loaded from a CSV file; keys that are not in it do not exist."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._to_erp = dict(pairs)
        self._from_erp = {erp: ours for ours, erp in self._to_erp.items()}
        if len(self._from_erp) != len(self._to_erp):
            seen: set[str] = set()
            twice = sorted({v for v in self._to_erp.values() if v in seen or seen.add(v)})  # type: ignore[func-returns-value]
            raise ValueError(f"these ERP keys stand for more than one of ours: {', '.join(twice)}")

    def to_erp(self, key: str) -> str | None:
        return self._to_erp.get(key)

    def from_erp(self, key: str) -> str | None:
        return self._from_erp.get(key.strip())

    def knows(self, key: str) -> bool | None:
        return key in self._to_erp


@dataclass(frozen=True, kw_only=True)
class CrossReference:
    """All rules of one backend, by kind: `customer`, `product`, `plant`, `unit` (UN/ECE Rec 20 ↔ the ERP's code)."""

    rules: Mapping[str, KeyRule] = field(default_factory=dict)
    backend: str = ""

    def to_erp(self, kind: str, key: str) -> str:
        """Return the ERP's key; raise CrossReferenceMissing when there is none."""
        rule = self.rules.get(kind)
        found = key if rule is None else rule.to_erp(key)
        if found is None:
            raise CrossReferenceMissing(f"{self.backend} has no {kind} for {key}", kind=kind, key=key)
        return found

    def from_erp(self, kind: str, key: str) -> str:
        """Return our id; raise CrossReferenceMissing when there is none."""
        rule = self.rules.get(kind)
        found = key.strip() if rule is None else rule.from_erp(key)
        if found is None:
            raise CrossReferenceMissing(f"{self.backend}'s {kind} {key.strip()} has no id here", kind=kind, key=key)
        return found

    def knows(self, kind: str, key: str) -> bool | None:
        """Return whether the ERP has the thing, or None where only the ERP can tell."""
        rule = self.rules.get(kind)
        return None if rule is None else rule.knows(key)
