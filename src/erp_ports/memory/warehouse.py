"""The stock of all plants, and what a whole document can take of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from erp.v1.availability_pb2 import AvailabilityLine, LineAvailability
from erp_ports.amounts import to_date
from erp_ports.memory import stock
from erp_ports.memory.catalogue import Catalogue, StockKey
from erp_ports.memory.config import InMemoryConfig
from erp_ports.memory.pricing import factor_of
from erp_ports.memory.stock import Supply


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """What can be confirmed: the answers by line, what they take, and the stock that would be left."""

    lines: tuple[LineAvailability, ...]
    taken: tuple[tuple[StockKey, tuple[Supply, ...]], ...]
    left: dict[StockKey, tuple[Supply, ...]]


class Warehouse:
    """Supplies by product and plant. Asking changes nothing; `keep` makes a promise good."""

    def __init__(self, config: InMemoryConfig) -> None:
        self._config = config
        self._stock = {(x.product, x.plant): x for x in config.stock}
        self._supplies = {key: stock.supplies_of(x) for key, x in self._stock.items()}

    def promise(
        self, lines: Iterable[AvailabilityLine], catalogue: Catalogue, today_in: Callable[[str], dt.date]
    ) -> Promise:
        """Return what the lines can get, in their order; a later line gets what the earlier ones left."""
        answers: list[LineAvailability] = []
        taken: list[tuple[StockKey, tuple[Supply, ...]]] = []
        left: dict[StockKey, tuple[Supply, ...]] = {}
        for asked in lines:
            key = catalogue.stock_key(asked.product, asked.plant)
            product = self._config.products[key[0]]
            factor = factor_of(key[0], product, asked.quantity.unit)
            if key not in self._stock:
                answers.append(stock.not_checked(asked))
                continue
            taking = stock.take(
                left.get(key, self._supplies[key]),
                stock.decimal_of(asked.quantity) * factor,
                to_date(asked.requested_date),
                self._replenished(key, today_in(asked.plant)),
            )
            left[key] = taking.left
            taken.append((key, taking.taken))
            answers.append(stock.answer(asked, taking.confirmed, factor, product.unit))
        return Promise(lines=tuple(answers), taken=tuple(taken), left=left)

    def keep(self, promise: Promise) -> None:
        """Take what was promised; nothing else may have been taken since it was."""
        self._supplies.update(promise.left)

    def give_back(self, taken: Iterable[tuple[StockKey, tuple[Supply, ...]]]) -> None:
        for key, supplies in taken:
            self._supplies[key] = stock.give_back(self._supplies[key], supplies)

    def _replenished(self, key: StockKey, today: dt.date) -> dt.date | None:
        own = self._stock[key].lead_time_days
        days = self._config.lead_time_days if own is None else own
        return None if days is None else today + dt.timedelta(days=days)
