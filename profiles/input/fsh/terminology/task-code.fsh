CodeSystem: TaskCodeCodeSystem
Id: task-code
Title: "What is asked (uppgift)"
Description: "What a Task asks of its owner. The codes are this project's own: no published code system was found for them."
* insert Codes
* #receive-patient "receive the patient" "Begin the planning, and receive the person after discharge (LAW 2:6)."
* #receive-patient insert Swedish([[planera mottagande efter utskrivning]])
* #participate-in-sip "take part in coordinated individual planning" "Come to the meeting and contribute to the plan (LAW 4:1-3)."
* #participate-in-sip insert Swedish([[delta i samordnad individuell planering]])
* #receive-into-home-care "receive into health care at home" "Take the person over into municipal health care at home."
* #receive-into-home-care insert Swedish([[ta över till hälso- och sjukvård i hemmet]])
* #admit-patient "admit the patient" "Take the person in, as asked for in a care request (vårdbegäran)."
* #admit-patient insert Swedish([[ta emot i slutenvård]])
* #abort "abort" "Stop the Task that is the focus: the owner accepts or rejects."
* #abort insert Swedish([[avbryt]])

ValueSet: TaskCodeValueSet
Id: task-code
Title: "What is asked (uppgift)"
Description: "All codes of the code system: what is asked."
* insert Published
* include codes from system TaskCodeCodeSystem
