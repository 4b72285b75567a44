"""The address by which callers reach this server."""

from typing import TYPE_CHECKING

from starlette.requests import Request

if TYPE_CHECKING:
    from adapter.wiring import Adapter


def base_url(request: Request, adapter: "Adapter") -> str:
    """Our base URL: the public one where it is set, else as the caller reached us."""
    settings = adapter.settings.server
    return settings.url if settings.public_url else f"{request.url.scheme}://{request.url.netloc}"
