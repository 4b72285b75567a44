Profile: CareRequest
Parent: ServiceRequest
Id: care-request
Title: "Care request"
Description: "Vårdbegäran: a municipality or open care asks inpatient care to take a person in."
* insert Referral(care-request)
* reasonCode 1..*
* reasonCode ^short = "Why: coded or in words"
