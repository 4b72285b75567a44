Profile: PlanConsent
Parent: DischargeConsent
Id: plan-consent
Title: "Consent to a coordinated individual plan"
Description: "Samtycke till samordnad individuell plan. The plan, not the notices, rests on it."
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 4:2"
* category[kind].coding.code = #sip
