"""TLS towards one endpoint: when it is required, how it is set up, and that renewed certificates are seen."""

import ipaddress
import ssl
from pathlib import Path

import httpx

from adapter.delivery.channels.base import ChannelSettings
from adapter.support import tls
from adapter.support.errors import AdapterError


def check_address(settings: ChannelSettings) -> None:
    """Raise AdapterError unless the address is https, or http to this machine, without a secret in it."""
    name = f"endpoint '{settings.id}'"
    try:
        url = httpx.URL(settings.address)
    except (httpx.InvalidURL, TypeError) as error:
        raise AdapterError(f"{name}: its address is no URL") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise AdapterError(f"{name}: its address must be an https URL")
    if url.userinfo:
        raise AdapterError(f"{name}: its address holds a user or password; name a token file or a certificate instead")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise AdapterError(f"{name}: http to {url.host} would send in the clear; use https (http is for loopback only)")


def context(settings: ChannelSettings) -> ssl.SSLContext:
    """A context that trusts `ca_file` alone where given, else the system's authorities, and shows our certificate.

    Raises AdapterError where a file cannot be used.
    """
    name = f"endpoint '{settings.id}'"
    return tls.client_context(name, settings.ca_file, settings.client_certificate, settings.client_key)


def stamp(settings: ChannelSettings) -> tuple[int, ...]:
    """Changes when one of the files is replaced."""
    files = (settings.ca_file, settings.client_certificate, settings.client_key, settings.proxy_password_file)
    return tuple(_stamp(file) for file in files if file is not None)


def refusal(error: BaseException) -> str | None:
    """What TLS says is wrong, where a failed connection was about certificates or TLS itself; None where it broke off
    or was about something else."""
    seen: set[int] = set()  # a chain of causes may run in a circle
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, ssl.SSLError):
            broke = isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError)
            return None if broke else _said(cause)
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return None


def _said(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    return (error.reason or type(error).__name__).lower().replace("_", " ")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
