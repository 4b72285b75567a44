// Words about the case.

RuleSet: Words
* insert PublishedStructure
* status MS
* status from CommunicationStatusValueSet (required)
* subject 1..1 MS
* subject only Reference(Patient)
* encounter MS
* sent MS
* sender MS
* payload 1..* MS
* payload.content[x] only string or Attachment
* payload.content[x] MS
