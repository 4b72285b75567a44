Profile: HeaderSip
Parent: DischargeHeader
Id: header-sip
Title: "Header of the coordinated individual plan"
Description: "Huvud för samordnad individuell plan."
* insert HeaderOf(sip)
* focus 1..1
* focus only Reference(CarePlan)

Profile: MessageSip
Parent: DischargeMessage
Id: message-sip
Title: "Coordinated individual plan"
Description: "Samordnad individuell plan (LAW 4:1-2), or a party's contribution to it; under LPT 7 a § or LRV 12 a § the coordinated care plan (samordnad vårdplan). Drawn up only with the person's consent, which the message or an earlier one of the case carries; the coordinated care plan is exempt."
* insert MessageOf(sip)
* entry contains stay 0..1 and plan 1..1 and goal 0..* and consent 0..* and careTeam 0..1 and meeting 0..*
* entry[stay].resource only hospital-stay
* entry[plan].resource only coordinated-plan
* entry[goal].resource only sip-goal
* entry[consent].resource only discharge-consent
* entry[careTeam].resource only sip-care-team
* entry[meeting].resource only sip-meeting

Instance: definition-sip
InstanceOf: MessageDefinition
Usage: #definition
* insert Definition(sip)
* title = "Coordinated individual plan (samordnad individuell plan)"
* name = "SamordnadIndividuellPlan"
* description = "The coordinated individual plan, or a party's contribution to it."
* purpose = "LAW 4:1: where services from both region and municipality are needed. LAW 4:2: only with the person's consent. HSL 16:4 and SoL (2025:400) 10:8-9. Sent by the one who holds the planning, with each party's contribution back."
* insert Sent(open-care)
* insert Sent(municipality)
* insert To(municipality)
* insert To(open-care)
* insert To(inpatient-care)
* insert Focus(CarePlan, coordinated-plan, 1, 1)
* insert Acknowledged
* insert ReadReceipt
* insert Answered
* allowedResponse[+].message = "https://discharge-adapter.example/fhir/MessageDefinition/sip"
* allowedResponse[=].situation = "When a party contributes its own part to the plan."
