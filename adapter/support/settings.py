"""The settings of an installation: `adapter.toml`, overridden by environment variables.

A variable is named ADAPTER_<SECTION>__<KEY>, such as ADAPTER_SERVER__PORT; a list is written as JSON. Paths are
relative to the folder of adapter.toml. Secrets are named by file or variable, never written in.
"""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from adapter.support import checked, overrides, paths, secrets, toml
from adapter.support.alerting import Alerts
from adapter.support.checked import Section
from adapter.support.durations import Duration
from adapter.support.errors import ConfigurationError, Problem
from adapter.support.following import FollowUp
from adapter.support.hosts import is_loopback
from adapter.support.keeping import Retention
from adapter.support.partners import CosmicLink, Riv
from adapter.support.paths import LocalPath, relative_to
from adapter.support.plan_sources import Plans
from adapter.support.stores import Database
from adapter.support.testing import TestNumbers

OWN_PACKAGE = "discharge-adapter.fhir#1.0.0"
"""The FHIR package of this project: messages, profiles and codes."""


def _exists(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


ExistingFile = Annotated[LocalPath, AfterValidator(_exists)]
Positive = Annotated[Duration, Field(gt=timedelta(0))]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Server(Section):
    tls_certificate: ExistingFile | None = None
    """PEM file with the server's certificate and its chain"""
    tls_key: ExistingFile | None = None
    """PEM file with the certificate's private key"""
    tls_client_ca: ExistingFile | None = None
    """PEM file with the authorities of client certificates; where set, callers must present one"""
    address: str = "127.0.0.1"
    """the address to listen on; beyond loopback TLS is required"""
    port: int = Field(8480, ge=0, le=65535)
    """the port to listen on; 0 lets the system choose a free one"""
    public_url: str | None = None
    """how others reach this server, where that is not its own address"""
    max_message_bytes: int = Field(2 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024)
    """the largest body taken in; a larger one is refused with 413"""
    threads: int = Field(8, ge=1, le=256)
    """how many messages are processed at the same time"""

    @property
    def url(self) -> str:
        """The base URL that others use, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.tls_certificate else 'http'}://{host}:{self.port}"

    @field_validator("public_url")
    @classmethod
    def _is_url(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("expected a URL that starts with https:// (or http://)")
        return url

    @field_validator("tls_key", "tls_client_ca")
    @classmethod
    def _goes_with_certificate(cls, file: Path | None, known: ValidationInfo) -> Path | None:
        certificate = known.data.get("tls_certificate", file)
        if file is not None and certificate is None:
            raise ValueError("needs tls_certificate beside it")
        if file is None and certificate is not None and known.field_name == "tls_key":
            raise ValueError("is missing, and tls_certificate is set")
        return file

    @field_validator("address")
    @classmethod
    def _is_closed(cls, address: str, known: ValidationInfo) -> str:
        if known.data.get("tls_certificate", address) is None and not is_loopback(address):
            raise ValueError("goes beyond this machine: set tls_certificate and tls_key, or use 127.0.0.1")
        return address


class DirectorySection(Section):
    folder: LocalPath = Path("directory")
    """the folder with parties, units, systems, endpoints and routes"""


class Mappings(Section):
    folder: LocalPath = Field(default_factory=lambda: paths.shipped("mappings"))
    """the folder with one folder a mapping; the shipped ones where not set"""


class FeedsSection(Section):
    folder: LocalPath | None = None
    """the folder with one file a feed: a journal system without FHIR messages; none where not set"""


class AgreementsSection(Section):
    folder: LocalPath | None = None
    """the folder with one file a version of an agreement; what the law says holds where not set"""


class Packages(Section):
    required: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]+#[A-Za-z0-9.+_-]+$")], ...] = (
        "hl7.fhir.r4.core#4.0.1",
        OWN_PACKAGE,
    )
    """the FHIR packages to validate against, as name#version"""
    lock: ExistingFile | None = None
    """the file that pins each package with its sha256"""


class Validation(Section):
    suppressions: ExistingFile | None = None
    """YAML file with the reviewed suppressions"""


class Notices(Section):
    extended_basis: Annotated[str, Field(min_length=1)] | None = None
    """the legal basis on which an admission notice may hold more than LAW 2:2 names; where not set, it may not"""


class Terminology(Section):
    server: str | None = None
    """the FHIR address of a terminology server, asked what the packages cannot decide; off where not set"""
    timeout: Positive = timedelta(seconds=2)
    """how long to wait for one answer"""
    cache_size: int = Field(10_000, ge=0, le=1_000_000)
    """how many answers are remembered"""
    cache_age: Positive = timedelta(days=1)
    """how long an answer is remembered"""
    ca_file: ExistingFile | None = None
    """PEM file with the authorities to trust; the system's where not set"""
    client_certificate: ExistingFile | None = None
    """PEM file with the certificate to show"""
    client_key: ExistingFile | None = None
    """PEM file with its private key, where that is not in the same file"""
    token_file: LocalPath | None = None
    """the file that holds the bearer token"""
    token_env: str | None = None
    """the environment variable that holds the bearer token"""

    @field_validator("server")
    @classmethod
    def _is_closed(cls, server: str | None) -> str | None:
        if server is None:
            return None
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("expected an https address, such as https://terminology.example/fhir")
        if parts.username is not None or parts.password is not None:
            raise ValueError("holds a user or password: use token_file, token_env or client_certificate")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("would be asked in the clear: use https (http is for this machine only)")
        return server

    @field_validator("client_key")
    @classmethod
    def _goes_with_certificate(cls, file: Path | None, known: ValidationInfo) -> Path | None:
        if file is not None and known.data.get("client_certificate", file) is None:
            raise ValueError("needs client_certificate beside it")
        return file

    @field_validator("token_env")
    @classmethod
    def _has_one_place(cls, env: str | None, known: ValidationInfo) -> str | None:
        if env is not None and known.data.get("token_file") is not None:
            raise ValueError("expected either token_file or token_env")
        return env


class Key(Section):
    id: Identifier
    """the name of the key, stored beside what it made; never reuse one"""
    file: LocalPath | None = None
    """the file that holds the key"""
    env: str | None = None
    """the environment variable that holds the key"""

    @field_validator("env")
    @classmethod
    def _has_one_place(cls, env: str | None, known: ValidationInfo) -> str | None:
        if (known.data.get("file") is None) == (env is None):
            raise ValueError("expected either file or env to say where the key is")
        return env


class Security(Section):
    pseudonym_keys: Annotated[tuple[Key, ...], AfterValidator(checked.not_empty)]
    """the keys that hide identities in the look-up table; the first makes new entries, the others are still read"""
    minimum_secret_length: int = Field(32, ge=16, le=4096)
    """how many characters a secret must have"""
    console_session: Positive = timedelta(hours=8)
    """how long a login to the console lasts"""

    @field_validator("pseudonym_keys")
    @classmethod
    def _are_distinct(cls, keys: tuple[Key, ...]) -> tuple[Key, ...]:
        if len({key.id for key in keys}) < len(keys):
            raise ValueError("two keys have the same id")
        return keys


class Delivery(Section):
    schedule: Annotated[tuple[Positive, ...], AfterValidator(checked.not_empty)] = tuple(
        timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200, 21600)
    )
    """how long to wait before each new attempt; the last one repeats"""
    jitter: float = Field(0.2, ge=0, le=0.5)
    """how far each wait may differ from the schedule, as a share of it"""
    threads: int = Field(8, ge=1, le=256)
    """how many deliveries are under way at the same time"""
    lease: Positive = timedelta(minutes=2)
    """how long a worker may keep a delivery without a sign of life"""
    poll: Positive = timedelta(seconds=1)
    """how often the worker looks for what is due"""
    probe_interval: Annotated[Positive, Field(le=timedelta(minutes=5))] = timedelta(minutes=5)
    """the longest time between two looks at an endpoint that is down"""
    quick_retries: int = Field(2, ge=0, le=10)
    """how often a connection that cannot be made is tried again at once, within one attempt and two seconds"""
    escalate_after: Positive = timedelta(hours=1)
    """how long a delivery may wait, whatever the cause, before its sender and operations are told"""
    escalate_after_for: dict[str, Positive] = Field(default_factory=dict)
    """the same for single events, such as { ready-for-discharge = "30min" }"""
    give_up_after: Positive = timedelta(hours=72)
    """how long a message that no patient's state follows from is tried, not counting when its endpoint is down"""


class ProcessSection(Section):
    processors: Literal["one", "all"] = "one"
    """on how many of the machine's processors `adapter serve` and `adapter worker` compute"""


class Console(Section):
    language: Literal["sv", "en"] = "sv"
    """the language of the console where the browser asks for none"""


class Logging(Section):
    format: Literal["json", "text"] = "json"
    """json: one object a line, for machines; text: for people"""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """the least severe line that is written"""


class Settings(BaseSettings):
    """Everything that adapter.toml may say. Made by `load`."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        env_prefix=overrides.PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
    )

    environment: Literal["test", "production"]
    """which kind of installation this is: feeds refuse what is marked as of the other kind"""
    server: Server = Field(default_factory=Server)
    database: Database = Field(default_factory=Database)
    directory: DirectorySection = Field(default_factory=DirectorySection)
    mappings: Mappings = Field(default_factory=Mappings)
    feeds: FeedsSection = Field(default_factory=FeedsSection)
    agreements: AgreementsSection = Field(default_factory=AgreementsSection)
    follow_up: FollowUp = Field(default_factory=FollowUp)
    packages: Packages = Field(default_factory=Packages)
    validation: Validation = Field(default_factory=Validation)
    terminology: Terminology = Field(default_factory=Terminology)
    notices: Notices = Field(default_factory=Notices)
    test_numbers: TestNumbers = Field(default_factory=TestNumbers)
    riv: Riv = Field(default_factory=Riv)
    cosmic_link: CosmicLink = Field(default_factory=CosmicLink)
    plans: Plans = Field(default_factory=Plans)
    security: Security
    delivery: Delivery = Field(default_factory=Delivery)
    alerts: Alerts = Field(default_factory=Alerts)
    retention: Retention = Field(default_factory=Retention)
    process: ProcessSection = Field(default_factory=ProcessSection)
    console: Console = Field(default_factory=Console)
    logging: Logging = Field(default_factory=Logging)

    _file: Path = PrivateAttr(default=Path("adapter.toml"))
    _lines: checked.Lines = PrivateAttr(default_factory=lambda: checked.Lines({}))
    _version: str = PrivateAttr(default="")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's order
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's order
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's order
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    @property
    def file(self) -> Path:
        """The adapter.toml that these settings come from."""
        return self._file

    @property
    def version(self) -> str:
        """sha256 (hex) over adapter.toml and the environment variables that override it, but for the database's
        place."""
        return self._version

    def line(self, *place: str | int) -> int | None:
        """The line of a setting in adapter.toml, for messages about it."""
        return self._lines.of(place)

    def pseudonym_keys(self) -> list[tuple[str, bytes]]:
        """The keys with their ids, the current one first. Raises ConfigurationError for each that is missing, too
        short or the example's."""
        found, problems = [], []
        for index, key in enumerate(self.security.pseudonym_keys):
            try:
                secret = secrets.read(key.file, key.env, self.security.minimum_secret_length)
                found.append((key.id, secret.encode()))
            except secrets.SecretError as error:
                line = self.line("security", "pseudonym_keys", index)
                problems.append(Problem(self._file, line, f"security.pseudonym_keys.{index}: {error}"))
        if problems:
            raise ConfigurationError(problems)
        return found

    def terminology_token(self) -> str | None:
        """The bearer token for the terminology server, read anew; None where it takes none. Raises SecretError."""
        named = self.terminology
        if named.token_file is None and named.token_env is None:
            return None
        return secrets.read(named.token_file, named.token_env, 1, "ask the server's owner for one")


def load(path: Path) -> Settings:
    """The settings in a file with the environment's overrides.

    Raises ConfigurationError that names every problem with its line, and OSError where the file cannot be read.
    """
    file = path.resolve()
    data, lines, raw = toml.load(file)
    given = overrides.found()
    sections = [name for name, field in Settings.model_fields.items() if field.annotation is not None]
    found = list(overrides.unknown(given, sections, file))
    try:
        with relative_to(file.parent):
            settings = Settings(**data)
    except ValidationError as error:
        found += [overrides.named(problem) for problem in checked.problems(error, Settings, file, lines.of)]
    except SettingsError as error:
        broken = getattr(error.__cause__, "doc", None)
        names = ", ".join(name for name, value in given if value == broken) or "of a setting"
        found.append(Problem(file, None, f'environment variable {names}: expected JSON, such as ["5s", "1min"]'))
    if found:
        raise ConfigurationError(sorted(found, key=lambda problem: problem.line or 0))
    kept = [f"{name}={value}" for name, value in given if not name.startswith(f"{overrides.PREFIX}DATABASE")]
    settings._file, settings._lines = file, lines  # noqa: SLF001 - made here
    settings._version = hashlib.sha256("\0".join([raw.decode(), *kept]).encode()).hexdigest()  # noqa: SLF001 - as above
    return settings
