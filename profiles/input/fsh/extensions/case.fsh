Extension: Case
Id: case
Title: "Case (ärende)"
Description: "The case that a message belongs to, where the message holds no Task that would name it by Task.groupIdentifier."
Context: MessageHeader
* insert PublishedStructure
* value[x] 1..1
* value[x] only Identifier
* valueIdentifier.system 1..1
* valueIdentifier.value 1..1
