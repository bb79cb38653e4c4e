"""Which seeds touch the call at hand, and the log of those that did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from http import HTTPStatus

from erp_sandbox.cloud.messages import Message, SapError, Text, message, refused
from erp_sandbox.seed_effects import is_cause
from erp_sandbox.seeds import OPERATIONS, Application, Seed, applicable

BACKEND = "cloud"


class CallSeeds:
    """The seeds of one call; `applied` grows as they change the answer, `hold` says that the answer is to be late."""

    def __init__(self, seeds: Sequence[Seed], *, correlation_id: str, shadow: bool) -> None:
        self._seeds = seeds
        self._correlation_id = correlation_id
        self._shadow = shadow
        self.applied: list[Application] = []
        self.hold = False
        self._rounded = False

    def pick(self, *, operation: str, plant: str, product: str) -> Seed | None:
        """Return the seed for this line, already logged unless its effect depends on the line's unit.

        Another rounding moves one line of a call only: several together would move the total by more than rounding
        can. Raises SapError for seeds that let the whole call fail.
        """
        seed = self.seed_for(operation=operation, plant=plant, product=product)
        if seed is None or (seed.cause == "rounding" and self._rounded):
            return None
        self._rounded = self._rounded or seed.cause == "rounding"
        if seed.cause != "unit_factor":
            self.log(seed)
        if seed.cause == "throttle":
            raise SapError(HTTPStatus.TOO_MANY_REQUESTS, [message(Text.THROTTLED)], {"Retry-After": "1"})
        if seed.cause == "down":
            raise refused(Text.UNAVAILABLE, status=HTTPStatus.SERVICE_UNAVAILABLE)
        self.hold = self.hold or seed.cause == "timeout"
        return seed

    def seed_for(self, *, operation: str, plant: str, product: str) -> Seed | None:
        """Return the seed for this line without logging it."""
        return applicable(
            self._seeds,
            backend=BACKEND,
            operation=operation,
            plant=plant,
            product=product,
            correlation_id=self._correlation_id,
            shadow=self._shadow,
        )

    def factor_seed(self, *, plants: Sequence[str], product: str) -> Seed | None:
        """Return the seed that changes the product's unit factor in this call.

        Master data name neither plant nor operation, so the seed counts if any line of the call may have picked it.
        """
        picks = (
            self.seed_for(operation=operation, plant=plant, product=product)
            for operation in OPERATIONS
            for plant in plants
        )
        return next((seed for seed in picks if is_cause(seed, "unit_factor")), None)

    def log(self, seed: Seed) -> None:
        if any(each.seed_id == seed.seed_id for each in self.applied):
            return
        self.applied.append(
            Application(
                seed_id=seed.seed_id,
                correlation_id=self._correlation_id,
                backend=BACKEND,
                time=dt.datetime.now(dt.UTC),
            )
        )


def refusal(seed: Seed | None, material: str, unknown: Message) -> Message | None:
    """Return what the ERP says about a material that a seed blocks or hides; `unknown` is said of a hidden one."""
    if is_cause(seed, "xref_missing"):
        return unknown
    if is_cause(seed, "refuse", "both_refuse"):
        return message(Text.MATERIAL_BLOCKED, material)
    return None
