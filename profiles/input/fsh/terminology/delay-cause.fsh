CodeSystem: DelayCauseCodeSystem
Id: delay-cause
Title: "Cause of delay (orsak till fördröjning)"
Description: "Why a person who is ready for discharge has not left. The codes are this project's own: no published code system was found for them."
* insert Codes
* #needs-assessment-decision "decision on social services" "The municipality has not decided on the services applied for."
* #needs-assessment-decision insert Swedish([[biståndsbeslut]])
* #short-term-place "short-term place"
* #short-term-place insert Swedish([[korttidsplats]])
* #residential-place "place in residential care"
* #residential-place insert Swedish([[plats i särskilt boende]])
* #home-care-staffing "home care cannot start"
* #home-care-staffing insert Swedish([[hemtjänst eller hälso- och sjukvård i hemmet kan inte starta]])
* #assistive-devices "assistive devices"
* #assistive-devices insert Swedish([[hjälpmedel]])
* #home-adaptation "home adaptation"
* #home-adaptation insert Swedish([[bostadsanpassning]])
* #open-care-services "open-care services" "See the event open-care-availability (LAW 5:5)."
* #open-care-services insert Swedish([[öppenvårdens insatser]])
* #planning-not-held "coordinated individual planning not held"
* #planning-not-held insert Swedish([[samordnad individuell planering ej genomförd]])
* #information-missing "information is missing"
* #information-missing insert Swedish([[uppgifter saknas]])
* #transport "transport"
* #transport insert Swedish([[transport]])
* #person-or-relatives "the person or relatives"
* #person-or-relatives insert Swedish([[patienten eller närstående]])
* #other "other" "Said in the text."
* #other insert Swedish([[annat]])

ValueSet: DelayCauseValueSet
Id: delay-cause
Title: "Cause of delay (orsak till fördröjning)"
Description: "All codes of the code system: cause of delay."
* insert Published
* include codes from system DelayCauseCodeSystem
