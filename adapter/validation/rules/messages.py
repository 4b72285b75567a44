"""Rules of FHIR R4 messaging and of our messages."""

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
DEFINITION = Rule(
    "msg-definition",
    "business-rule",
    "The message's focus is not what the MessageDefinition of its event asks for.",
    "Let MessageHeader.focus lead to as many resources of each type as the MessageDefinition says.",
)
