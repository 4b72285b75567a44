"""Log in with a token, log out, and choose a language."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapter.security.principals import Right
from adapter.web import auth
from adapter.web.console import rendering, texts
from adapter.web.console.forms import read_form
from adapter.web.console.shell import Shell
from adapter.web.console.visitor import LANGUAGE_COOKIE, ROOT, SESSION_COOKIE, LoginNeeded, Visitor, language, safe_path
from adapter.web.errors import Refused

_YEAR = 365 * 24 * 3600


def add(routes: APIRouter, shell: Shell) -> None:
    @routes.get("/login")
    def show(request: Request, come_back: Annotated[str, Query(alias="next", max_length=1000)] = ROOT) -> Response:
        try:
            shell.visitor(request)
        except LoginNeeded:
            return shell.open_page(request, "login.html", come_back=safe_path(come_back), problem="")
        return _go(safe_path(come_back))

    @routes.post("/login")
    def log_in(request: Request, form: dict[str, str] = Depends(read_form)) -> Response:
        come_back = safe_path(form.get("next", ROOT))
        token = form.get("token", "").strip()
        try:
            principal = auth.authenticate(shell.adapter, token)
        except Refused:
            return _again(request, shell, come_back, "token wrong")
        if Right.LIST not in principal.rights:
            return _again(request, shell, come_back, "token no list")
        shell.sessions.close(request.cookies.get(SESSION_COOKIE))
        response = _go(come_back)
        opened = shell.sessions.open(token, shell.adapter.clock.now())
        _set(request, response, SESSION_COOKIE, opened, int(shell.sessions.lifetime.total_seconds()), "strict")
        return response

    @routes.post("/logout")
    def log_out(
        request: Request, who: Visitor = Depends(shell.visitor), form: dict[str, str] = Depends(read_form)
    ) -> Response:
        who.check(form)
        shell.sessions.close(request.cookies.get(SESSION_COOKIE))
        response = _go(f"{ROOT}/login")
        response.delete_cookie(SESSION_COOKIE, path=ROOT, secure=_secure(request), httponly=True, samesite="strict")
        return response

    @routes.get("/language/{chosen}")
    def choose(
        request: Request, chosen: texts.Language, come_back: Annotated[str, Query(alias="next")] = ROOT
    ) -> Response:
        response = _go(safe_path(come_back))
        _set(request, response, LANGUAGE_COOKIE, chosen, _YEAR, "lax")
        return response


def _again(request: Request, shell: Shell, come_back: str, problem: str) -> Response:
    words = texts.text(problem, language(request, shell.adapter))
    return shell.open_page(request, "login.html", 401, come_back=come_back, problem=words)


def _go(path: str) -> Response:
    return RedirectResponse(path, 303, rendering.HEADERS)


def _set(
    request: Request, response: Response, name: str, value: str, seconds: int, same_site: Literal["lax", "strict"]
) -> None:
    response.set_cookie(
        name, value, max_age=seconds, path=ROOT, secure=_secure(request), httponly=True, samesite=same_site
    )


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"
