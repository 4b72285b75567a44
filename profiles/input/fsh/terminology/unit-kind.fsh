CodeSystem: UnitKindCodeSystem
Id: unit-kind
Title: "Kind of unit (enhetstyp)"
Description: "What a unit is in the coordination. The codes are this project's own: no published code system was found for them."
* insert Codes
* #region "region"
* #region insert Swedish([[region]])
* #municipality "municipality"
* #municipality insert Swedish([[kommun]])
* #inpatient-care "inpatient care"
* #inpatient-care insert Swedish([[sluten vård]])
* #open-care "region-financed open care"
* #open-care insert Swedish([[regionfinansierad öppenvård]])
* #mobile-team "mobile team"
* #mobile-team insert Swedish([[mobilt team]])
* #receiving-unit "receiving unit" "Takes in what is sent to the municipality, and forwards within it."
* #receiving-unit insert Swedish([[mottagande enhet]])
* #municipal-social-services "municipal social services"
* #municipal-social-services insert Swedish([[kommun SoL]])
* #municipal-health-care "municipal health care at home" "hälso- och sjukvård i hemmet"
* #municipal-health-care insert Swedish([[kommun HSL]])

ValueSet: UnitKindValueSet
Id: unit-kind
Title: "Kind of unit (enhetstyp)"
Description: "All codes of the code system: kind of unit."
* insert Published
* include codes from system UnitKindCodeSystem
