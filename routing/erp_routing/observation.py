"""What goes into the dual run and what comes out of it."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.message import Message

from erp_ports.errors import ErpError
from erp_ports.operations import Operation
from erp_routing.comparison import ComparisonClass, Difference
from erp_routing.comparison.error_classes import error_class
from erp_routing.routes import Capability, StockSync


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonTask:
    """One call whose answer is to be compared with the candidate's.

    `request` and `control_answer` are the messages of the call itself and are not changed by anyone any more; their
    `source` does not matter. `control_started` is a reading of `time.monotonic()` before the control was asked.
    `date_defaulted` says that the caller named no pricing date, so that "today" was meant.
    For the shadow of a booking `operation` is SIMULATE_ORDER, `request` what the candidate simulates, and
    `control_answer` comes later.
    """

    operation: Operation
    capability: Capability
    request: Message
    control_answer: Message | ErpError | None
    control: str
    candidate: str
    business_unit: str
    plants: tuple[str, ...]
    correlation_id: str
    traceparent: str = ""
    route_version: int
    stock_sync: StockSync
    shadow_percent: int = 100
    control_started: float
    control_seconds: float
    date_defaulted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverageScope:
    """What calls are counted by; `plants` are sorted."""

    business_unit: str
    plants: tuple[str, ...]
    capability: Capability


class LeftOut(enum.StrEnum):
    """Why a call was not compared although a shadow was configured for it."""

    UNSAMPLED = "unsampled"
    SKIPPED = "skipped"
    SHED = "shed"


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorRecord:
    """An error as an observation keeps it: its class, its type and the words for the caller."""

    error_class: str
    error: str
    message: str

    @classmethod
    def of(cls, error: ErpError) -> ErrorRecord:
        return cls(error_class=error_class(error), error=type(error).__name__, message=error.message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One compared call. Each side has an answer or an error; a candidate that was not asked has neither.

    The answer to a booking is kept in the shape of a simulation, as it was compared.
    """

    observe_time: dt.datetime
    correlation_id: str
    business_unit: str
    plants: tuple[str, ...]
    capability: Capability
    operation: Operation
    control: str
    candidate: str
    comparison_class: ComparisonClass
    reason: str
    differences: tuple[Difference, ...]
    route_version: int
    rule_set: str
    control_seconds: float
    candidate_seconds: float
    request: Message
    control_answer: Message | None
    candidate_answer: Message | None
    control_error: ErrorRecord | None
    candidate_error: ErrorRecord | None

    @property
    def scope(self) -> CoverageScope:
        """What the observation counts for."""
        return CoverageScope(business_unit=self.business_unit, plants=self.plants, capability=self.capability)


class ObservationSink(Protocol):
    """Keeps observations. Both methods return when what they were given is durable, and may raise anything."""

    async def store(self, observation: Observation) -> None:
        """Keep one observation; many may be given at the same time."""
        ...

    async def count(self, left_out: Mapping[tuple[CoverageScope, LeftOut], int]) -> None:
        """Add to the counts of calls that were left out."""
        ...
