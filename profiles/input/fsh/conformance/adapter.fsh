// The adapter stands between the parties: it takes in and delivers every event between them, and writes and reads the
// acknowledgement. GET /fhir/metadata of a server says the same; a test keeps both equal.

RuleSet: Definitions(type)
* rest.resource[+].type = #{type}
* rest.resource[=].interaction[0].code = #read
* rest.resource[=].interaction[+].code = #search-type
* rest.resource[=].searchParam[0].name = "url"
* rest.resource[=].searchParam[=].type = #uri
* rest.resource[=].searchParam[+].name = "_id"
* rest.resource[=].searchParam[=].type = #token
* rest.resource[=].searchParam[+].name = "version"
* rest.resource[=].searchParam[=].type = #token

RuleSet: StaysAndPlans(type)
* rest.resource[+].type = #{type}
* rest.resource[=].documentation = "What the caller's party sent, or what was delivered to it, as messages tell of it. It is changed by messages only. Pages follow the link next; a page may hold fewer than asked for."
* rest.resource[=].interaction[0].code = #read
* rest.resource[=].interaction[+].code = #vread
* rest.resource[=].interaction[+].code = #history-instance
* rest.resource[=].interaction[+].code = #search-type
* rest.resource[=].versioning = #versioned
* rest.resource[=].searchParam[0].name = "_id"
* rest.resource[=].searchParam[=].type = #token
* rest.resource[=].searchParam[+].name = "_lastUpdated"
* rest.resource[=].searchParam[=].type = #date
* rest.resource[=].searchParam[+].name = "identifier"
* rest.resource[=].searchParam[=].type = #token
* rest.resource[=].searchParam[+].name = "status"
* rest.resource[=].searchParam[=].type = #token
* rest.resource[=].searchParam[+].name = "patient"
* rest.resource[=].searchParam[=].type = #reference
* rest.resource[=].searchParam[=].documentation = "with the modifier :identifier only, and by POST only: it names a person"

Instance: statement-adapter
InstanceOf: CapabilityStatement
Usage: #definition
* insert Capabilities(adapter)
* name = "Adapter"
* title = "The adapter"
* description = "What every installation of the adapter does. GET /fhir/metadata of one says so of itself."
* messaging.documentation = "A message is posted to $process-message. The acknowledgement is the answer, or is posted to the sender's configured address (async=true)."
* insert Takes(care-request)
* insert Sends(care-request)
* insert Takes(admission-notice)
* insert Sends(admission-notice)
* insert Takes(admission-notice-update)
* insert Sends(admission-notice-update)
* insert Takes(planning-information)
* insert Sends(planning-information)
* insert Takes(ready-for-discharge)
* insert Sends(ready-for-discharge)
* insert Takes(ready-for-discharge-withdrawn)
* insert Sends(ready-for-discharge-withdrawn)
* insert Takes(open-care-availability)
* insert Sends(open-care-availability)
* insert Takes(capacity-answer)
* insert Sends(capacity-answer)
* insert Takes(delay-cause)
* insert Sends(delay-cause)
* insert Takes(sip-invitation)
* insert Sends(sip-invitation)
* insert Takes(sip)
* insert Sends(sip)
* insert Takes(discharge-notice)
* insert Sends(discharge-notice)
* insert Takes(patient-information)
* insert Sends(patient-information)
* insert Takes(home-care-referral)
* insert Sends(home-care-referral)
* insert Takes(disagreement-raised)
* insert Sends(disagreement-raised)
* insert Takes(disagreement-settled)
* insert Sends(disagreement-settled)
* insert Takes(general-message)
* insert Sends(general-message)
* insert Takes(read-receipt)
* insert Sends(read-receipt)
* insert Takes(acceptance-answer)
* insert Sends(acceptance-answer)
* insert Takes(retraction)
* insert Sends(retraction)
* insert Takes(acknowledgement)
* insert Sends(acknowledgement)
* insert Sends(delivery-report)
* rest.mode = #server
* rest.security.description = "TLS, and a bearer token for each party; the metadata and the definitions need none."
* rest.resource[0].type = #Bundle
* rest.resource[=].interaction.code = #read
* rest.resource[=].documentation = "Messages that the caller's party sent, or that were delivered to it."
* rest.resource[+].type = #Task
* rest.resource[=].profile = "https://discharge-adapter.example/fhir/StructureDefinition/participation-task"
* rest.resource[=].documentation = "Requests in which the caller's party is owner or requester, as far as they were disclosed to it. Search by POST only. An update needs If-Match, changes what became of the request and nothing else, and is sent to the other side as an acceptance-answer."
* rest.resource[=].interaction[0].code = #read
* rest.resource[=].interaction[+].code = #vread
* rest.resource[=].interaction[+].code = #update
* rest.resource[=].interaction[+].code = #history-instance
* rest.resource[=].interaction[+].code = #search-type
* rest.resource[=].versioning = #versioned-update
* rest.resource[=].searchParam[0].name = "_id"
* rest.resource[=].searchParam[=].type = #token
* rest.resource[=].searchParam[+].name = "_lastUpdated"
* rest.resource[=].searchParam[=].type = #date
* rest.resource[=].searchParam[+].name = "identifier"
* rest.resource[=].searchParam[=].type = #token
* rest.resource[=].searchParam[+].name = "group-identifier"
* rest.resource[=].searchParam[=].type = #token
* rest.resource[=].searchParam[+].name = "case"
* rest.resource[=].searchParam[=].type = #token
* rest.resource[=].searchParam[+].name = "status"
* rest.resource[=].searchParam[=].type = #token
* rest.resource[=].searchParam[+].name = "patient"
* rest.resource[=].searchParam[=].type = #reference
* rest.resource[=].searchParam[=].documentation = "with the modifier :identifier only"
* insert StaysAndPlans(Encounter)
* insert StaysAndPlans(CarePlan)
* rest.resource[+].type = #Subscription
* rest.resource[=].supportedProfile = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription"
* rest.resource[=].documentation = "Of the caller's party. Channel rest-hook to an endpoint that is configured for it; payload id-only or empty. An update changes the status alone: off, or requested to begin again."
* rest.resource[=].interaction[0].code = #read
* rest.resource[=].interaction[+].code = #create
* rest.resource[=].interaction[+].code = #update
* rest.resource[=].interaction[+].code = #delete
* rest.resource[=].interaction[+].code = #search-type
* rest.resource[=].versioning = #no-version
* insert Definitions(StructureDefinition)
* insert Definitions(ValueSet)
* insert Definitions(CodeSystem)
* insert Definitions(ConceptMap)
* insert Definitions(MessageDefinition)
* insert Definitions(CapabilityStatement)
* insert Definitions(SearchParameter)
* insert Definitions(Questionnaire)
* insert Definitions(Measure)
* insert Definitions(ImplementationGuide)
* rest.operation[0].name = "process-message"
* rest.operation[=].definition = "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
* rest.operation[+].name = "validate"
* rest.operation[=].definition = "http://hl7.org/fhir/OperationDefinition/Resource-validate"
