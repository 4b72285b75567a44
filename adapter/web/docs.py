"""GET /docs: what can be called, from the OpenAPI description at /openapi.json. No script, nothing from outside."""

from html import escape
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><meta name="viewport" content="width=device-width"></head>
<body>
<h1>{title} {version}</h1>
<p>{description}</p>
<p>For machines: <a href="/openapi.json">openapi.json</a>; the FHIR side: <a href="/fhir/metadata">metadata</a>.</p>
{operations}
</body>
</html>
"""
_OPERATION = "<h2><code>{method} {path}</code></h2>\n<p><strong>{summary}</strong></p>\n<p>{description}</p>"


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/docs", include_in_schema=False)
    def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(page(request.app.openapi()))

    return routes


def page(description: dict[str, Any]) -> str:
    """The HTML page of an OpenAPI description."""
    operations = (
        _OPERATION.format(
            method=method.upper(),
            path=escape(path),
            summary=escape(operation.get("summary", "")),
            description=escape(operation.get("description", "")),
        )
        for path, item in description["paths"].items()
        for method, operation in item.items()
    )
    about = description["info"]
    return _PAGE.format(
        title=escape(about["title"]),
        version=escape(about["version"]),
        description=escape(about.get("description", "")),
        operations="\n".join(operations),
    )
