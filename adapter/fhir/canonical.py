"""Canonical URLs and identifier systems of our own definitions, and those of Sweden.

The base is a placeholder domain; it is set here and nowhere else.
"""

CANONICAL = "https://discharge-adapter.example/fhir"

EVENT = f"{CANONICAL}/CodeSystem/event"
CASE = f"{CANONICAL}/sid/case"
STAY = f"{CANONICAL}/sid/stay"
TASK = f"{CANONICAL}/sid/task"
MUNICIPALITY = f"{CANONICAL}/sid/kommunkod"
DESTINATION = f"{CANONICAL}/sid/destination"
"""The place of a destination in the header of the message, from 1: says nothing to whom has not the message."""

ACKNOWLEDGEMENT = "acknowledgement"
"""The event of a technical acknowledgement, which is itself never acknowledged."""
DELIVERY_REPORT = "delivery-report"
"""The event of what the adapter tells the sender of a message; of a report there is no report."""
BY_ADAPTER = frozenset({ACKNOWLEDGEMENT, DELIVERY_REPORT})
"""The events that the adapter writes itself. They hang on the message that they are about."""

NOTICE = "admission-notice"
MESSAGE_PROFILE = f"{CANONICAL}/StructureDefinition/message-"
"""The profile of a message, less the code of its event."""
MESSAGE_DEFINITION = f"{CANONICAL}/MessageDefinition/"
"""The definition of a message, less the code of its event."""
EXTENDED_NOTICE = f"{MESSAGE_PROFILE}admission-notice-extended"
"""The profile of an admission notice that holds more than LAW 2:2 names."""

CASE_EXTENSION = f"{CANONICAL}/StructureDefinition/case"
"""On MessageHeader: the case of a message that has no Task to name it."""
FOLLOW_UP = f"{CANONICAL}/StructureDefinition/follow-up"
ESTIMATED_DISCHARGE = f"{CANONICAL}/StructureDefinition/estimated-discharge"
NEED_ASSESSED = f"{CANONICAL}/StructureDefinition/need-assessed"
READY_ASSESSED = f"{CANONICAL}/StructureDefinition/ready-assessed"
PLACING_MUNICIPALITY = f"{CANONICAL}/StructureDefinition/placing-municipality"

URI = "urn:ietf:rfc:3986"
PERSONNUMMER = "http://electronichealth.se/identifier/personnummer"
SAMORDNINGSNUMMER = "http://electronichealth.se/identifier/samordningsnummer"
RESERVNUMMER = "http://electronichealth.se/identifier/nationelltReservnummer"
HSA = "urn:oid:1.2.752.29.4.19"
HSA_RIV = "urn:oid:1.2.752.129.2.1.4.1"
ORGANISATIONSNUMMER = "urn:oid:2.5.4.97"
ADDRESS_KIND = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension"
MIDDLE_NAME = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseMiddleNameExtension"
OWN_FAMILY_NAME = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseOwnFamilyExtension"
SECURITY_LABEL = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
PROTECTED_IDENTITY = "skyddadFolkbokforing"
CONFIDENTIALITY_MARK = "sekretessmarkering"
