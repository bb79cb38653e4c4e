"""The way in for whoever drives a demo or a test, below `/sandbox/<token>`; it is no part of the ERP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from http import HTTPStatus

import orjson
from pydantic import TypeAdapter, ValidationError

from erp_sandbox.cloud.books import Books
from erp_sandbox.cloud.faults import FAULTS, FaultBox
from erp_sandbox.cloud.replies import Reply, json_reply
from erp_sandbox.cloud.sessions import Sessions
from erp_sandbox.cloud.setup import Setup
from erp_sandbox.seeds import Application

APPLIED = TypeAdapter(list[Application])
_LONGEST_WAIT_SECONDS = 10.0


class Control:
    """Answers the control requests.

    A stock movement names the master data's product, and its `quantity` is how the free stock changed: negative when
    something was booked. Each movement counts once, by its `movement_id`.
    """

    def __init__(self, setup: Setup, books: Books, sessions: Sessions, faults: FaultBox) -> None:
        self._setup = setup
        self._books = books
        self._sessions = sessions
        self._faults = faults
        self.applied: dict[tuple[str, str], Application] = {}

    async def answer(self, method: str, path: str, options: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request below the token; 404 for anything unknown, 400 for a body that cannot be used."""
        try:
            if (method, path) == ("POST", "faults"):
                self._faults.now = FAULTS.validate_json(body)
            elif (method, path) == ("POST", "csrf-expiry"):
                self._sessions.expire()
            elif (method, path) == ("POST", "payments"):
                self._pay(str(orjson.loads(body)["billing_document"]))
            elif (method, path) == ("POST", "stock-movements"):
                return self._take_in(orjson.loads(body))
            elif (method, path) == ("GET", "stock-movements"):
                return await self._movements(int(options.get("after", "0")), float(options.get("wait", "0")))
            elif (method, path) == ("GET", "applied"):
                return json_reply(APPLIED.dump_python(list(self.applied.values()), mode="json"))
            else:
                return json_reply({"error": "not found"}, status=HTTPStatus.NOT_FOUND)
        except (ValidationError, ValueError, KeyError, TypeError, InvalidOperation) as error:
            return json_reply({"error": str(error)}, status=HTTPStatus.BAD_REQUEST)
        return json_reply({})

    def _take_in(self, moved: Mapping[str, object]) -> Reply:
        """Apply a movement of the other ERP; what this ERP does not stock is no concern of its own."""
        movement_id, quantity = str(moved["movement_id"]), Decimal(str(moved["quantity"]))
        material, plant = self._setup.number_of_product.get(str(moved["product"]), ""), str(moved["plant"])
        new = False
        if (material, plant) in self._setup.stock_by_place and quantity.is_finite():
            with self._books.transaction():
                new = self._books.take_in(movement_id, material, plant, quantity)
        return json_reply({"new": new})

    async def _movements(self, after: int, wait: float) -> Reply:
        """Return this ERP's own movements after a sequence number, waiting a while for the first one."""
        changed = self._books.changed
        found = self._books.own_movements(after)
        if not found and wait > 0:
            try:
                await asyncio.wait_for(changed.wait(), min(wait, _LONGEST_WAIT_SECONDS))
            except TimeoutError:
                return json_reply([])
            found = self._books.own_movements(after)
        return json_reply(
            [
                {
                    "sequence": moved.sequence,
                    "movement_id": moved.movement_id,
                    "product": self._setup.material_by_number[moved.material].product,
                    "plant": moved.plant,
                    "quantity": str(moved.quantity),
                }
                for moved in found
            ]
        )

    def _pay(self, number: str) -> None:
        """Clear an invoice's open item, as an incoming payment does."""
        document = self._books.billing[number]
        with self._books.transaction():
            payment = f"14{int(self._books.next_number('payment')):08d}"
            self._books.put_billing(replace(document, cleared_by=payment))
