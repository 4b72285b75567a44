"""Whose message must not be shown as others are: skyddad folkbokföring and sekretessmarkering.

A label counts wherever it stands: on the Bundle, on any resource, entry or contained. It counts whatever system it is
given and in whatever case, for a person must not lose protection by a sender's slip.
"""

from dataclasses import dataclass

from adapter.fhir.bundles import MessageBundle
from adapter.fhir.canonical import CONFIDENTIALITY_MARK, PROTECTED_IDENTITY
from adapter.fhir.shapes import every_object, obj


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
    labels = [obj(each["meta"]).get("security") for each in message.all_objects if "meta" in each]
    codes = [each.get("code") for each in every_object(labels)]
    return {code.strip().casefold() for code in codes if isinstance(code, str)}
