"""Entities as the JSON of OData V2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from erp_sandbox.cloud.odata.edm import Node, Property, Schema, Values
from erp_sandbox.cloud.odata.query import Page, Shape
from erp_sandbox.cloud.odata.values import to_json, url_literal

Json = dict[str, object]
_KEY_SAFE = "'=,"
_OPTION_SAFE = "$'(),/:"


def node_url(node: Node, service_url: str) -> str:
    """Return the entity's address."""
    keys = node.type.keys
    if len(keys) == 1:
        inner = url_literal(node.values.get(keys[0].name))
    else:
        inner = ",".join(f"{prop.name}={url_literal(node.values.get(prop.name))}" for prop in keys)
    return f"{service_url}/{node.type.set_name}({quote(inner, safe=_KEY_SAFE)})"


def node_json(node: Node, shape: Shape, schema: Schema, service_url: str) -> Json:
    """Return the entity with its neighbours: expanded ones in full, others as a deferred link."""
    if node.shown is not None:
        node.shown()
    url = node_url(node, service_url)
    meta: Json = {"id": url, "uri": url, "type": f"{schema.service}.{node.type.name}"}
    if node.etag:
        meta["etag"] = node.etag
    result: Json = {"__metadata": meta}
    for prop in node.type.properties:
        if shape.properties is None or prop.name in shape.properties:
            result[prop.name] = to_json(prop, node.values.get(prop.name))
    for navigation in node.type.navigations:
        below = shape.expanded.get(navigation.name)
        if below is None:
            if shape.properties is None or navigation.name in shape.properties:
                result[navigation.name] = {"__deferred": {"uri": f"{url}/{navigation.name}"}}
            continue
        neighbours = [node_json(each, below, schema, service_url) for each in linked(node, navigation.name)]
        if navigation.many:
            result[navigation.name] = {"results": neighbours}
        else:
            result[navigation.name] = neighbours[0] if neighbours else None
    return result


def linked(node: Node, navigation: str) -> Sequence[Node]:
    """Return the neighbours, none where the entity has no such link."""
    find = node.links.get(navigation)
    return find() if find is not None else ()


def page_json(page: Page, shape: Shape, schema: Schema, service_url: str, url: str, options: Mapping[str, str]) -> Json:
    """Return a collection; `__next` leads to the rest when the server cut it."""
    result: Json = {"results": [node_json(node, shape, schema, service_url) for node in page.rows]}
    if page.count is not None:
        result["__count"] = str(page.count)
    if page.next_token is not None:
        kept = {name: value for name, value in options.items() if name not in ("$skip", "$top", "$skiptoken")}
        if page.top_left is not None:
            kept["$top"] = str(page.top_left)
        kept["$skiptoken"] = str(page.next_token)
        result["__next"] = f"{url}?{urlencode(kept, quote_via=quote, safe=_OPTION_SAFE)}"
    return result


def complex_json(type_name: str, properties: Sequence[Property], values: Values) -> Json:
    """Return a value of a complex type."""
    return {
        "__metadata": {"type": type_name},
        **{prop.name: to_json(prop, values.get(prop.name)) for prop in properties},
    }
