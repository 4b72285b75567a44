"""Every rule that this version checks, as data: the catalogue is generated from here.

Ids are lasting: a rule may be reworded, never renamed or given another meaning. `msg-` rules are those of FHIR R4
messaging and of our messages; `base-` rules are those of the R4 base structure; `profile-` rules are about profiles.
"""

from adapter.fhir.outcomes import Rule

BUNDLE = Rule(
    "msg-bundle",
    "structure",
    "What was sent is not a FHIR Bundle.",
    "Send a resource with resourceType Bundle.",
)
TYPE = Rule(
    "msg-type",
    "value",
    "The Bundle is not of type message.",
    "Set Bundle.type to message.",
)
BUNDLE_ID = Rule(
    "msg-bundle-id",
    "required",
    "Bundle.id is missing or has no id's form: a repeated message could not be told from a new one.",
    "Set Bundle.id to a new UUID for each sending, and keep it when the same sending is repeated.",
)
TIMESTAMP = Rule(
    "msg-timestamp",
    "required",
    "Bundle.timestamp is missing, or is no instant with offset from UTC.",
    "Set Bundle.timestamp to the time of sending, such as 2026-03-09T10:12:00+01:00.",
)
ENTRY = Rule(
    "msg-entry",
    "required",
    "The Bundle has no entries, or an entry has no resource.",
    "Give Bundle.entry at least the MessageHeader, and each entry one resource with its resourceType.",
)
HEADER_FIRST = Rule(
    "msg-header-first",
    "structure",
    "The first entry is not a MessageHeader.",
    "Put the MessageHeader first; the order of the other entries has no meaning.",
)
HEADER_ONE = Rule(
    "msg-header-one",
    "structure",
    "The Bundle holds more than one MessageHeader.",
    "Send each message in a Bundle of its own; name earlier messages in Provenance.entity.",
)
FULL_URL = Rule(
    "msg-fullurl",
    "required",
    "An entry has no fullUrl, or one that does not name its resource.",
    "Set fullUrl to urn:uuid: followed by the resource's id (a UUID), or to an absolute URL that ends in type and id.",
)
FULL_URL_UNIQUE = Rule(
    "msg-fullurl-unique",
    "duplicate",
    "Two entries have the same fullUrl: a reference to it would be ambiguous.",
    "Give each entry a fullUrl of its own.",
)
HEADER_ID = Rule(
    "msg-header-id",
    "required",
    "MessageHeader.id is missing or has no id's form: it is the identity of the message.",
    "Set MessageHeader.id to a new UUID for each message, and keep it when the message is sent again.",
)
EVENT = Rule(
    "msg-event",
    "required",
    "The message does not say its event in the code system of events.",
    "Set MessageHeader.eventCoding to system and code of the event; eventUri is not used.",
)
DESTINATION = Rule(
    "msg-destination",
    "required",
    "The message has no destination.",
    "Name each recipient in a MessageHeader.destination of its own.",
)
RECEIVER = Rule(
    "msg-destination-receiver",
    "required",
    "A destination does not say who receives.",
    "Let destination.receiver lead to an Organization in the Bundle that has one HSA-id or kommunkod, or carry that "
    "identifier itself.",
)
SENDER = Rule(
    "msg-sender",
    "required",
    "The message does not say who sends.",
    "Let MessageHeader.sender lead to an Organization in the Bundle that has one HSA-id or kommunkod, or carry that "
    "identifier itself.",
)
HSA_FORM = Rule(
    "msg-hsa-form",
    "value",
    "An HSA-id does not have the form of one.",
    "Write SE, ten digits, a hyphen, and 1 to 18 letters or digits.",
    severity="warning",
)
FOCUS = Rule(
    "msg-focus",
    "not-found",
    "MessageHeader.focus names a resource that is not in the Bundle.",
    "Put every focus resource in the Bundle and refer to it by its fullUrl.",
)
REFERENCE = Rule(
    "msg-reference",
    "not-found",
    "A reference leads to nothing in the Bundle. References by urn:uuid:, urn:oid:, type and id, or # must; absolute "
    "http URLs and references by identifier may lead outside; so may the target of an earlier message's Provenance.",
    "Put the resource in the Bundle and refer to it by its fullUrl, or refer by identifier.",
)
RESPONSE = Rule(
    "msg-response",
    "required",
    "A technical acknowledgement does not say what it answers and how.",
    "Give MessageHeader.response the answered MessageHeader.id as identifier, and the code ok, transient-error or "
    "fatal-error.",
)
RESPONSE_EVENT = Rule(
    "msg-response-event",
    "business-rule",
    "Technical acknowledgement and message are mixed: response goes with the event acknowledgement, and only with it.",
    "Send a business answer as a message of its own, without MessageHeader.response.",
)
RESPONSE_DETAILS = Rule(
    "msg-response-details",
    "required",
    "An acknowledgement of an error does not say what was wrong.",
    "Let MessageHeader.response.details lead to an OperationOutcome in the Bundle.",
)
PATIENT_ONE = Rule(
    "msg-patient-one",
    "business-rule",
    "The message is not about exactly one patient.",
    "Put exactly one Patient among the entries.",
)
PATIENT_IDENTIFIER = Rule(
    "msg-patient-identifier",
    "required",
    "The patient has no identifier with system and value.",
    "Give Patient.identifier a personnummer, samordningsnummer or reserve number with its system.",
)
PATIENT_NUMBER = Rule(
    "msg-patient-number",
    "value",
    "A personnummer or samordningsnummer is not one, or the patient has two of a kind.",
    "Write 12 digits, YYYYMMDDNNNC, with the right check digit, under the system of its kind, and each kind once.",
)
PROVENANCE_MISSING = Rule(
    "msg-provenance-missing",
    "incomplete",
    "The message has no Provenance: its place in the chain of the case cannot be told.",
    "Add a Provenance that targets the MessageHeader and names the previous message in entity.",
    severity="warning",
)
PROVENANCE_TARGET = Rule(
    "msg-provenance-target",
    "business-rule",
    "None of the Provenances, or more than one, targets this message's header.",
    "Give the message exactly one Provenance of its own, with the MessageHeader as target.",
)

JSON_TYPE = Rule(
    "base-type",
    "structure",
    "An element has another JSON type than its definition says.",
    "Write strings in quotes, numbers and booleans without, complex elements as objects; never null for absent.",
)
UNKNOWN_RESOURCE = Rule(
    "base-resource-type",
    "structure",
    "resourceType is missing or is no resource type of FHIR R4.",
    "Set resourceType to a resource type of FHIR R4 (4.0.1).",
)
UNKNOWN_ELEMENT = Rule(
    "base-unknown-element",
    "structure",
    "The type has no element of this name.",
    "Leave the element out, or carry its content in an extension.",
)
REQUIRED = Rule(
    "base-required",
    "required",
    "A required element is missing.",
    "Give the element a value.",
)
LIST = Rule(
    "base-list",
    "structure",
    "A repeating element is not an array, or an element that does not repeat is one.",
    "Write repeating elements as arrays, also where there is one value; write the others without.",
)
EMPTY = Rule(
    "base-empty",
    "structure",
    "A string, array or object is empty, or an element has neither value nor extension.",
    "Leave out what has no content.",
)
CHOICE = Rule(
    "base-choice",
    "structure",
    "A choice of types is given in more than one type.",
    "Give one of the types only.",
)
FORMAT = Rule(
    "base-format",
    "value",
    "A value does not have the form of its primitive type.",
    "Write the value as FHIR R4 defines the type; dates must be in the calendar, times with seconds need an offset.",
)
NARRATIVE = Rule(
    "base-narrative",
    "value",
    "A narrative is not one well-formed XHTML div.",
    "Write text.div as a div element in the namespace http://www.w3.org/1999/xhtml, well-formed and by itself.",
)
TOO_LONG = Rule(
    "base-too-long",
    "too-long",
    "A string is longer than the 1 048 576 characters that FHIR allows.",
    "Shorten the string, or send the content as Binary or attachment.",
)
PRIMITIVE_SIBLING = Rule(
    "base-primitive-extension",
    "structure",
    "An element with underscore (id and extensions of a primitive) does not fit the primitive that it belongs to.",
    "Write an object for a single value, an array of the same length with null for nothing for a repeating one.",
)
CONTAINED = Rule(
    "base-contained",
    "invariant",
    "A contained resource contains resources itself, or has no id to be referred to by.",
    "Put all contained resources in the outer resource, each with an id.",
)
REFERENCE_SHAPE = Rule(
    "base-reference",
    "value",
    "A Reference says nothing, or names a contained resource that is not there.",
    "Give reference, identifier or display; put the resource among contained, with the id that follows #.",
)
DEPTH = Rule(
    "base-depth",
    "too-costly",
    "The resource is nested deeper than is checked.",
    "Nest at most 100 levels.",
)
READABLE = Rule(
    "base-readable",
    "structure",
    "The bytes are not FHIR JSON or XML.",
    "Send well-formed FHIR JSON or XML in UTF-8.",
)
NOT_CHECKED = Rule(
    "profile-not-checked",
    "not-supported",
    "This version checks the FHIR R4 base structure only: rules of profiles were not checked.",
    "Do not read the verdict as one about the profile.",
    severity="warning",
)
CLAIM_NOT_CHECKED = Rule(
    "profile-claim-not-checked",
    "not-supported",
    "meta.profile claims a profile; this version checks the FHIR R4 base structure only.",
    NOT_CHECKED.mend,
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

RULES: dict[str, Rule] = {rule.id: rule for rule in list(globals().values()) if isinstance(rule, Rule)}
"""Every rule by its id."""
