"""Rules of profiles, and what a verdict says of itself."""

from adapter.fhir import outcomes
from adapter.fhir.outcomes import Rule

_KEEP = "Change the content so that it keeps the profile; the profile's definition of the element says how."

PROFILE_UNKNOWN = Rule(
    "profile-unknown",
    "not-found",
    "The profile to validate against is in none of the packages that are loaded.",
    "Load the package that holds the profile, or correct its URL.",
)
CLAIM_UNKNOWN = Rule(
    "profile-claim-unknown",
    "structure",
    "meta.profile names a profile that is in none of the packages that are loaded: it was not checked.",
    "Load the package that holds the profile, or correct its URL.",
    severity="warning",
)
PROFILE_UNUSABLE = Rule(
    "profile-unusable",
    "not-supported",
    "The profile's definition is malformed or not complete: it was not checked.",
    "Mend the StructureDefinition; the message says where it is wrong.",
)
PROFILE_TYPE = Rule(
    "profile-type",
    "structure",
    "The profile is for another type of resource.",
    "Name a profile of the resource's type.",
)
PROFILE_MINIMUM = Rule(
    "profile-min",
    "structure",
    "The profile demands an element, or more occurrences of it, than there are.",
    _KEEP,
)
PROFILE_MAXIMUM = Rule(
    "profile-max",
    "structure",
    "There are more occurrences of an element than the profile allows.",
    _KEEP,
)
PROFILE_ELEMENT_TYPE = Rule(
    "profile-element-type",
    "structure",
    "An element has a type that the profile does not allow.",
    _KEEP,
)
PROFILE_FIXED = Rule(
    "profile-fixed",
    "value",
    "A value is not the one that the profile fixes.",
    _KEEP,
)
PROFILE_PATTERN = Rule(
    "profile-pattern",
    "value",
    "A value does not hold all that the profile's pattern holds.",
    _KEEP,
)
PROFILE_LEAST = Rule(
    "profile-min-value",
    "invalid",
    "A value is smaller than the profile allows.",
    _KEEP,
)
PROFILE_GREATEST = Rule(
    "profile-max-value",
    "invalid",
    "A value is greater than the profile allows.",
    _KEEP,
)
PROFILE_RANGE_UNDECIDED = Rule(
    "profile-range-undecided",
    "invalid",
    "A quantity could not be compared with the profile's limit: value, system or unit is missing or another.",
    "Give the quantity in the unit of the limit.",
    severity="warning",
)
PROFILE_LENGTH = Rule(
    "profile-length",
    "invalid",
    "A text is longer or shorter than the profile allows.",
    _KEEP,
)
PROFILE_VALUE = Rule(
    "profile-value",
    "required",
    "A primitive has no value where the profile demands one, or an extension that may stand for it.",
    _KEEP,
)
PROFILE_REGEX = Rule(
    "profile-regex",
    "invalid",
    "A value does not have the form that the profile's regular expression describes.",
    _KEEP,
)
PROFILE_SLICE_CLOSED = Rule(
    "profile-slice-closed",
    "invalid",
    "An element fits none of the profile's slices, and no others are allowed.",
    _KEEP,
)
PROFILE_SLICE_ORDER = Rule(
    "profile-slice-order",
    "invalid",
    "Elements do not stand in the order of the profile's slices, or one that fits no slice does not stand at the end.",
    "Put the elements in the order of the profile's slices; those that fit none come last.",
)
PROFILE_SLICE_SEVERAL = Rule(
    "profile-slice-several",
    "invalid",
    "An element fits more than one of the profile's slices.",
    _KEEP,
)
PROFILE_SLICE_UNDECIDED = Rule(
    "profile-slice-undecided",
    "processing",
    "The profile's slicing cannot be evaluated: a discriminator says nothing about a slice.",
    "Mend the profile: give the element that the discriminator names a fixed value, pattern, binding, type or profile.",
)
PROFILE_INVARIANT = Rule(
    "profile-invariant",
    "invariant",
    "An invariant of the profile is broken; the message names its key.",
    _KEEP,
)
PROFILE_NONE_FITS = Rule(
    "profile-none-fits",
    "structure",
    "The content keeps none of the profiles of which it must keep one.",
    "Change the content so that it keeps one of the profiles that the message names.",
)
PROFILE_TARGET = Rule(
    "profile-target",
    "structure",
    "A reference leads to a resource that keeps none of the profiles that the target must keep.",
    "Refer to a resource that keeps one of the profiles that the message names.",
)
PROFILE_ENTRY_TYPE = Rule(
    "profile-entry-type",
    "informational",
    "A resource is of a type that the profile does not allow in this place.",
    _KEEP,
)
PROFILE_NARRATIVE = Rule(
    "profile-narrative",
    "business-rule",
    "The narrative's parts do not say what the profile wants them to say: where they come from, or their language.",
    _KEEP,
)
PROFILE_FAULTY = Rule(
    "profile-faulty",
    "not-supported",
    "The profile's definition says what a profile may not say; that was passed over.",
    "Mend the StructureDefinition; the message says where it is wrong.",
    severity="warning",
)
SUPPRESSED = Rule(
    outcomes.SUPPRESSED,
    "informational",
    "Stands beside another rule's id: a reviewed suppression made that finding information.",
    "Nothing until the day that the message names; mend the cause by then.",
    severity="information",
)
STOPPED = Rule(
    "validation-stopped",
    "too-costly",
    "There are more issues than are listed.",
    "Mend those that are listed, and validate again.",
    severity="information",
)
SETTINGS = Rule(
    "validation-settings",
    "informational",
    "Says which packages, versions and settings the verdict rests on.",
    "Nothing needs mending.",
    severity="information",
)
