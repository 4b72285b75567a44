"""Whose message must not be shown as others are: skyddad folkbokföring and sekretessmarkering.

A label counts wherever it stands: on the Bundle, on any resource, entry or contained. It counts whatever system it is
given and in whatever case, for a person must not lose protection by a sender's slip.
"""

from dataclasses import dataclass
from typing import Any

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CONFIDENTIALITY_MARK, PROTECTED_IDENTITY
from adapter.fhir.shapes import obj


@dataclass(frozen=True)
class Protection:
    """`protected`: skyddad folkbokföring, held until released. `confidential`: sekretessmarkering, warned of."""

    protected: bool
    confidential: bool


def of(message: MessageBundle) -> Protection:
    """The protection that the labels of a message ask for."""
    codes = _label_codes(message)
    return Protection(
        protected=PROTECTED_IDENTITY.casefold() in codes,
        confidential=CONFIDENTIALITY_MARK.casefold() in codes,
    )


def _label_codes(message: MessageBundle) -> set[str]:
    """Every code under a `meta.security`, casefolded, at any depth."""
    waiting: list[Any] = [obj(each["meta"]).get("security") for each in message.all_objects if "meta" in each]
    codes, seen = set[str](), set[int]()
    while waiting:
        label = waiting.pop()
        if not isinstance(label, (dict, list)) or id(label) in seen:
            continue
        seen.add(id(label))  # there may be labels within labels
        if isinstance(label, dict) and isinstance(code := label.get("code"), str):
            codes.add(code.strip().casefold())
        waiting += label.values() if isinstance(label, dict) else label
    return codes
