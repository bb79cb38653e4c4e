"""The order in which plants move: a pure plan, so that the demo and its tests agree on it."""

from __future__ import annotations

from collections.abc import Sequence

from erp_routing.routes import Stage

STAGES = tuple(Stage)
_LONGEST_STAGGER = 12


def waves(plants: Sequence[str]) -> list[dict[str, Stage]]:
    """Return the stage of every plant, wave by wave: from all on LEGACY to all on CLOUD, one stage at a time.

    A plant starts two waves after the one before it, so that on the way one plant runs on the legacy ERP, one in dual
    run and one on the cloud ERP; with many plants several start together.
    """
    together = max(1, -(-2 * len(plants) // _LONGEST_STAGGER))
    starts = {plant: 2 * (index // together) for index, plant in enumerate(plants)}
    last = max(starts.values(), default=0) + len(STAGES) - 1
    return [
        {plant: STAGES[min(max(wave - start, 0), len(STAGES) - 1)] for plant, start in starts.items()}
        for wave in range(last + 1)
    ]
