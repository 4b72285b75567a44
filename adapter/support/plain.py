"""Records as plain data for JSON: dataclasses become objects, instants UTC with `Z`."""

import dataclasses
from datetime import UTC, date, datetime
from typing import Any


def plain(data: object) -> Any:
    """The data with nothing left in it that JSON does not know."""
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return {field.name: plain(getattr(data, field.name)) for field in dataclasses.fields(data)}
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain(item) for item in data]
    if isinstance(data, datetime):
        return data.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(data, date):
        return data.isoformat()
    return data
