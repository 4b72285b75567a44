Profile: DischargeHeader
Parent: MessageHeader
Id: discharge-header
Title: "Message header"
Description: "The header of every message (meddelandehuvud): which event, from whom, to whom, about what."
* insert PublishedStructure
* ^abstract = true
* id 1..1
* id ^comment = "The id of the message. It stays when the same message is sent again."
* extension contains case named case 0..1
* extension[case] ^comment = "The case, for a message that has neither a Task nor a stay to name it."
* event[x] only Coding
* eventCoding from EventValueSet (required)
* destination 1..*
* destination ^comment = "Each destination is one delivery. The receiver's HSA-id selects the route; endpoint is its logical address."
* destination.receiver only Reference(Organization)
* insert Named(destination.receiver)
* sender only Reference(Organization)
* insert Named(sender)
* sender ^comment = "A unit that the caller speaks for."
* source ^comment = "The sending system; source.endpoint is where its acknowledgements go when they are not synchronous."
