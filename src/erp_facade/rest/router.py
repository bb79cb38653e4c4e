"""Which method a path and an HTTP method lead to.

Templates are laid into one tree, a level for each segment, so that a match visits each node at most once and costs
one pass over the path, however many slashes it has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

from erp_facade.rest.template import ANY, REST, Template, TemplateError

T = TypeVar("T")


@dataclass(kw_only=True, slots=True)
class _Claim(Generic[T]):
    """One HTTP method of one path, with who claimed it."""

    template: Template
    owner: str
    target: T


@dataclass(kw_only=True, slots=True)
class _Node(Generic[T]):
    """What may follow at one place of a path; `ends` holds, for each verb, the HTTP methods of paths that end here."""

    literals: dict[str, _Node[T]] = field(default_factory=dict)
    any_segment: _Node[T] | None = None
    rest: _Node[T] | None = None
    ends: dict[str, dict[str, _Claim[T]]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Match(Generic[T]):
    """A path that is known: `target` is None when it has no such HTTP method; `allowed` names those it has."""

    target: T | None
    template: Template | None
    segments: tuple[str, ...]
    allowed: tuple[str, ...]


class Router(Generic[T]):
    """The tree of all templates."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, http_method: str, template: Template, target: T, *, owner: str) -> None:
        """Claim a route; raise TemplateError naming both owners when it is claimed already."""
        node = self._root
        for segment in template.segments:
            if segment == ANY:
                node.any_segment = node.any_segment or _Node()
                node = node.any_segment
            elif segment == REST:
                node.rest = node.rest or _Node()
                node = node.rest
            else:
                node = node.literals.setdefault(unquote(segment), _Node())
        methods = node.ends.setdefault(template.verb, {})
        earlier = methods.get(http_method)
        if earlier is not None:
            raise TemplateError(
                f"{owner} and {earlier.owner} claim the same route: "
                f"{http_method} {template.text} and {http_method} {earlier.template.text}"
            )
        methods[http_method] = _Claim(template=template, owner=owner, target=target)

    def match(self, http_method: str, raw_path: str) -> Match[T] | None:
        """Return what a raw path leads to, or None when no template knows it.

        The path is split at its last colon only where a template ends with that verb; elsewhere a colon is data.
        """
        segments = raw_path[1:].split("/")
        if not raw_path.startswith("/") or "" in segments:
            return None
        head, colon, verb = segments[-1].rpartition(":")
        found = None
        if colon and head:
            with_verb = [*segments[:-1], head]
            found = _find(self._root, with_verb, 0, verb)
            if found is not None:
                segments = with_verb
        if found is None:
            found = _find(self._root, segments, 0, "")
        if found is None:
            return None
        claim = found.get(http_method)
        return Match(
            target=claim.target if claim else None,
            template=claim.template if claim else None,
            segments=tuple(segments),
            allowed=tuple(sorted(found)),
        )


def _find(node: _Node[T], segments: list[str], at: int, verb: str) -> dict[str, _Claim[T]] | None:
    """Return the HTTP methods of the best template below `node`: a literal before `*` before `**`."""
    if at == len(segments):
        here = node.ends.get(verb)
        if here is None and node.rest is not None:
            here = node.rest.ends.get(verb)
        return here
    segment = segments[at]
    literal = node.literals.get(unquote(segment) if "%" in segment else segment)
    if literal is not None:
        found = _find(literal, segments, at + 1, verb)
        if found is not None:
            return found
    if node.any_segment is not None:
        found = _find(node.any_segment, segments, at + 1, verb)
        if found is not None:
            return found
    return node.rest.ends.get(verb) if node.rest is not None else None
