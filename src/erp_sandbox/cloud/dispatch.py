"""One OData request to its answer: the resource path, the options, the body, the preconditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

from erp_sandbox.cloud.messages import SapError, Text, refused
from erp_sandbox.cloud.odata.bodies import parse, read_changes, read_new
from erp_sandbox.cloud.odata.edm import EntityType, Function, Node, Value
from erp_sandbox.cloud.odata.metadata import edmx, service_document
from erp_sandbox.cloud.odata.paths import Segment, key_values, not_found, segments
from erp_sandbox.cloud.odata.query import read_query, read_shape, select_page
from erp_sandbox.cloud.odata.render import complex_json, linked, node_json, node_url, page_json
from erp_sandbox.cloud.odata.values import literal, without_zeros
from erp_sandbox.cloud.replies import Reply, json_reply, text_reply
from erp_sandbox.cloud.services.service import Call, Service

_SAFE = ("GET", "HEAD")


@dataclass(frozen=True, kw_only=True)
class ODataRequest:
    """A request below one service; `options` are decoded, header names are looked up without regard to case."""

    method: str
    path: str
    url: str
    service_url: str
    options: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def wants_json(self) -> bool:
        accepted = self.headers.get("Accept", "")
        return self.options.get("$format") in ("json", "application/json") or "application/json" in accepted


def answer(request: ODataRequest, service: Service, call: Call, page_size: int) -> Reply:
    """Answer one request; raise SapError when it is refused."""
    path = unquote(request.path).strip("/")
    if path == "$metadata":
        return text_reply(HTTPStatus.OK, edmx(service.schema), "application/xml;charset=utf-8", _VERSION)
    if not request.wants_json:
        raise refused(Text.FORMAT_REFUSED, "Accept", status=HTTPStatus.NOT_ACCEPTABLE)
    if not path:
        return json_reply({"d": service_document(service.schema)})
    first, *rest = segments(path)
    function = next((each for each in service.schema.functions if each.name == first.name), None)
    if function is not None and not rest:
        return _call_function(request, service, function, call)
    entity = service.schema.type_of_set(first.name)
    if entity is None or len(rest) > 1:
        raise not_found(first.name)
    return _Resource(request, service, call, page_size, entity, first.key, rest[0] if rest else None).answer()


_VERSION = {"DataServiceVersion": "2.0"}


class _Resource:
    """An entity set, an entity, or what lies behind one of its navigation properties."""

    def __init__(
        self,
        request: ODataRequest,
        service: Service,
        call: Call,
        page_size: int,
        entity: EntityType,
        key: str | None,
        below: Segment | None,
    ) -> None:
        self._request = request
        self._service = service
        self._call = call
        self._page_size = page_size
        self._entity = entity
        self._key = key
        self._below = below

    def answer(self) -> Reply:
        method = self._request.method
        if method in _SAFE:
            return self._read()
        if self._below is not None:
            raise self._not_allowed()
        if method == "POST" and self._key is None:
            return self._create()
        change: dict[str, Callable[[Node], Reply]] = {"PATCH": self._change, "DELETE": self._delete}
        if method not in change or self._key is None:
            raise self._not_allowed()
        node = self._node()
        self._check_precondition(node)
        return change[method](node)

    def _read(self) -> Reply:
        if self._key is None:
            if self._below is not None and (self._below.name != "$count" or self._below.key is not None):
                raise not_found(self._below.name)
            return self._list(self._entity, list(self._service.nodes(self._entity, self._call)))
        node = self._node()
        if self._below is None:
            return self._one(node)
        navigation = node.type.navigation_named(self._below.name)
        if navigation is None or self._below.key is not None:
            raise not_found(self._below.name)
        neighbours = list(linked(node, navigation.name))
        if navigation.many:
            return self._list(self._service.schema.type_named(navigation.target), neighbours)
        if not neighbours:
            raise not_found(navigation.name)
        return self._one(neighbours[0])

    def _list(self, entity: EntityType, nodes: list[Node]) -> Reply:
        schema, options = self._service.schema, self._request.options
        query = read_query(options, entity, schema)
        page = select_page(nodes, query, self._page_size)
        if self._below is not None and self._below.name == "$count":
            count = len([node for node in nodes if query.where is None or query.where(node.values)])
            return text_reply(HTTPStatus.OK, str(count), "text/plain", _VERSION)
        content = page_json(page, query.shape, schema, self._request.service_url, self._request.url, options)
        return json_reply({"d": content})

    def _one(self, node: Node) -> Reply:
        shape = read_shape(self._request.options, node.type, self._service.schema)
        headers = {"ETag": node.etag} if node.etag else {}
        content = node_json(node, shape, self._service.schema, self._request.service_url)
        return json_reply({"d": content}, headers=headers)

    def _create(self) -> Reply:
        entered = read_new(self._body(), self._entity, self._service.schema)
        created = self._service.create(self._entity, entered, self._call)
        headers = {"Location": node_url(created.node, self._request.service_url)}
        if created.node.etag:
            headers["ETag"] = created.node.etag
        content = node_json(created.node, created.shape, self._service.schema, self._request.service_url)
        return json_reply({"d": content}, status=HTTPStatus.CREATED, headers=headers, warnings=created.warnings)

    def _change(self, node: Node) -> Reply:
        warnings = self._service.change(node, read_changes(self._body(), node.type))
        reply = json_reply(None, status=HTTPStatus.NO_CONTENT, warnings=warnings)
        kept = {name: value for name, value in reply.headers.items() if name != "Content-Type"}
        return Reply(status=reply.status, headers=kept)

    def _delete(self, node: Node) -> Reply:
        self._service.delete(node)
        return Reply(status=HTTPStatus.NO_CONTENT, headers=_VERSION)

    def _check_precondition(self, node: Node) -> None:
        """Raise 428 without If-Match and 412 when the entity was changed meanwhile."""
        expected = self._request.headers.get("If-Match", "")
        if not node.etag:
            return
        if not expected:
            raise refused(Text.CONDITION_REQUIRED, status=HTTPStatus.PRECONDITION_REQUIRED)
        if expected not in ("*", node.etag):
            raise refused(Text.CONDITION_FAILED, status=HTTPStatus.PRECONDITION_FAILED)

    def _node(self) -> Node:
        key = key_values(self._entity, self._key or "")
        node = self._service.node(self._entity, key, self._call)
        if node is None:
            raise not_found(self._entity.set_name)
        return node

    def _body(self) -> Mapping[str, object]:
        if not self._request.headers.get("Content-Type", "").startswith("application/json"):
            raise refused(Text.FORMAT_REFUSED, "Content-Type", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        return parse(self._request.body)

    def _not_allowed(self) -> SapError:
        words = (self._request.method, self._entity.set_name)
        return refused(Text.METHOD_REFUSED, *words, status=HTTPStatus.METHOD_NOT_ALLOWED)


def _call_function(request: ODataRequest, service: Service, function: Function, call: Call) -> Reply:
    if request.method not in _SAFE:
        raise refused(Text.METHOD_REFUSED, request.method, function.name, status=HTTPStatus.METHOD_NOT_ALLOWED)
    results = service.function(function, _parameters(request.options, function), call)
    properties = next(fields for name, fields in service.schema.complex_types if name == function.returns)
    type_name = f"{service.schema.service}.{function.returns}"
    content = [complex_json(type_name, properties, values) for values in results]
    if function.many:
        return json_reply({"d": {"results": content}})
    return json_reply({"d": {function.name: content[0]}})


def _parameters(options: Mapping[str, str], function: Function) -> dict[str, Value]:
    """Return the parameters; raise SapError (400) when one is missing, unreadable or of another type."""
    found: dict[str, Value] = {}
    for prop in function.parameters:
        given = options.get(prop.name)
        if given is None:
            raise refused(Text.PARAMETER_REFUSED, prop.name, function.name, "it is missing")
        try:
            value, edm = literal(given)
        except ValueError as error:
            raise refused(Text.PARAMETER_REFUSED, prop.name, function.name, error) from error
        if edm is not prop.edm:
            raise refused(Text.PARAMETER_REFUSED, prop.name, function.name, f"it must be of type {prop.edm}")
        if isinstance(value, str):
            value = without_zeros(value) if prop.alpha else value
            if prop.max_length is not None and len(value) > prop.max_length:
                raise refused(Text.PARAMETER_REFUSED, prop.name, function.name, "it is too long")
        found[prop.name] = value
    return found
