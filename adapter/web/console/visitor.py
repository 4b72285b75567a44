"""Who looks at a page, and in which language."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import Request

from adapter.security.principals import Principal
from adapter.support.errors import ForbiddenError
from adapter.web import auth
from adapter.web.console.sessions import Session, Sessions
from adapter.web.console.texts import LANGUAGES, Language
from adapter.web.errors import Refused

if TYPE_CHECKING:
    from adapter.wiring import Adapter

SESSION_COOKIE = "adapter_session"
LANGUAGE_COOKIE = "adapter_language"
ROOT = "/console"


class LoginNeeded(Exception):  # noqa: N818 - a step, not a failure
    """Nobody is logged in. `come_back` is where the visitor was on the way to."""

    def __init__(self, come_back: str) -> None:
        super().__init__()
        self.come_back = come_back


@dataclass(frozen=True)
class Visitor:
    """A logged-in visitor of one request."""

    session: Session
    principal: Principal
    language: Language

    def check(self, form: dict[str, str]) -> None:
        """Raise ForbiddenError unless the form was shown in this session."""
        if not self.session.owns(form.get("csrf", "")):
            raise ForbiddenError("the form is from another session: load the page again")


def visitor(request: Request, adapter: "Adapter", sessions: Sessions) -> Visitor:
    """The visitor with a valid session and a token that is valid still. Raises LoginNeeded."""
    session = sessions.find(request.cookies.get(SESSION_COOKIE), adapter.clock.now())
    if session is not None:
        try:
            return Visitor(session, auth.authenticate(adapter, session.token), language(request, adapter))
        except Refused:
            sessions.close(request.cookies.get(SESSION_COOKIE))
    query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
    raise LoginNeeded(request.url.path + query if request.method == "GET" else ROOT)


def language(request: Request, adapter: "Adapter") -> Language:
    """The language chosen in this browser, else the installation's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return next((known for known in LANGUAGES if known == chosen), adapter.settings.console.language)


def safe_path(path: str) -> str:
    """A path inside the console to go to; the start page for anything else, so that no link leads elsewhere."""
    inside = path == ROOT or path.startswith((f"{ROOT}/", f"{ROOT}?"))
    return path if inside and path.isprintable() and "\\" not in path else ROOT


def login_path(come_back: str) -> str:
    return f"{ROOT}/login?next={quote(come_back, safe='/')}"
