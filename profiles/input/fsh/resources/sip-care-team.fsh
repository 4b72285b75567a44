Profile: SipCareTeam
Parent: CareTeam
Id: sip-care-team
Title: "Those around the person"
Description: "De som finns kring personen: fast vårdkontakt, main responsible, a contact person at each unit."
* insert PublishedStructure
* status 1..1 MS
* subject 1..1 MS
* subject only Reference(Patient)
* participant 1..* MS
* participant ^slicing.discriminator.type = #pattern
* participant ^slicing.discriminator.path = "role"
* participant ^slicing.rules = #open
* participant contains fastVardkontakt 0..1 MS and mainResponsible 0..1 MS
* participant.extension contains Huvudman named huvudman 0..1 MS
* participant.role 1..1 MS
* participant.role from CareTeamRoleValueSet (extensible)
* participant.member 1..1 MS
* insert Named(participant.member)
* participant.onBehalfOf MS
* participant.onBehalfOf ^short = "The unit"
* participant.period MS
* participant[fastVardkontakt].role = $care-team-role#fast-vardkontakt
* participant[fastVardkontakt] ^short = "Fast vårdkontakt in region-financed open care"
* insert Ground(participant[fastVardkontakt], [[LAW 2:5: appointed before the discharge]])
* participant[mainResponsible].role = $care-team-role#main-responsible
