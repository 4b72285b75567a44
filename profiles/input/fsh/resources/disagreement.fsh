Profile: Disagreement
Parent: Communication
Id: disagreement
Title: "Disagreement"
Description: "Oenighet: what one party disagrees with another about, and why."
* insert Words
* category 1..1 MS
* category = $communication-kind#disagreement
* reasonCode 1..1 MS
* reasonCode from DisagreementKindValueSet (required)
* sent 1..1
