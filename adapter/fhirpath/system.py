"""FHIRPath's own types: how their values stand in Python, and what they are called.

Boolean bool, Integer int, Long `Long`, Decimal Decimal, String str, Date, DateTime, Time, Quantity: classes of this
room. All are immutable.
"""

from decimal import Decimal
from typing import Any

from adapter.fhirpath.numeric import Long
from adapter.fhirpath.quantity import Quantity
from adapter.fhirpath.temporal import Date, DateTime, Time

NAMES: dict[type, str] = {
    bool: "Boolean",
    int: "Integer",
    Long: "Long",
    Decimal: "Decimal",
    str: "String",
    Date: "Date",
    DateTime: "DateTime",
    Time: "Time",
    Quantity: "Quantity",
}


def name_of(value: Any) -> str | None:
    """The System type's name, None where the value is not of one."""
    name = NAMES.get(type(value))
    if name is None and isinstance(value, Decimal):
        return "Decimal"
    return name
