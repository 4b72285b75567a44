"""The console: server-rendered pages for those who watch and act. It works without JavaScript and fetches nothing
from elsewhere."""

from adapter.web.console.pages import router

__all__ = ["router"]
