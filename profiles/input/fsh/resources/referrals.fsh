// What is asked for outside a stay.

RuleSet: Referral(kind)
* insert PublishedStructure
* identifier MS
* status MS
* status from ReferralStatusValueSet (required)
* intent = #order
* code 1..1 MS
* code = $request-kind#{kind}
* subject 1..1 MS
* subject only Reference(Patient)
* occurrence[x] MS
* authoredOn 1..1 MS
* requester 1..1 MS
* insert Named(requester)
* performer 1..* MS
* insert Named(performer)
* reasonCode MS
* supportingInfo MS
* note MS
