"""Settings of alerts: who is told of alarms, when and by what; and from when on something is worth an alarm."""

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from adapter.support import checked
from adapter.support.alarm_kinds import ALWAYS_STATUTORY, KINDS, Class, default_class
from adapter.support.checked import Section
from adapter.support.durations import Duration
from adapter.support.hosts import is_loopback
from adapter.support.paths import LocalPath

_Mailbox = Annotated[str, Field(pattern=r"^[!#-'*+/-9=?A-Z^-~.-]{1,64}@[A-Za-z0-9.-]{1,253}$")]
_Hours = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


def _known(classes: dict[str, Class]) -> dict[str, Class]:
    for kind, chosen in classes.items():
        if kind not in KINDS:
            raise ValueError(f"there is no kind of alarm '{kind}'{checked.nearest(kind, KINDS)}")
        if kind in ALWAYS_STATUTORY and chosen != "wake":
            raise ValueError(f"{kind} is about a statutory deadline, and is never held over quiet hours")
    return classes


class Smtp(Section):
    """`[alerts.smtp]`."""

    host: str | None = None
    """the mail server that takes our mail; recipients by e-mail need it"""
    port: int = Field(587, ge=1, le=65535)
    """its port"""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """starttls: asked for, and nothing is sent without; tls: from the first byte; none: to this machine only"""
    sender: _Mailbox | None = None
    """the address that alerts come from"""
    user: str | None = None
    """the name to log in with, where the server wants one"""
    password_file: LocalPath | None = None
    """the file that holds the password"""
    password_env: str | None = None
    """the environment variable that holds it"""
    ca_file: LocalPath | None = None
    """PEM file with the authorities to trust; the system's where not set"""
    timeout: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=30)
    """how long to wait for each answer of the server; for all of them together four times that"""

    @field_validator("security")
    @classmethod
    def _is_closed(cls, security: str, known: ValidationInfo) -> str:
        host = known.data.get("host")
        if security == "none" and host is not None and not is_loopback(host):
            raise ValueError("would send in the clear: use starttls or tls (none is for this machine only)")
        return security

    @field_validator("sender")
    @classmethod
    def _is_given(cls, sender: str | None, known: ValidationInfo) -> str | None:
        if sender is None and known.data.get("host") is not None:
            raise ValueError("is missing, and host is set")
        return sender

    @field_validator("password_env")
    @classmethod
    def _has_one_place(cls, env: str | None, known: ValidationInfo) -> str | None:
        places = [place for place in (known.data.get("password_file"), env) if place is not None]
        if len(places) != (0 if known.data.get("user") is None else 1):
            raise ValueError("user goes with either password_file or password_env")
        return env


class Recipient(Section):
    """One `[[alerts.recipients]]`."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    """the recipient's name in lists and alarms"""
    email: _Mailbox | None = None
    """the address that gets the alerts"""
    webhook: str | None = None
    """or the URL to which they are posted as JSON"""
    secret_file: LocalPath | None = None
    """webhook: the file with the secret that signs them (Standard Webhooks)"""
    ca_file: LocalPath | None = None
    """webhook: PEM file with the authorities to trust; the system's where not set"""
    proxy: str | None = None
    """webhook: the proxy to go through, as of an endpoint"""
    classes: Annotated[tuple[Class, ...], AfterValidator(checked.not_empty)] = ("wake", "office-hours")
    """which classes of alarms it gets"""

    @field_validator("webhook")
    @classmethod
    def _is_one_way(cls, url: str | None, known: ValidationInfo) -> str | None:
        if (url is None) == (known.data.get("email") is None):
            raise ValueError("expected either email or webhook")
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or parts.username is not None:
            raise ValueError("expected an https address without user or password")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("would be called in the clear: use https (http is for this machine only)")
        return url

    @field_validator("secret_file", "ca_file", "proxy")
    @classmethod
    def _goes_with_webhook(cls, given: object, known: ValidationInfo) -> object:
        if given is not None and known.data.get("webhook", given) is None:
            raise ValueError("goes with webhook")
        return given


def _distinct(recipients: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    if len({each.id for each in recipients}) < len(recipients):
        raise ValueError("two recipients have the same id")
    return recipients


class Alerts(Section):
    """`[alerts]`."""

    smtp: Smtp = Field(default_factory=Smtp)
    recipients: Annotated[tuple[Recipient, ...], AfterValidator(_distinct)] = ()
    """who is told of alarms, a table each; nobody where not set"""
    classes: Annotated[dict[str, Class], AfterValidator(_known)] = Field(default_factory=dict)
    """kinds of alarm whose class differs, such as { endpoint-open = "wake" }"""
    office_hours: _Hours = "07:30-16:30"
    """the hours of Swedish weekdays outside of which alarms of the class office-hours are held"""
    at_most_every: Annotated[Duration, Field(ge=timedelta(seconds=1))] = timedelta(minutes=1)
    """a recipient gets at most one message in this time; what comes meanwhile goes together in the next"""
    late_for: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(days=7)
    """how long after its time a duty that is not done is an alarm"""
    certificate_days: int = Field(30, ge=1, le=365)
    """how many days before a certificate's end there is an alarm"""
    disk_least_free: int = Field(2048, ge=1)
    """MiB that a disk with the store or with folders of messages has free at the least"""
    backup_age: Annotated[Duration, Field(ge=timedelta(0))] = timedelta(hours=26)
    """how old the newest copy of the database may be; "0s" where nobody is to be told. PostgreSQL: counts from the
    first `adapter db backed-up`"""
    clock_offset: Annotated[Duration, Field(ge=timedelta(milliseconds=100))] = timedelta(seconds=5)
    """how far this machine's clock may be from the database's, and from those of clock_from"""
    clock_from: tuple[str, ...] = ()
    """endpoints of the directory whose answers' Date is compared, four times an hour; nothing is sent to them"""

    @field_validator("office_hours")
    @classmethod
    def _is_a_span(cls, hours: str) -> str:
        begin, end = hours.split("-")
        if begin >= end:
            raise ValueError("expected hours of one day, such as 07:30-16:30")
        return hours

    @field_validator("recipients")
    @classmethod
    def _can_be_reached(cls, recipients: tuple[Recipient, ...], known: ValidationInfo) -> tuple[Recipient, ...]:
        smtp = known.data.get("smtp")
        if smtp is not None and smtp.host is None and any(each.email for each in recipients):
            raise ValueError("a recipient by e-mail needs alerts.smtp.host")
        return recipients

    def class_of(self, kind: str) -> Class:
        """The class of a kind of alarm; one that is not known wakes."""
        return self.classes.get(kind, default_class(kind))
