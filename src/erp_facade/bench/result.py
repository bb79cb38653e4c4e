"""What a benchmark found, as a value, as JSON and as lines for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from erp_facade.bench.rounds import Samples


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A bound that a value should keep; exactly one of the two is given."""

    at_least: float | None = None
    at_most: float | None = None

    def met_by(self, value: float) -> bool:
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)

    def __str__(self) -> str:
        return f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One number that comes out, a ratio unless `unit` says otherwise, and the target if there is one."""

    name: str
    value: float
    unit: str = "×"
    target: Target | None = None

    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = {"name": self.name, "value": _rounded(self.value), "unit": self.unit}
        if self.target is not None:
            content |= {"target": str(self.target), "met": self.target.met_by(self.value)}
        return content


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One benchmark: what was measured, the raw figures of every contender, and what they come to.

    `figure` names the figure of each sample that `judged` is made of, `unit` is its unit.
    """

    name: str
    what: str
    figure: str
    unit: str
    contenders: Mapping[str, Samples]
    judged: tuple[Judged, ...]

    def content(self) -> dict[str, Any]:
        """Return what JSON shows: medians of all figures, every single sample of the main one, and the ratios."""
        return {
            "name": self.name,
            "what": self.what,
            "figure": self.figure,
            "unit": self.unit,
            "rounds": len(next(iter(self.contenders.values())).figures),
            "raw": {
                name: {
                    "median": _rounded(samples.median(self.figure)),
                    "samples": [_rounded(v) for v in samples.values(self.figure)],
                    "medians": {figure: _rounded(v) for figure, v in samples.medians().items()},
                }
                for name, samples in self.contenders.items()
            },
            "ratios": [j.content() for j in self.judged if j.unit == "×"],
            "limits": [j.content() for j in self.judged if j.unit != "×"],
        }


def ratio(contenders: Mapping[str, Samples], one: str, other: str, figure: str, target: Target | None = None) -> Judged:
    """Return the ratio of two contenders' medians, one over the other."""
    value = contenders[one].median(figure) / contenders[other].median(figure)
    return Judged(name=f"{one} / {other}", value=value, target=target)


def ratios_of_servers(
    contenders: Mapping[str, Samples], one: str, other: str, target: Target | None = None
) -> tuple[Judged, ...]:
    """Return the ratio of calls a second, and that of the calls that a second of processor time is good for.

    The second one does not depend on how busy the load generator or the rest of the machine is.
    """
    cpu = ratio(contenders, other, one, "server_cpu_us_per_call")
    return (
        ratio(contenders, one, other, "calls_per_second", target),
        Judged(name=f"{one} / {other}, calls per second of server CPU", value=cpu.value),
    )


def _rounded(value: float) -> float:
    """Return four significant digits: more would pretend to a precision that no measurement here has."""
    return float(f"{value:.4g}")
