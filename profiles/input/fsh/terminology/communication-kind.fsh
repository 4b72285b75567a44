CodeSystem: CommunicationKindCodeSystem
Id: communication-kind
Title: "Kind of communication (typ av meddelande)"
Description: "What a Communication that is not a section of the planning information is. The codes are this project's own: no published code system was found for them."
* insert Codes
* #general-message "general message"
* #general-message insert Swedish([[generellt meddelande]])
* #patient-information "information to the patient" "LAW 3:3."
* #patient-information insert Swedish([[information till patienten]])
* #disagreement "disagreement"
* #disagreement insert Swedish([[oenighet]])
* #settlement "settlement of a disagreement"
* #settlement insert Swedish([[avgjord oenighet]])

ValueSet: CommunicationKindValueSet
Id: communication-kind
Title: "Kind of communication (typ av meddelande)"
Description: "All codes of the code system: kind of communication."
* insert Published
* include codes from system CommunicationKindCodeSystem
