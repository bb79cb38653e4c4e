"""What one HTTP rule of one method means: where each field of the request comes from, and what the answer holds.

Rules are checked when they are compiled, so that a mistake in the contract stops the start-up by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from erp_facade.api_error import Violation, invalid
from erp_facade.rest.call_headers import key_conflict
from erp_facade.rest.json_reading import Read, field_reader, message_reader, read_body
from erp_facade.rest.json_writing import Write, field_writer, message_writer
from erp_facade.rest.query import QueryReader, assign_value, parse_query
from erp_facade.rest.template import Template, TemplateError, parse_template
from erp_facade.rest.values import BadValue, Reader, text_reader

WHOLE = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class _PathField:
    """A field that the path carries."""

    path: str
    fields: tuple[FieldDescriptor, ...]
    read: Reader


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundRequest:
    """A request message made of an HTTP request, and how the answer is to be written."""

    message: Message
    enums_as_numbers: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """One way to call one method over HTTP."""

    method: MethodDescriptor
    full_method: str
    http_method: str
    template: Template
    body: str
    """`*`, the name of the field that the body fills, or empty when there is no body."""
    response_body: str
    request_class: type[Message]
    path_fields: tuple[_PathField, ...]
    query: QueryReader
    read_body: Read | None
    writers: tuple[Write, Write]
    has_request_id: bool

    def bind(self, values: Mapping[str, str], query: bytes, body: bytes, *, key: str | None) -> BoundRequest:
        """Return the request of decoded path values, raw query, body and `Idempotency-Key`.

        Raises ApiError with every violation of path, query and body at once.
        """
        violations: list[Violation] = []
        parsed_query = parse_query(query, violations)
        request = self.request_class(**self._from_body(body, violations))
        for path_field in self.path_fields:
            _bind_path(request, path_field, values[path_field.path], violations)
        self.query.read(parsed_query.parameters, request, violations)
        if violations:
            raise invalid(violations)
        if self.has_request_id and key is not None:
            _bind_key(request, key)
        return BoundRequest(message=request, enums_as_numbers=parsed_query.enums_as_numbers)

    def write(self, response: Message, *, enums_as_numbers: bool) -> bytes:
        """Return the answer's body."""
        value: Any = getattr(response, self.response_body) if self.response_body else response
        return orjson.dumps(self.writers[enums_as_numbers](value))

    def _from_body(self, body: bytes, violations: list[Violation]) -> dict[str, Any]:
        if self.read_body is None:
            if body:
                nothing = f"{self.http_method} {self.template.text} takes no body"
                violations.append(Violation(field="body", description=nothing))
            return {}
        if not body:
            return {}
        root = "" if self.body == WHOLE else self.body
        value, found = read_body(body, self.read_body, root)
        if found:
            # Values that were refused may be missing or half read: nothing is made of them.
            violations.extend(found)
            return {}
        return {root: value} if root else value


def _bind_path(request: Message, bound: _PathField, text: str, violations: list[Violation]) -> None:
    target: Any = request
    for step in bound.fields[:-1]:
        target = getattr(target, step.name)
    field = bound.fields[-1]
    before = getattr(target, field.name)
    given = target.HasField(field.name) if field.has_presence else before != field.default_value
    try:
        value = bound.read(text)
    except BadValue as bad:
        violations.append(Violation(field=bound.path, description=str(bad)))
        return
    if given and field.message_type is None and before != value:
        violations.append(Violation(field=bound.path, description="differs between the body and the path"))
        return
    assign_value(target, field, bound.read, text)


def _bind_key(request: Any, key: str) -> None:
    if request.request_id and request.request_id != key:
        raise key_conflict("the header Idempotency-Key and the field request_id carry different request ids")
    request.request_id = key


def compile_bindings(service: ServiceDescriptor) -> Iterator[Binding]:
    """Yield the bindings of a service's methods; raise TemplateError naming rule and method when one is not legal."""
    for method in service.methods:
        options = method.GetOptions()
        if not options.HasExtension(annotations_pb2.http):
            continue
        if method.client_streaming or method.server_streaming:
            raise TemplateError(f"{method.full_name} is a stream, which is not served over REST")
        rule = options.Extensions[annotations_pb2.http]
        for one in (rule, *rule.additional_bindings):
            try:
                if one is not rule and one.additional_bindings:
                    raise TemplateError("an additional binding cannot have additional bindings")
                yield _compile(method, one)
            except TemplateError as error:
                raise TemplateError(f"{method.full_name}: {error}") from None


def _compile(method: MethodDescriptor, rule: http_pb2.HttpRule) -> Binding:
    http_method, path = _pattern(rule)
    template = parse_template(path)
    request, response = method.input_type, method.output_type
    path_fields = tuple(_path_field(request, variable.field_path, path) for variable in template.variables)
    body: str = rule.body
    if body not in ("", WHOLE) and body not in request.fields_by_name:
        raise TemplateError(f"{request.full_name} has no field {body} for the body of {path}")
    if rule.response_body and rule.response_body not in response.fields_by_name:
        raise TemplateError(f"{response.full_name} has no field {rule.response_body} for the answer of {path}")
    if body and http_method in ("GET", "DELETE"):
        raise TemplateError(f"{http_method} {path} cannot have a body")
    if any(field.path == body for field in path_fields):
        raise TemplateError(f"{body} is carried by both the path and the body of {path}")
    service = method.containing_service
    assert service is not None
    taken = [field.path for field in path_fields] + ([body] if body not in ("", WHOLE) else [])
    request_id = request.fields_by_name.get("request_id")
    return Binding(
        method=method,
        full_method=f"/{service.full_name}/{method.name}",
        http_method=http_method,
        template=template,
        body=body,
        response_body=rule.response_body,
        request_class=GetMessageClass(request),
        path_fields=path_fields,
        query=QueryReader(request, taken=taken, whole_body=body == WHOLE),
        read_body=_body_reader(request, body),
        writers=(_writer(response, rule.response_body, False), _writer(response, rule.response_body, True)),
        has_request_id=request_id is not None and request_id.type == FieldDescriptor.TYPE_STRING,
    )


def _body_reader(request: Descriptor, body: str) -> Read | None:
    if not body:
        return None
    return message_reader(request) if body == WHOLE else field_reader(request.fields_by_name[body])


def _writer(response: Descriptor, response_body: str, enums_as_numbers: bool) -> Write:
    if response_body:
        return field_writer(response.fields_by_name[response_body], enums_as_numbers=enums_as_numbers)
    return message_writer(response, enums_as_numbers=enums_as_numbers)


def _pattern(rule: http_pb2.HttpRule) -> tuple[str, str]:
    kind = rule.WhichOneof("pattern")
    if kind is None:
        raise TemplateError("the rule has no path")
    if kind != "custom":
        return kind.upper(), getattr(rule, kind)
    if not rule.custom.kind.isalpha():
        raise TemplateError(f"the custom rule of {rule.custom.path} must name one HTTP method")
    return rule.custom.kind.upper(), rule.custom.path


def _path_field(request: Descriptor, dotted: str, path: str) -> _PathField:
    fields: list[FieldDescriptor] = []
    inside: Descriptor | None = request
    for name in dotted.split("."):
        field = inside.fields_by_name.get(name) if inside is not None else None
        if field is None:
            raise TemplateError(f"{path} binds {dotted}, which is no field of {request.full_name}")
        if field.is_repeated:
            raise TemplateError(f"{path} binds {dotted}, which is repeated or a map")
        fields.append(field)
        inside = field.message_type
    read = text_reader(fields[-1])
    if fields[-1].message_type is not None or read is None:
        raise TemplateError(f"{path} binds {dotted}, which is a message")
    return _PathField(path=dotted, fields=tuple(fields), read=read)
