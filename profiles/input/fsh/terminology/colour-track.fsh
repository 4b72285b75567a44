CodeSystem: ColourTrackCodeSystem
Id: colour-track
Title: "Colour track (färgspår)"
Description: "The track that an assessment leads to. What each track means is in the agreement of the region. The codes are this project's own: no published code system was found for them."
* insert Codes
* #blue "blue track"
* #blue insert Swedish([[blått spår]])
* #green "green track"
* #green insert Swedish([[grönt spår]])
* #yellow "yellow track"
* #yellow insert Swedish([[gult spår]])
* #red "red track"
* #red insert Swedish([[rött spår]])

ValueSet: ColourTrackValueSet
Id: colour-track
Title: "Colour track (färgspår)"
Description: "All codes of the code system: colour track."
* insert Published
* include codes from system ColourTrackCodeSystem
