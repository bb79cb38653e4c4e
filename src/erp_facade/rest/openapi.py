"""The OpenAPI 3.0.3 document of the REST surface, from the same descriptors that serve it.

3.0 and not 3.1, because Salesforce External Services reads no later version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from google.api import resource_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor, ServiceDescriptor

from erp.admin.v1 import backends_pb2, comparisons_pb2, documents_pb2, routes_pb2
from erp.v1 import availability_pb2, errors_pb2, invoices_pb2, orders_pb2, pricing_pb2
from erp_facade.rest.accepted import ACCEPTING_METHODS
from erp_facade.rest.binding import WHOLE, Binding, compile_bindings
from erp_facade.rest.errors import ADDITIONS, HEADERS_TOO_LARGE, REQUEST_TOO_SLOW
from erp_facade.rest.openapi_schema import Json, Schemas, cut, described, description, is_required, text_schema
from erp_facade.rest.template import ANY, Template

_CONTRACT = (
    pricing_pb2,
    availability_pb2,
    orders_pb2,
    invoices_pb2,
    routes_pb2,
    comparisons_pb2,
    documents_pb2,
    backends_pb2,
)
_IDEMPOTENCY = ("IDEMPOTENCY_KEY_EXPIRED", "IDEMPOTENCY_KEY_REUSED")
_BODY = ("BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE")
_ERROR = {"$ref": "#/components/schemas/ErrorResponse"}


def contract_services() -> list[ServiceDescriptor]:
    """Return the services of the whole contract."""
    return [service for module in _CONTRACT for service in module.DESCRIPTOR.services_by_name.values()]


def document(services: Sequence[ServiceDescriptor] | None = None) -> Json:
    """Return the document of the services given, or of the whole contract."""
    served = list(services) if services is not None else contract_services()
    schemas = Schemas()
    paths: dict[str, Json] = {}
    names = _segment_names(served)
    for service in served:
        seen: dict[str, int] = {}
        for binding in compile_bindings(service):
            name = f"{service.name}_{binding.method.name}"
            seen[name] = seen.get(name, 0) + 1
            operation_id = name if seen[name] == 1 else f"{name}_{seen[name]}"
            path, parameters = _path(binding.template, names)
            operation = _operation(binding, operation_id, parameters, schemas)
            paths.setdefault(path, {})[binding.http_method.lower()] = operation
    return {
        "openapi": "3.0.3",
        "info": {"title": "ERP facade", "version": "1", "description": _status_codes()},
        "servers": [{"url": "/"}],
        "security": [{}, {"bearer": []}],
        "tags": [{"name": s.name, **description(s.full_name)} for s in served],
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, **_error_schemas()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _status_codes() -> str:
    rows = [f"- {a.status} {reason}: {a.when}" for reason, a in ADDITIONS.items()]
    rows += [f"- {a.status}: {a.when}" for a in (REQUEST_TOO_SLOW, HEADERS_TOO_LARGE)]
    return cut(
        "One contract in front of every ERP. Errors carry the status code that belongs to their canonical code, "
        "with these additions:\n" + "\n".join(rows)
    )


def _operation(binding: Binding, operation_id: str, path_parameters: list[Json], schemas: Schemas) -> Json:
    method = binding.method
    service = method.containing_service
    text = description(method.full_name)
    operation: Json = {
        "operationId": operation_id,
        "tags": [service.name] if service is not None else [],
        **text,
        "parameters": [*path_parameters, *_query_parameters(binding), *_headers(binding)],
    }
    if binding.body:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _body_schema(binding, schemas)}},
        }
    operation["responses"] = _responses(binding, schemas)
    return operation


def _body_schema(binding: Binding, schemas: Schemas) -> Json:
    request = binding.method.input_type
    if binding.body == WHOLE:
        return schemas.request_reference(request, elsewhere=[f.path for f in binding.path_fields])
    return schemas.property_schema(request.fields_by_name[binding.body])


def _responses(binding: Binding, schemas: Schemas) -> Json:
    response = binding.method.output_type
    if binding.response_body:
        schema = schemas.property_schema(response.fields_by_name[binding.response_body])
    else:
        schema = schemas.reference(response)
    content = {"application/json": {"schema": schema}}
    responses: Json = {"200": {"description": "The answer.", "content": content}}
    if binding.full_method in ACCEPTING_METHODS:
        responses["202"] = {
            "description": "Accepted and not settled yet. Read the order by its name to follow it.",
            "content": content,
        }
    reasons = (*(_BODY if binding.body else ()), *(_IDEMPOTENCY if binding.has_request_id else ()))
    for reason in sorted(reasons, key=lambda r: ADDITIONS[r].status):
        addition = ADDITIONS[reason]
        told = f"{reason}: {addition.when}."
        responses[str(addition.status)] = {"description": told, "content": {"application/json": {"schema": _ERROR}}}
    responses["default"] = {"description": "An error.", "content": {"application/json": {"schema": _ERROR}}}
    return responses


def _path(template: Template, names: dict[str, Sequence[str]]) -> tuple[str, list[Json]]:
    """Return a template with one parameter for each segment that varies, and those parameters."""
    segments = list(template.segments)
    parameters: list[Json] = []
    for variable in template.variables:
        span = segments[variable.start : variable.end]
        known = iter(names.get("/".join(span), ()) if variable.multi else (variable.field_path.rpartition(".")[2],))
        for at in range(variable.start, variable.start + len(span)):
            if segments[at].startswith(ANY):
                whole = variable.field_path.replace(".", "_")
                name = _camel(next(known, f"{whole}_{at}"))
                if name in (p["name"] for p in parameters):
                    name = _camel(f"{whole}_{at}")
                segments[at] = f"{{{name}}}"
                parameters.append(
                    {
                        "name": name,
                        "in": "path",
                        "required": True,
                        "description": f"A segment of the field {variable.field_path}.",
                        "schema": {"type": "string", "minLength": 1},
                    }
                )
    return "/" + "/".join(segments) + (f":{template.verb}" if template.verb else ""), parameters


def _segment_names(services: Sequence[ServiceDescriptor]) -> dict[str, Sequence[str]]:
    """Return the names of the varying segments of every resource pattern, by the pattern with `*` in their places."""
    names: dict[str, Sequence[str]] = {}
    for file in _files([service.file for service in services]):
        options = file.GetOptions()
        found = list(options.Extensions[resource_pb2.resource_definition])
        found += [m.GetOptions().Extensions[resource_pb2.resource] for m in file.message_types_by_name.values()]
        for pattern in (p for resource in found for p in resource.pattern):
            parts = pattern.split("/")
            varying = [p[1:-1] for p in parts if p.startswith("{")]
            names["/".join(ANY if p.startswith("{") else p for p in parts)] = varying
    return names


def _files(roots: Sequence[FileDescriptor]) -> Iterator[FileDescriptor]:
    """Yield the files and everything they import, and the file of the resources that are only referred to."""
    waiting = [errors_pb2.DESCRIPTOR, *roots]
    seen: set[str] = set()
    while waiting:
        file = waiting.pop()
        if file.name not in seen:
            seen.add(file.name)
            yield file
            waiting.extend(file.dependencies)


def _query_parameters(binding: Binding) -> Iterator[Json]:
    if binding.body == WHOLE:
        return
    taken = {f.path for f in binding.path_fields} | {binding.body}
    yield from _parameters(binding.method.input_type, "", "", taken, (), required=True)


def _parameters(
    message: Descriptor, prefix: str, json_prefix: str, taken: set[str], above: tuple[str, ...], *, required: bool
) -> Iterator[Json]:
    """Yield a parameter for each value that a query can carry; messages are entered by their fields."""
    for field in message.fields:
        path, name = prefix + field.name, json_prefix + field.json_name
        inner = field.message_type
        if path in taken:
            continue
        must = required and is_required(field)
        schema = text_schema(inner) if inner is not None else None
        if inner is not None and schema is None:
            if not field.is_repeated and inner.full_name not in above:
                here = (*above, message.full_name)
                yield from _parameters(inner, f"{path}.", f"{name}.", taken, here, required=must)
            continue
        # A request id may come in the header instead.
        yield _parameter(field, name, schema, required=must and field.name != "request_id")


def _parameter(field: FieldDescriptor, name: str, schema: Json | None, *, required: bool) -> Json:
    value: Json = schema if schema is not None else Schemas().property_schema(field)
    text: Any = described(field, value).get("description", "")
    value = {key: v for key, v in value.items() if key not in ("description", "readOnly")}
    if field.is_repeated and schema is not None:
        value = {"type": "array", "items": value}
    return {
        "name": name,
        "in": "query",
        "required": required,
        **({"description": text} if text else {}),
        "schema": value,
    }


def _headers(binding: Binding) -> Iterator[Json]:
    yield _header("X-Correlation-ID", "Names the call in logs and answers; made up when absent.", "^[!-~]{1,128}$")
    yield _header("X-Request-Timeout", "How many seconds the call may take.", r"^[0-9]{1,6}(\.[0-9]{1,9})?$")
    if binding.has_request_id:
        yield _header("Idempotency-Key", "The request id, in place of the field requestId.", "^[!-~]{1,128}$")


def _header(name: str, text: str, pattern: str) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": text,
        "schema": {"type": "string", "pattern": pattern},
    }


def _error_schemas() -> dict[str, Json]:
    """Return the schemas of the error envelope; details carry `@type` besides, which is no legal name in Apex."""
    text: Json = {"type": "string"}
    reasons = ", ".join(v.name for v in errors_pb2.ErrorReason.DESCRIPTOR.values[1:])
    violation = {
        "type": "object",
        "properties": {"field": text, "description": text, "reason": text, "type": text, "subject": text},
    }
    detail = {
        "type": "object",
        "description": "One of the google.rpc error details: the properties of its type are there.",
        "properties": {
            "reason": {"type": "string", "description": cut(f"Why the call failed: {reasons}.")},
            "domain": {"type": "string", "description": "Whose reasons these are."},
            "metadata": {"type": "object", "additionalProperties": text},
            "fieldViolations": {"type": "array", "items": {"$ref": "#/components/schemas/ErrorViolation"}},
            "violations": {"type": "array", "items": {"$ref": "#/components/schemas/ErrorViolation"}},
            "retryDelay": {"type": "string", "description": "When to try again, in seconds with the suffix s."},
            "resourceType": text,
            "resourceName": text,
        },
    }
    error = {
        "type": "object",
        "required": ["code", "message", "status", "details"],
        "properties": {
            "code": {"type": "integer", "format": "int32", "description": "The HTTP status."},
            "message": {"type": "string", "description": "What is wrong, for a person."},
            "status": {"type": "string", "description": "The canonical code."},
            "details": {"type": "array", "items": {"$ref": "#/components/schemas/ErrorDetail"}},
        },
    }
    envelope = {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"$ref": "#/components/schemas/ErrorStatus"}},
    }
    return {"ErrorResponse": envelope, "ErrorStatus": error, "ErrorDetail": detail, "ErrorViolation": violation}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)
