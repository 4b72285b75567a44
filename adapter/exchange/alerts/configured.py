"""What keeps people from being told, as far as it can be seen without telling anybody."""

from collections.abc import Callable, Iterator
from functools import partial

from adapter.delivery.channels import signing
from adapter.directory import Directory
from adapter.support import secrets, tls
from adapter.support.clock import SystemClock
from adapter.support.errors import AdapterError, Problem
from adapter.support.settings import Settings


def problems(settings: Settings, directory: Directory) -> list[Problem]:
    """Secrets and certificates that cannot be used, and clocks of endpoints that are not there. Nobody is called."""
    return [*_mail(settings), *_webhooks(settings), *_clocks(settings, directory)]


def _mail(settings: Settings) -> Iterator[Problem]:
    smtp = settings.alerts.smtp
    if smtp.host is None:
        return
    checks: dict[str, Callable[[], object]] = {}
    if smtp.user is not None:
        place = "password_file" if smtp.password_file else "password_env"
        checks[place] = lambda: secrets.read(smtp.password_file, smtp.password_env, 1)
    if smtp.ca_file is not None:
        checks["ca_file"] = lambda: tls.client_context("the mail server", smtp.ca_file, None, None)
    for key, check in checks.items():
        yield from _tried(settings, check, "smtp", key)


def _webhooks(settings: Settings) -> Iterator[Problem]:
    now = SystemClock().now()
    for index, each in enumerate(settings.alerts.recipients):
        checks: dict[str, Callable[[], object]] = {}
        if each.secret_file is not None:
            checks["secret_file"] = partial(signing.headers, each.secret_file, "x", now, b"")
        if each.ca_file is not None:
            checks["ca_file"] = partial(tls.client_context, "the webhook", each.ca_file, None, None)
        for key, check in checks.items():
            yield from _tried(settings, check, "recipients", index, key)


def _clocks(settings: Settings, directory: Directory) -> Iterator[Problem]:
    for name in settings.alerts.clock_from:
        endpoint = directory.endpoints.get(name)
        if endpoint is None or not endpoint.address.startswith("http"):
            reason = f"alerts.clock_from: the directory has no endpoint '{name}' that is called over HTTP"
            yield Problem(settings.file, settings.line("alerts", "clock_from"), reason)


def _tried(settings: Settings, check: Callable[[], object], *place: str | int) -> Iterator[Problem]:
    try:
        check()
    except AdapterError as error:
        name = ".".join(map(str, ("alerts", *place)))
        yield Problem(settings.file, settings.line("alerts", *place), f"{name}: {error}")
