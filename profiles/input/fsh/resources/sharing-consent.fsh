Profile: SharingConsent
Parent: DischargeConsent
Id: sharing-consent
Title: "Consent to sharing within the coordination"
Description: "Samtycke till informationsdelning inom samverkan. The statutory notices need none: without it they go with the statutory minimum."
* insert PublishedStructure
* category[kind].coding.code = #sharing
