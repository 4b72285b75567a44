CodeSystem: CapacityCodeSystem
Id: capacity
Title: "Ability to receive (möjlighet att ta emot)"
Description: "A receiving unit's answer to when it can take the person. The codes are this project's own: no published code system was found for them."
* insert Codes
* #can-receive "can receive" "From the time that is stated beside it."
* #can-receive insert Swedish([[kan ta emot]])
* #cannot-receive "cannot receive" "Why is said beside it."
* #cannot-receive insert Swedish([[kan inte ta emot]])

ValueSet: CapacityValueSet
Id: capacity
Title: "Ability to receive (möjlighet att ta emot)"
Description: "All codes of the code system: ability to receive."
* insert Published
* include codes from system CapacityCodeSystem
