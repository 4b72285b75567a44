CodeSystem: RetractionReasonCodeSystem
Id: retraction-reason
Title: "Why a message is taken back (orsak till makulering)"
Description: "Why a message should not have been sent. The codes are this project's own: no published code system was found for them."
* insert Codes
* #wrong-person "wrong person"
* #wrong-person insert Swedish([[fel person]])
* #wrong-recipient "wrong recipient"
* #wrong-recipient insert Swedish([[fel mottagare]])
* #sent-in-error "sent in error"
* #sent-in-error insert Swedish([[felsänt]])
* #duplicate "sent twice"
* #duplicate insert Swedish([[dubblett]])
* #other "other" "Said in the text."
* #other insert Swedish([[annat]])

ValueSet: RetractionReasonValueSet
Id: retraction-reason
Title: "Why a message is taken back (orsak till makulering)"
Description: "All codes of the code system: why a message is taken back."
* insert Published
* include codes from system RetractionReasonCodeSystem
