"""Whose message must not be shown as others are: skyddad folkbokföring and sekretessmarkering.

A label counts wherever it stands: on the Bundle, on any resource, entry or contained. It counts whatever system it is
given and in whatever case, for a person must not lose protection by a sender's slip.
"""

from dataclasses import dataclass
from typing import Any

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CONFIDENTIALITY_MARK, PROTECTED_IDENTITY

_HOLDERS = (dict, list)
"""What content that was parsed is made of, beside its values."""


@dataclass(frozen=True)
class Protection:
    """`protected`: skyddad folkbokföring, held until released. `confidential`: sekretessmarkering, warned of."""

    protected: bool
    confidential: bool


def of(message: MessageBundle) -> Protection:
    """The protection that the labels of a message ask for."""
    codes = _label_codes(message.bundle)
    return Protection(
        protected=PROTECTED_IDENTITY.casefold() in codes,
        confidential=CONFIDENTIALITY_MARK.casefold() in codes,
    )


def _label_codes(bundle: dict[str, Any]) -> set[str]:
    """Every code under a `meta.security`, casefolded, at any depth."""
    codes: set[str] = set()
    waiting: list[tuple[Any, bool]] = [(bundle, False)]
    while waiting:
        value, labels = waiting.pop()
        if isinstance(value, list):
            waiting += [(item, labels) for item in value if item.__class__ in _HOLDERS]
        elif isinstance(value, dict):
            if labels and isinstance(code := value.get("code"), str):
                codes.add(code.strip().casefold())
            for name, member in value.items():
                if member.__class__ in _HOLDERS:
                    waiting.append((member, labels))
                    if name == "meta" and isinstance(member, dict):
                        waiting.append((member.get("security"), True))
    return codes
