"""Log lines that cannot carry personal data by way of their fields.

Only the fields in FIELDS are written, as numbers or single words; anything else given in `extra` is dropped. An
exception is written as its type and where it was raised, never its words. A Swedish identity number that slipped into
a message is blotted out.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

FIELDS = (
    "message_id",
    "delivery_id",
    "event",
    "endpoint",
    "attempt",
    "outcome",
    "http_status",
    "duration_ms",
    "request_id",
    "correlation_id",
    "stage",
    "rule",
    "alarm",
    "action",
    "worker",
    "place",
    "count",
    "version",
    "feed",
    "feed_event",
    "feed_stay",
    "inbox",
    "plan_source",
    "plan_version",
)
"""What `extra` may hold, in the order written. For a protected person the caller leaves the endpoint out."""

_WORD = re.compile(r"[A-Za-z0-9._:/#|+-]{1,200}")
_PLACE = re.compile(r"[ -~]{1,400}")
_FRAMES = 12
_IDENTITY = re.compile(
    r"(?P<uuid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?<![0-9A-Za-z])(?:1[89]|20)?[0-9]{2}[01][0-9][0-9]{2}[-+]?[0-9]{4}(?![0-9A-Za-z])"
)
"""A Swedish identity number that stands by itself, also between hyphens; a UUID may look as if it held one."""
_QUIET = ("httpx", "httpcore", "sqlalchemy", "alembic", "asyncio", "multipart", "python_multipart")


def configure(form: str, level: str, stream: TextIO | None = None) -> None:
    """Send all log lines to `stream` (stderr where not given) as `json` or `text`, from `level` up.

    Libraries are heard from warning up only: below it they write addresses and values. uvicorn's access log, which
    repeats what the adapter logs itself, is off.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    logging.getLogger("adapter").setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, the allowed fields, and error with where."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_entry(record), ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """One line for people: local time, level, message, and fields as key=value."""

    def format(self, record: logging.LogRecord) -> str:
        entry = _entry(record)
        when = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        words = [when, f"{entry.pop('level'):<7}", _one_line(entry.pop("message"))]
        del entry["time"], entry["logger"]
        where = entry.pop("where", ())
        words += [f"{name}={_one_line(str(value))}" for name, value in entry.items()]
        return "\n    ".join([" ".join(words), *where])


def _entry(record: logging.LogRecord) -> dict[str, Any]:
    when = datetime.fromtimestamp(record.created, UTC)
    entry: dict[str, Any] = {
        "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _blotted(record.getMessage()),
    }
    entry.update(_fields(record))
    if record.exc_info and record.exc_info[1] is not None:
        entry["error"] = " from ".join(_types(record.exc_info[1]))
        entry["where"] = list(_places(record.exc_info[1]))
    return entry


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    for name in FIELDS:
        value = record.__dict__.get(name)
        if isinstance(value, bool | int | float):
            yield name, value
        elif isinstance(value, str):
            fits = (_PLACE if name == "place" else _WORD).fullmatch(value)
            yield name, _blotted(value) if fits else "[not shown]"


def _types(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        seen.add(id(step))
        yield type(step).__qualname__
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)


def _places(error: BaseException) -> Iterator[str]:
    for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]:
        yield f"{'/'.join(frame.filename.rsplit('/', 3)[1:])}:{frame.lineno} in {frame.name}"


def _blotted(text: str) -> str:
    return _IDENTITY.sub(lambda found: found["uuid"] or "[identity number]", text)


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
