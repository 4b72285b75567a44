CodeSystem: CareTeamRoleCodeSystem
Id: care-team-role
Title: "Role around the person (roll kring personen)"
Description: "The roles that the parties must be able to find. The codes are this project's own: no published code system was found for them."
* insert Codes
* #fast-vardkontakt "fast vårdkontakt" "Permanent care contact, appointed by the manager of the open-care unit before discharge (LAW 2:5)."
* #fast-vardkontakt insert Swedish([[fast vårdkontakt]])
* #main-responsible "main responsible" "Who holds the plan together."
* #main-responsible insert Swedish([[huvudansvarig]])
* #contact-person "contact person" "Whom to turn to at one unit."
* #contact-person insert Swedish([[kontaktperson]])
* #discharge-coordinator "discharge coordinator"
* #discharge-coordinator insert Swedish([[utskrivningssamordnare]])
* #mobile-team "mobile team"
* #mobile-team insert Swedish([[mobilt team]])

ValueSet: CareTeamRoleValueSet
Id: care-team-role
Title: "Role around the person (roll kring personen)"
Description: "All codes of the code system: role around the person."
* insert Published
* include codes from system CareTeamRoleCodeSystem
