"""Observations as rows of the store and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from erp_facade.store.times import to_text
from erp_routing.comparison import ComparisonClass, Difference, Severity
from erp_routing.observation import ErrorRecord, Observation


def plants_to_text(plants: Iterable[str]) -> str:
    """Return the plants between commas, so that one of them can be looked for: `,EU01,NA01,`."""
    return f",{','.join(plants)},"


def plants_from_text(text: str) -> list[str]:
    return text.strip(",").split(",")


def observation_row(observation_id: str, observation: Observation) -> dict[str, Any]:
    """Return the row of an observation."""
    control, candidate = observation.control_answer, observation.candidate_answer
    return {
        "id": observation_id,
        "observe_time": to_text(observation.observe_time),
        "correlation_id": observation.correlation_id,
        "business_unit": observation.business_unit,
        "plants": plants_to_text(observation.plants),
        "capability": str(observation.capability),
        "operation": str(observation.operation),
        "control": observation.control,
        "candidate": observation.candidate,
        "comparison_class": str(observation.comparison_class),
        "reason": observation.reason,
        "route_version": observation.route_version,
        "rule_set": observation.rule_set,
        "control_us": round(observation.control_seconds * 1e6),
        "candidate_us": round(observation.candidate_seconds * 1e6),
        "request": observation.request.SerializeToString(),
        "control_answer": control.SerializeToString() if control is not None else None,
        "candidate_answer": candidate.SerializeToString() if candidate is not None else None,
        "control_error": _error(observation.control_error),
        "candidate_error": _error(observation.candidate_error),
        "differences": differences_to_json(observation.differences),
    }


def differences_to_json(differences: Iterable[Difference]) -> str:
    """Return the differences as a JSON array of objects, `[]` for none."""
    return orjson.dumps([d._asdict() for d in differences]).decode()


def differences_from_json(text: str) -> list[Difference]:
    """Return the differences of a row."""
    return [
        Difference(
            **{
                **fields,
                "comparison_class": ComparisonClass(fields["comparison_class"]),
                "severity": Severity(fields["severity"]),
            }
        )
        for fields in orjson.loads(text)
    ]


def _error(error: ErrorRecord | None) -> str | None:
    return None if error is None else orjson.dumps(error).decode()
