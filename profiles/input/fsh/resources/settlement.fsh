Profile: Settlement
Parent: Communication
Id: settlement
Title: "Settlement of a disagreement"
Description: "Avgjord oenighet: what the parties agreed on, or what was decided."
* insert Words
* category 1..1 MS
* category = $communication-kind#settlement
* reasonCode MS
* reasonCode from DisagreementKindValueSet (required)
* sent 1..1
