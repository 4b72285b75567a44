"""Rules of Bundles of each type: those of R4's text that no invariant says."""

from adapter.fhir.outcomes import Rule

BUNDLE_FIRST = Rule(
    "bundle-first",
    "invalid",
    "A document does not begin with a Composition, or a message not with a MessageHeader.",
    "Put the Composition or MessageHeader in the first entry.",
)
BUNDLE_FULL_URL = Rule(
    "bundle-fullurl",
    "invalid",
    "An entry has no fullUrl, or one that is not absolute. Only transactions and batches may leave it out.",
    "Set fullUrl to urn:uuid: and a UUID, or to the absolute URL of the resource.",
)
BUNDLE_FULL_URL_ID = Rule(
    "bundle-fullurl-id",
    "invalid",
    "A fullUrl that is the URL of a resource on a server does not end in the resource's type and id.",
    "Let fullUrl end in /[type]/[id] of the resource in the entry, or use urn:uuid:.",
)
BUNDLE_REFERENCE = Rule(
    "bundle-reference",
    "not-found",
    "A reference that must resolve within the document or message leads to no entry.",
    "Put the resource in the Bundle and refer to it by its fullUrl.",
)
BUNDLE_REFERENCE_INDIRECT = Rule(
    "bundle-reference-indirect",
    "invalid",
    "A relative reference names a resource in the Bundle by type and id, but the base URL of the entry that holds the "
    "reference does not lead there: by FHIR's rules the reference does not resolve.",
    "Refer to the target by its fullUrl, or give both entries fullUrls with the same base URL.",
)
BUNDLE_REFERENCE_AMBIGUOUS = Rule(
    "bundle-reference-ambiguous",
    "invalid",
    "A reference leads to more than one entry.",
    "Give each resource once, or refer to one version by a versioned reference.",
)
BUNDLE_FULL_URL_MISSING = Rule(
    "bundle-fullurl-missing",
    "required",
    "An entry that holds a reference to be resolved has no fullUrl: a relative reference has no base.",
    "Give the entry a fullUrl.",
)
BUNDLE_UNLINKED = Rule(
    "bundle-unlinked",
    "informational",
    "An entry of a document cannot be reached from the Composition by references in either direction.",
    "Refer to the resource from the Composition, or leave it out.",
)
BUNDLE_UNLINKED_MESSAGE = Rule(
    "bundle-unlinked-message",
    "informational",
    "An entry of a message cannot be reached from the MessageHeader by references in either direction.",
    "Refer to the resource from the MessageHeader's focus, or leave it out.",
    severity="information",
)
BUNDLE_LINK = Rule(
    "bundle-link",
    "invalid",
    "A link of the Bundle has a relation that this type of Bundle does not have, or one that stands there already.",
    "Use first, previous, next and last only in search results and histories, each relation once.",
)
BUNDLE_STYLESHEET = Rule(
    "bundle-stylesheet",
    "not-found",
    "A stylesheet of the document is not among its entries.",
    "Put the stylesheet in the document as a Binary, and link to it by Binary/[id].",
)
BUNDLE_STYLESHEET_EXTERNAL = Rule(
    "bundle-stylesheet-external",
    "business-rule",
    "The document links to a stylesheet outside of itself.",
    "Put the stylesheet in the document as a Binary.",
    severity="warning",
)
BUNDLE_SEARCH_ENTRY = Rule(
    "bundle-search-entry",
    "invalid",
    "An entry of a search result has no resource, one without id, or one that its search mode does not allow.",
    "Give each match and include a resource with an id; an outcome is an OperationOutcome.",
)
BUNDLE_SEARCH_TYPE = Rule(
    "bundle-search-type",
    "invalid",
    "A match in a search result is of another type than was searched for.",
    "Mark resources of other types as include or outcome.",
)
BUNDLE_SEARCH_MODE = Rule(
    "bundle-search-mode",
    "invalid",
    "A search result does not say of each entry whether it is a match, an include or an outcome, or has no self link.",
    "Give each entry search.mode, and the Bundle a link with the relation self.",
    severity="warning",
)
