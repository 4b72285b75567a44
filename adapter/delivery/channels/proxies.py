"""The proxy on the way to one endpoint: only the one that its settings name.

`environment` stands for what the machine's variables say (HTTPS_PROXY, NO_PROXY and their kin). Nothing is taken from
them unasked: a variable set for another program must not lead messages elsewhere.
"""

from urllib.request import getproxies, proxy_bypass

import httpx

from adapter.delivery.channels.base import ChannelSettings
from adapter.support import secrets
from adapter.support.errors import AdapterError

ENVIRONMENT = "environment"


def chosen(settings: ChannelSettings) -> httpx.Proxy | None:
    """The proxy to call the endpoint through; None to call it directly. Raises AdapterError where it cannot be used."""
    address = _environment(settings) if settings.proxy == ENVIRONMENT else settings.proxy
    if address is None:
        return None
    name = f"endpoint '{settings.id}': its proxy"
    user, _, password = _password(settings).partition(":")
    try:
        made = httpx.Proxy(address, auth=(user, password) if user else None)
    except (httpx.InvalidURL, ValueError) as error:
        raise AdapterError(f"{name} is no URL such as http://proxy.example:8080") from error
    if made.url.scheme not in ("http", "https"):
        raise AdapterError(f"{name} must be an http or https URL")
    return made


def passing(words: str) -> bool:
    """Whether a proxy's refusal to connect, `502 Bad Gateway`, is of the kind that passes."""
    return words.startswith("5") or words[:3] in ("408", "429")


def _environment(settings: ChannelSettings) -> str | None:
    url = httpx.URL(settings.address)
    if proxy_bypass(url.host):
        return None
    known = getproxies()
    return known.get(url.scheme) or known.get("all")


def _password(settings: ChannelSettings) -> str:
    if settings.proxy_password_file is None:
        return ""
    mend = "write user:password into it"
    found = secrets.read(settings.proxy_password_file, None, 1, mend)
    if ":" not in found:
        raise secrets.SecretError(f"{settings.proxy_password_file} is not of the form user:password; {mend}")
    return found
