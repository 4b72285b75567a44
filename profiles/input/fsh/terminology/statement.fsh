CodeSystem: StatementCodeSystem
Id: statement
Title: "What is stated (uppgift om ärendet)"
Description: "What an Observation in a message states about the case. The codes are this project's own: no published code system was found for them."
* insert Codes
* #open-care-availability "open-care services" "Whether the open-care services that the person needs can be had (LAW 5:5)."
* #open-care-availability insert Swedish([[öppenvårdens insatser]])
* #capacity "ability to receive"
* #capacity insert Swedish([[möjlighet att ta emot]])
* #available-from "can receive from"
* #available-from insert Swedish([[kan ta emot från]])
* #delay-cause "cause of delay"
* #delay-cause insert Swedish([[orsak till fördröjning]])

ValueSet: StatementValueSet
Id: statement
Title: "What is stated (uppgift om ärendet)"
Description: "All codes of the code system: what is stated."
* insert Published
* include codes from system StatementCodeSystem
