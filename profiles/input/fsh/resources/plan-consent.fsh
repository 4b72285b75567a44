Profile: PlanConsent
Parent: Consent
Id: plan-consent
Title: "Consent to a coordinated individual plan"
Description: "Samtycke till samordnad individuell plan. The plan, not the notices, rests on it."
* insert DischargeConsent
* insert Ground(., [[LAW 4:2]])
* category[kind] = $consent-kind#sip
