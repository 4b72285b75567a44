CodeSystem: ConsentKindCodeSystem
Id: consent-kind
Title: "Kind of consent (samtyckestyp)"
Description: "The three consents, which are never mixed. The codes are this project's own: no published code system was found for them."
* insert Codes
* #sharing "sharing within the coordination"
* #sharing insert Swedish([[informationsdelning inom samverkan]])
* #sip "drawing up a coordinated individual plan" "LAW 4:2: the plan may be drawn up only if the person consents."
* #sip insert Swedish([[samordnad individuell plan]])
* #direct-access "direct access" "Direct access under lagen (2022:913) om sammanhållen vård- och omsorgsdokumentation."
* #direct-access insert Swedish([[direktåtkomst]])

ValueSet: ConsentKindValueSet
Id: consent-kind
Title: "Kind of consent (samtyckestyp)"
Description: "All codes of the code system: kind of consent."
* insert Published
* include codes from system ConsentKindCodeSystem
