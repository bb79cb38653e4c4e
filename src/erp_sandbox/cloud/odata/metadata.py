"""`$metadata` (EDMX) and the service document."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from erp_sandbox.cloud.odata.edm import EntityType, Function, Navigation, Property, Schema

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"'
    ' xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'
    ' xmlns:sap="http://www.sap.com/Protocols/SAPData">'
    '<edmx:DataServices m:DataServiceVersion="2.0">'
)
_TAIL = "</edmx:DataServices></edmx:Edmx>"


def service_document(schema: Schema) -> dict[str, object]:
    """Return the list of entity sets."""
    return {"EntitySets": [each.set_name for each in schema.types]}


def edmx(schema: Schema) -> str:
    """Return the service's metadata document."""
    parts = [
        _HEAD,
        f'<Schema Namespace="{schema.service}" sap:schema-version="1"'
        ' xmlns="http://schemas.microsoft.com/ado/2008/09/edm">',
        *(_entity_type(each, schema) for each in schema.types),
        *(
            f'<ComplexType Name="{name}">{_properties(properties)}</ComplexType>'
            for name, properties in schema.complex_types
        ),
        *(_association(each, navigation, schema) for each, navigation in _navigations(schema)),
        f'<EntityContainer Name="{schema.service}_Entities" m:IsDefaultEntityContainer="true">',
        *(f'<EntitySet Name="{each.set_name}" EntityType="{schema.service}.{each.name}"/>' for each in schema.types),
        *(_association_set(each, navigation, schema) for each, navigation in _navigations(schema)),
        *(_function(each, schema) for each in schema.functions),
        "</EntityContainer></Schema>",
        _TAIL,
    ]
    return "".join(parts)


def _navigations(schema: Schema) -> Iterable[tuple[EntityType, Navigation]]:
    return [(each, navigation) for each in schema.types for navigation in each.navigations]


def _entity_type(entity: EntityType, schema: Schema) -> str:
    keys = "".join(f'<PropertyRef Name="{prop.name}"/>' for prop in entity.keys)
    navigations = "".join(
        f'<NavigationProperty Name="{each.name}" Relationship="{schema.service}.{_relation(entity, each)}"'
        f' FromRole="From" ToRole="To"/>'
        for each in entity.navigations
    )
    properties = _properties(entity.properties, entity.concurrency)
    return f'<EntityType Name="{entity.name}"><Key>{keys}</Key>{properties}{navigations}</EntityType>'


def _properties(properties: Iterable[Property], concurrency: str = "") -> str:
    return "".join(f"<Property {_facets(prop, concurrency)}/>" for prop in properties)


def _facets(prop: Property, concurrency: str) -> str:
    facets = {
        "Name": prop.name,
        "Type": prop.edm.value,
        "Nullable": "false" if prop.key else "true",
        "MaxLength": prop.max_length,
        "Precision": prop.precision,
        "Scale": prop.scale,
        "ConcurrencyMode": "Fixed" if prop.name == concurrency else None,
        "sap:creatable": str(prop.creatable).lower(),
        "sap:updatable": str(prop.updatable).lower(),
    }
    return " ".join(f"{name}={quoteattr(str(value))}" for name, value in facets.items() if value is not None)


def _relation(entity: EntityType, navigation: Navigation) -> str:
    return f"assoc_{entity.name}_{navigation.name}"


def _association(entity: EntityType, navigation: Navigation, schema: Schema) -> str:
    many = "*" if navigation.many else "0..1"
    return (
        f'<Association Name="{_relation(entity, navigation)}">'
        f'<End Type="{schema.service}.{entity.name}" Multiplicity="1" Role="From"/>'
        f'<End Type="{schema.service}.{navigation.target}" Multiplicity="{many}" Role="To"/></Association>'
    )


def _association_set(entity: EntityType, navigation: Navigation, schema: Schema) -> str:
    name = _relation(entity, navigation)
    target = schema.type_named(navigation.target).set_name
    return (
        f'<AssociationSet Name="{name}_set" Association="{schema.service}.{name}">'
        f'<End EntitySet="{entity.set_name}" Role="From"/><End EntitySet="{target}" Role="To"/></AssociationSet>'
    )


def _function(function: Function, schema: Schema) -> str:
    returns = f"{schema.service}.{function.returns}"
    result = f"Collection({returns})" if function.many else returns
    parameters = "".join(
        f'<Parameter Name="{prop.name}" Type="{prop.edm.value}" Mode="In"'
        + (f' MaxLength="{prop.max_length}"' if prop.max_length is not None else "")
        + (f' Precision="{prop.precision}"' if prop.precision is not None else "")
        + (f' Scale="{prop.scale}"' if prop.scale is not None else "")
        + "/>"
        for prop in function.parameters
    )
    return (
        f'<FunctionImport Name="{function.name}" ReturnType="{result}" m:HttpMethod="GET">{parameters}</FunctionImport>'
    )
