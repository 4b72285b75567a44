Profile: AdmissionStay
Parent: HospitalStay
Id: admission-stay
Title: "Stay in the statutory admission notice"
Description: "Vårdtillfälle i inskrivningsmeddelande. The estimated discharge and the technical envelope, and nothing else: no reason, no diagnosis, no participants. The instants are for the sender's 24-hour clock; the adapter keeps them, and receivers do not get them."
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 2:2: name, personnummer, folkbokföringsadress and estimated time of discharge; nothing else is statutory"
* extension ^slicing.discriminator.type = #value
* extension ^slicing.discriminator.path = "url"
* extension ^slicing.rules = #closed
* extension[estimatedDischarge] 1..1
* extension[readyAssessed] 0..0
* extension[placingMunicipality] 0..0
* text 0..0
* contained 0..0
* modifierExtension 0..0
* statusHistory 0..0
* classHistory 0..0
* type 0..0
* serviceType 0..0
* priority 0..0
* episodeOfCare 0..0
* basedOn 0..0
* participant 0..0
* appointment 0..0
* length 0..0
* reasonCode 0..0
* reasonReference 0..0
* diagnosis 0..0
* account 0..0
* hospitalization 0..0
* location 0..0
* partOf 0..0
