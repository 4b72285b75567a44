"""Types of items."""

from typing import Any

from adapter.fhirpath import type_tests
from adapter.fhirpath.compiler import Site
from adapter.fhirpath.environment import Scope
from adapter.fhirpath.nodes import TypeInfo, item_type
from adapter.fhirpath.plans import Plan
from adapter.fhirpath.registry import built, plain


@built("is", 1)
def is_(site: Site, source: Plan) -> Plan:
    return type_tests.is_type(source, site.types())


@built("as", 1)
def as_(site: Site, source: Plan) -> Plan:
    return type_tests.as_type(source, site.types())


@built("ofType", 1)
def of_type(site: Site, source: Plan) -> Plan:
    return type_tests.of_type(source, site.types())


@plain("type")
def type_(_scope: Scope, items: list[Any]) -> list[Any]:
    return [TypeInfo(item_type(item)) for item in items]
