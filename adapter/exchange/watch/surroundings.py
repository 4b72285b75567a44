"""What a configured installation stands on: its certificates, its disks, and the clocks of those it talks to."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from adapter.delivery import channels
from adapter.delivery.channels.base import ChannelSettings
from adapter.directory import Directory, Endpoint
from adapter.exchange import reaching
from adapter.feeds.files import Feeds
from adapter.support.clock import Clock
from adapter.support.errors import AdapterError
from adapter.support.settings import Settings

_HALF_A_SECOND = timedelta(milliseconds=500)


def certificates(settings: Settings, directory: Directory, feeds: Feeds) -> Iterator[tuple[str, Path]]:
    """The files of the certificates that the adapter shows, as a server and as a client, with what each is for."""
    named = [("server", settings.server.tls_certificate), ("terminology", settings.terminology.client_certificate)]
    named += [(f"feed/{each.id}", each.mllp.tls_certificate) for each in feeds.values() if each.mllp is not None]
    named += [(f"endpoint/{each.id}", each.client_certificate) for each in directory.endpoints.values()]
    for use, file in named:
        if file is not None:
            yield use, file


def folders(settings: Settings, directory: Directory, feeds: Feeds) -> Iterator[tuple[str, Path]]:
    """Where messages are written, with what for: the store, and folders in which receivers find their messages, and in
    which senders leave them and find their answers."""
    if settings.database.is_sqlite:
        yield "store", Path(settings.database.url.removeprefix("sqlite:///")).parent
    for each in directory.endpoints.values():
        if each.folder is not None:
            yield f"endpoint/{each.id}", each.folder.path
    for inbox in directory.inboxes.values():
        yield f"inbox/{inbox.id}", inbox.path
    for feed in feeds.values():
        if feed.folder is not None:
            yield f"feed/{feed.id}", feed.folder.path


def clocks(endpoints: Iterable[str], directory: Directory, clock: Clock) -> dict[str, timedelta]:
    """How far the clocks of endpoints are ahead of ours, by the Date of their answer to a GET that sends nothing. One
    that does not answer is left out: others tell of that."""
    found: dict[str, timedelta] = {}
    for name in endpoints:
        endpoint = directory.endpoints.get(name)
        if endpoint is None or not endpoint.address.startswith("http"):
            continue
        try:
            sender = channels.sender(_without_credentials(endpoint))
        except AdapterError:
            continue
        try:
            before = clock.now()
            answer = sender.get(endpoint.address, "*/*")
            after = clock.now()
        finally:
            sender.close()
        told = _date(answer.headers.get("date", ""))
        if told is not None:
            found[f"endpoint/{name}"] = told + _HALF_A_SECOND - before - (after - before) / 2
    return found


def _without_credentials(endpoint: Endpoint) -> ChannelSettings:
    """Who refuses us tells the time as well."""
    return replace(reaching.settings_of(endpoint), token_file=None, token_env=None, oauth=None)


def _date(text: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)
