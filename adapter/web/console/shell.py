"""What every page stands on: the visitor, the frame, and what is shown when something cannot be done."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapter.support.errors import AdapterError, NotFoundError
from adapter.web import errors
from adapter.web.console import rendering, texts
from adapter.web.console.sessions import Sessions
from adapter.web.console.visitor import ROOT, LoginNeeded, Visitor, language, login_path, visitor
from adapter.web.errors import Refused

if TYPE_CHECKING:
    from adapter.wiring import Adapter


class Shell:
    """The console of one adapter."""

    def __init__(self, adapter: "Adapter", sessions: Sessions) -> None:
        self.adapter = adapter
        self.sessions = sessions

    def visitor(self, request: Request) -> Visitor:
        """The dependency of every page but login. Raises LoginNeeded."""
        return visitor(request, self.adapter, self.sessions)

    def page(self, request: Request, who: Visitor, template: str, **values: Any) -> Response:
        """A page for a visitor who is logged in."""
        return self._page(request, template, 200, who, **values)

    def open_page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """A page that needs no login."""
        return self._page(request, template, status, None, **values)

    def _page(self, request: Request, template: str, status: int, who: Visitor | None, **values: Any) -> Response:
        return rendering.page(
            template,
            language(request, self.adapter),
            self.adapter.clock.now(),
            status,
            path=request.url.path,
            visitor=who,
            has_feeds=bool(who and who.principal.sees_all and self.adapter.feeds),
            can={right.value for right in who.principal.rights} if who else set(),
            notice=who.session.take_notice() if who else "",
            other_language=_in_other_language(request, language(request, self.adapter)),
            **values,
        )

    def error(self, request: Request, answer: Refused) -> Response:
        """An error as a page, inside the frame where the visitor is logged in."""
        try:
            who = self.visitor(request)
        except (LoginNeeded, AdapterError):
            who = None
        spoken = language(request, self.adapter)
        words = texts.text("not found", spoken) if answer.status == 404 else answer.text
        response = self._page(request, "error.html", answer.status, who, words=words)
        response.headers.update(answer.headers)
        return response

    def route_class(self) -> type[APIRoute]:
        """Routes whose errors become pages, and that lead a visitor without session to the login."""
        shell = self

        class Route(APIRoute):
            def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
                handle = super().get_route_handler()

                async def guarded(request: Request) -> Response:
                    try:
                        return await handle(request)
                    except LoginNeeded as needed:
                        return RedirectResponse(login_path(needed.come_back), 303, rendering.HEADERS)
                    except RequestValidationError:
                        return shell.error(request, errors.refused(NotFoundError("no such page")))
                    except (AdapterError, Refused) as error:
                        return shell.error(request, errors.refused(error))

                return guarded

        return Route


def _in_other_language(request: Request, spoken: texts.Language) -> str:
    """What leads to the same page in the other language; after a form, to the start page."""
    other = next(known for known in texts.LANGUAGES if known != spoken)
    query = f"?{request.url.query}" if request.url.query else ""
    place = request.url.path + query if request.method == "GET" else ROOT
    return f"{ROOT}/language/{other}?next={quote(place, safe='/')}"
