"""What every service of the stand-in can be asked; a service overrides what it offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from erp_sandbox.cloud.messages import Message, Text, refused
from erp_sandbox.cloud.odata.bodies import Entered
from erp_sandbox.cloud.odata.edm import EntityType, Function, Node, Schema, Value, Values
from erp_sandbox.cloud.odata.query import Shape
from erp_sandbox.cloud.seeding import CallSeeds


@dataclass(frozen=True, kw_only=True)
class Call:
    """Who asks, and what is seeded for this call."""

    user: str
    seeds: CallSeeds


@dataclass(frozen=True, kw_only=True)
class Created:
    """What a POST made, and how much of it the answer shows."""

    node: Node
    shape: Shape
    warnings: tuple[Message, ...] = ()


class Service:
    """One OData service. Methods raise SapError; entities that are not there are None."""

    schema: Schema
    books: bool = False
    """Whether a POST here books something, which faults and the shadow user's missing authorisation concern."""

    def nodes(self, entity: EntityType, call: Call) -> Sequence[Node]:
        """Return every entity of the set."""
        raise refused(Text.METHOD_REFUSED, "GET", entity.set_name, status=HTTPStatus.METHOD_NOT_ALLOWED)

    def node(self, entity: EntityType, key: tuple[str, ...], call: Call) -> Node | None:
        """Return the entity with this key."""
        return next((node for node in self.nodes(entity, call) if node.key == key), None)

    def create(self, entity: EntityType, entered: Entered, call: Call) -> Created:
        raise refused(Text.METHOD_REFUSED, "POST", entity.set_name, status=HTTPStatus.METHOD_NOT_ALLOWED)

    def change(self, node: Node, changes: Mapping[str, Value]) -> tuple[Message, ...]:
        """Change one entity whose ETag was checked; return warnings."""
        raise refused(Text.METHOD_REFUSED, "PATCH", node.type.set_name, status=HTTPStatus.METHOD_NOT_ALLOWED)

    def delete(self, node: Node) -> None:
        """Delete one entity whose ETag was checked."""
        raise refused(Text.METHOD_REFUSED, "DELETE", node.type.set_name, status=HTTPStatus.METHOD_NOT_ALLOWED)

    def function(self, function: Function, parameters: Mapping[str, Value], call: Call) -> Sequence[Values]:
        """Return the values of a function import."""
        raise refused(Text.NOT_FOUND, function.name, status=HTTPStatus.NOT_FOUND)


def children(nodes: Sequence[Node], *path: str) -> list[Node]:
    """Return what lies behind a path of navigation properties."""
    for name in path:
        nodes = [child for node in nodes for child in node.links[name]()]
    return list(nodes)
