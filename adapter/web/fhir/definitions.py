"""GET /fhir/StructureDefinition and the other definitions of this project: what a vendor builds against. Open to all,
as the metadata is: they tell nothing of anyone."""

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapter.definitions import Definitions
from adapter.fhir.canonical import CANONICAL
from adapter.support.errors import NotFoundError
from adapter.web import negotiation
from adapter.web.errors import PARAMETER, Refused, resource_response
from adapter.web.fhir.base import base_url

if TYPE_CHECKING:
    from adapter.wiring import Adapter

TYPES = (
    *("StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "Questionnaire", "Measure"),
    *("MessageDefinition", "CapabilityStatement", "SearchParameter", "ImplementationGuide"),
)
"""The types of definitions that are served: those that a canonical URL names."""

SEARCHED = {"_id": "token", "url": "uri", "version": "token"}
"""Search parameters, with their types, beside _count and _offset."""

_PAGE = 20
_LARGEST_PAGE = 100
_GENERAL = ("_format", "_pretty", "_summary", "_elements")


class _Row(NamedTuple):
    canonical: str
    id: str

    @property
    def url(self) -> str:
        return self.canonical.partition("|")[0]

    @property
    def version(self) -> str:
        return self.canonical.partition("|")[2]


def router(adapter: "Adapter") -> APIRouter:
    routes = APIRouter(prefix="/fhir")
    for resource_type in TYPES:
        _add(routes, adapter, resource_type)
    return routes


def _add(routes: APIRouter, adapter: "Adapter", resource_type: str) -> None:
    @routes.get(f"/{resource_type}", summary=f"Search {resource_type}s", name=f"search-{resource_type}")
    def search(request: Request) -> Response:
        """The definitions of this project of one type, by `url` (a version may follow after `|`), `_id` and `version`.
        Pages of `_count`. Open: needs no token."""
        offer = negotiation.answer_format(request)
        definitions = adapter.validator.definitions
        asked = _Asked.of(request)
        rows = [row for row in _rows(definitions, resource_type) if asked.fits(row)]
        found = _searchset(definitions, resource_type, rows, asked, base_url(request, adapter))
        return resource_response(found, offer)

    @routes.get(f"/{resource_type}/{{definition_id}}", summary=f"Read a {resource_type}", name=f"read-{resource_type}")
    def read(definition_id: str, request: Request) -> Response:
        """A definition of this project. Where two versions are loaded, the newer; search finds both. Open: needs no
        token."""
        offer = negotiation.answer_format(request)
        definitions = adapter.validator.definitions
        for row in _rows(definitions, resource_type):
            if row.id == definition_id:
                return resource_response(_resource(definitions, row, resource_type), offer)
        raise NotFoundError(f"there is no such {resource_type} among the definitions of this project")


class _Asked(NamedTuple):
    """The parameters of a search."""

    wanted: dict[str, tuple[str, ...]]
    size: int
    offset: int

    @classmethod
    def of(cls, request: Request) -> "_Asked":
        """Raises Refused where a parameter is not known: to leave it out would find too much."""
        wanted: dict[str, tuple[str, ...]] = {}
        numbers = {"_count": _PAGE, "_offset": 0}
        for name, value in request.query_params.multi_items():
            if name in numbers:
                if not (value.isascii() and value.isdigit() and len(value) <= 6):
                    raise Refused(400, PARAMETER, f"expected a whole number for {name}")
                numbers[name] = int(value)
            elif name in SEARCHED:
                wanted[name] = tuple(value.split(","))
            elif name not in _GENERAL:
                known = ", ".join([*SEARCHED, *numbers])
                raise Refused(400, PARAMETER, f"expected no search parameters but {known}")
        return cls(wanted, min(numbers["_count"], _LARGEST_PAGE), numbers["_offset"])

    def fits(self, row: _Row) -> bool:
        """Whether a definition is asked for."""
        named = {"_id": (row.id,), "url": (row.url, row.canonical), "version": (row.version,)}
        return all(set(values) & set(named[name]) for name, values in self.wanted.items())

    def query(self, offset: int) -> str:
        """The query of the page that begins there."""
        pairs = [(name, ",".join(values)) for name, values in self.wanted.items()]
        return urlencode([*pairs, ("_count", self.size), ("_offset", offset)])


def _rows(definitions: Definitions, resource_type: str) -> list[_Row]:
    found = [_Row(*each) for each in definitions.published(f"{CANONICAL}/", resource_type)]
    return sorted(found, key=lambda row: row.id)  # stable: of one id, first what is found without a version


def _resource(definitions: Definitions, row: _Row, resource_type: str) -> dict[str, Any]:
    return definitions.resource(row.canonical, resource_type) or {}


def _searchset(
    definitions: Definitions, resource_type: str, rows: list[_Row], asked: _Asked, base: str
) -> dict[str, Any]:
    """The page as a Bundle. Of two versions of one definition the older has no address of its own, only its URL."""
    address = f"{base}/fhir/{resource_type}"
    page = rows[asked.offset : asked.offset + asked.size]
    links = [{"relation": "self", "url": f"{address}?{asked.query(asked.offset)}"}]
    if page and asked.offset + asked.size < len(rows):
        links.append({"relation": "next", "url": f"{address}?{asked.query(asked.offset + asked.size)}"})
    entries = [
        {
            "fullUrl": f"{address}/{row.id}" if _is_first(rows, row) else row.url,
            "resource": _resource(definitions, row, resource_type),
            "search": {"mode": "match"},
        }
        for row in page
    ]
    found: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(rows), "link": links}
    return found | ({"entry": entries} if entries else {})


def _is_first(rows: list[_Row], row: _Row) -> bool:
    return next(each for each in rows if each.id == row.id) is row
