"""The control file beside the database: faults, seeds and what was applied, visible to every process at once.

It is no part of the ERP. Whoever drives a demo or a test writes it; the connections that a facade opens read it.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

from erp_sandbox.seeds import Application, Seed

CALLBACK = "stock_callback"
"""The setting that names the URL which is told of bookings."""

_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE seed (position INTEGER PRIMARY KEY, seed TEXT NOT NULL);
CREATE TABLE applied (
  seed_id TEXT NOT NULL, correlation_id TEXT NOT NULL, time TEXT NOT NULL, UNIQUE (seed_id, correlation_id));
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Faults:
    """What the ERP is told to suffer from; the defaults are a healthy ERP.

    `slow` delays every statement by seconds. `down` refuses connections and cuts those that are open. `throttling`
    refuses every statement with SQLSTATE 57033 and the words "retry after so many seconds". The next
    `drop_replies` transactions that write are committed and then the connection breaks. The next `late_writes`
    transactions that write begin `late_seconds` late, whether or not the caller still waits.
    """

    slow: float = 0.0
    down: bool = False
    throttling: float | None = None
    drop_replies: int = 0
    late_writes: int = 0
    late_seconds: float = 0.0


class Control:
    """One connection to the control file; use it in one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous=OFF")
        self._version = -1
        self._faults = Faults()
        self._seeds: tuple[Seed, ...] = ()

    @classmethod
    def create(cls, path: Path, *, seeds: tuple[Seed, ...], password: str) -> Control:
        """Make the file, with a healthy ERP."""
        with sqlite3.connect(path, isolation_level=None) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)
        connection.close()
        control = cls(path)
        control.put("password", password)
        control.set_faults(Faults())
        control._connection.executemany(
            "INSERT INTO seed (seed) VALUES (?)", [(json.dumps(asdict(seed), default=str),) for seed in seeds]
        )
        return control

    def close(self) -> None:
        self._connection.close()

    def put(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def get(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_faults(self, faults: Faults) -> None:
        """Put all faults in force at once; the counters begin anew."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self.put("faults", json.dumps(asdict(faults)))
            self.put("drop_replies", str(faults.drop_replies))
            self.put("late_writes", str(faults.late_writes))

    @property
    def faults(self) -> Faults:
        self._refresh()
        return self._faults

    @property
    def seeds(self) -> tuple[Seed, ...]:
        self._refresh()
        return self._seeds

    def take(self, counter: str) -> bool:
        """Count one down; False when none is left."""
        return bool(
            self._connection.execute(
                "UPDATE setting SET value = CAST(value AS INTEGER) - 1 WHERE name = ? AND CAST(value AS INTEGER) > 0",
                (counter,),
            ).rowcount
        )

    def log(self, seed_id: str, correlation_id: str) -> bool:
        """Note that a seed changed the answer of a call; False when that was noted before."""
        return bool(
            self._connection.execute(
                "INSERT OR IGNORE INTO applied VALUES (?, ?, ?)",
                (seed_id, correlation_id, dt.datetime.now(dt.UTC).isoformat()),
            ).rowcount
        )

    def applied(self) -> list[Application]:
        return [
            Application(
                seed_id=seed_id,
                correlation_id=correlation_id,
                backend="legacy",
                time=dt.datetime.fromisoformat(time),
            )
            for seed_id, correlation_id, time in self._connection.execute("SELECT * FROM applied ORDER BY rowid")
        ]

    def _refresh(self) -> None:
        """Read the file again if another connection wrote to it."""
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        stored = self.get("faults")
        self._faults = Faults(**json.loads(stored)) if stored else Faults()
        rows = self._connection.execute("SELECT seed FROM seed ORDER BY position").fetchall()
        self._seeds = tuple(_seed(json.loads(row[0])) for row in rows)
        self._version = version


def _seed(stored: dict[str, object]) -> Seed:
    value = stored["value"]
    return Seed(**{**stored, "value": None if value is None else Decimal(str(value))})  # type: ignore[arg-type]
