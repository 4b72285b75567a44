"""What the files of the configuration say: directory, mappings, feeds and agreements, and the version of them all."""

import hashlib
from collections.abc import Mapping as Dictionary
from typing import TYPE_CHECKING

from adapter.directory import Directory, Endpoint, Inbox
from adapter.discharge.events import EVENTS
from adapter.exchange import agreements as agreement_files
from adapter.exchange.agreements import Agreements
from adapter.feeds import files as feed_files
from adapter.feeds.files import Feeds
from adapter.mapping import Mapping

if TYPE_CHECKING:
    from adapter.wiring.adapter import Adapter


def directory(adapter: "Adapter") -> Directory:
    settings = adapter.settings
    return Directory.load(settings.directory.folder, mappings=settings.mappings.folder, events=EVENTS)


def mappings(adapter: "Adapter") -> Dictionary[str, Mapping]:
    """The mappings that an endpoint or an inbox names, by folder name."""
    known = adapter.directory
    users: list[Endpoint | Inbox] = [*known.endpoints.values(), *known.inboxes.values()]
    names = {each.mapping for each in users if each.mapping}
    return {name: Mapping.load(adapter.settings.mappings.folder / name) for name in sorted(names)}


def feeds(adapter: "Adapter") -> Feeds:
    """The journal systems without FHIR messages, by the feed's id."""
    return feed_files.load(adapter.settings.feeds.folder, adapter.directory.hsa_ids, adapter.directory.addresses)


def agreements(adapter: "Adapter") -> Agreements:
    """What region and municipalities have agreed."""
    return agreement_files.load(adapter.settings.agreements.folder)


def version(adapter: "Adapter") -> str:
    """sha256 over settings, directory, mappings, suppressions, feeds and agreements: by what a message was checked,
    routed and mapped."""
    parts = [adapter.settings.version, adapter.directory.version]
    parts += [f"{name} {mapping.version}" for name, mapping in adapter.mappings.items()]
    parts += [adapter.suppressions.digest] if adapter.suppressions is not None else []
    parts += [each.version for each in (adapter.feeds, adapter.agreements) if each]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
