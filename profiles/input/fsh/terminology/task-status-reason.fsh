CodeSystem: TaskStatusReasonCodeSystem
Id: task-status-reason
Title: "Why a request has its status (orsak till status)"
Description: "Why a Task was rejected, cancelled, failed, put on hold, or waits for information. The codes are this project's own: no published code system was found for them."
* insert Codes
* #wrong-recipient "wrong recipient" "The request concerns another unit or another municipality."
* #wrong-recipient insert Swedish([[fel mottagare]])
* #no-capacity "no capacity" "The owner cannot take the person at the time asked for."
* #no-capacity insert Swedish([[kan inte ta emot]])
* #information-missing "information is missing" "The owner needs to know more; say what in the text."
* #information-missing insert Swedish([[uppgifter saknas]])
* #not-responsible "not responsible" "The owner is the right unit, but does not hold itself responsible for what is asked."
* #not-responsible insert Swedish([[inte ansvarig]])
* #alternative-proposed "alternative proposed" "The owner proposes something else: see Task.output."
* #alternative-proposed insert Swedish([[alternativ föreslaget]])
* #not-selected "not selected" "Several were asked, and another was chosen."
* #not-selected insert Swedish([[inte vald]])
* #patient-declined "the person has declined" "The person does not want what is asked."
* #patient-declined insert Swedish([[patienten har tackat nej]])
* #consent-missing "consent is missing" "What is asked rests on a consent that is not there (LAW 4:2)."
* #consent-missing insert Swedish([[samtycke saknas]])
* #deceased "the person has died"
* #deceased insert Swedish([[patienten har avlidit]])
* #readmitted "admitted again" "The person is in hospital again."
* #readmitted insert Swedish([[återinskriven]])
* #not-ready "no longer ready for discharge"
* #not-ready insert Swedish([[inte längre utskrivningsklar]])
* #sent-in-error "sent in error"
* #sent-in-error insert Swedish([[felsänt]])
* #other "other" "Said in the text."
* #other insert Swedish([[annat]])

ValueSet: TaskStatusReasonValueSet
Id: task-status-reason
Title: "Why a request has its status (orsak till status)"
Description: "All codes of the code system: why a request has its status."
* insert Published
* include codes from system TaskStatusReasonCodeSystem
