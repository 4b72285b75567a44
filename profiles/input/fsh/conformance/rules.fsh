RuleSet: Capabilities(id)
* id = "{id}"
* url = "https://discharge-adapter.example/fhir/CapabilityStatement/{id}"
* version = "1.0.0"
* status = #active
* experimental = false
* date = "2026-11-22"
* publisher = "discharge-adapter"
* jurisdiction = urn:iso:std:iso:3166#SE "Sweden"
* kind = #requirements
* fhirVersion = #4.0.1
* format[0] = #application/fhir+json
* format[+] = #application/fhir+xml

RuleSet: Sends(event)
* messaging.supportedMessage[+].mode = #sender
* messaging.supportedMessage[=].definition = "https://discharge-adapter.example/fhir/MessageDefinition/{event}"

RuleSet: Takes(event)
* messaging.supportedMessage[+].mode = #receiver
* messaging.supportedMessage[=].definition = "https://discharge-adapter.example/fhir/MessageDefinition/{event}"

// What every system that takes part does: answer for its own messages, and know what became of them.
RuleSet: TakesPart
* insert Takes(acknowledgement)
* insert Sends(acknowledgement)
* insert Takes(delivery-report)
* insert Sends(general-message)
* insert Takes(general-message)
* insert Sends(read-receipt)
* insert Takes(read-receipt)
* insert Sends(acceptance-answer)
* insert Takes(acceptance-answer)
* insert Sends(retraction)
* insert Takes(retraction)
* insert Sends(disagreement-raised)
* insert Takes(disagreement-raised)
* insert Sends(disagreement-settled)
* insert Takes(disagreement-settled)
* insert Sends(planning-information)
* insert Takes(planning-information)
* insert Sends(delay-cause)
* insert Takes(delay-cause)
