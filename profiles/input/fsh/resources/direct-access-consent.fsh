Profile: DirectAccessConsent
Parent: DischargeConsent
Id: direct-access-consent
Title: "Consent to direct access"
Description: "Samtycke till direktåtkomst under lagen (2022:913) om sammanhållen vård- och omsorgsdokumentation. A consent cannot widen direct access beyond the law (SVOD 3:7), and the messages here do not rest on it."
* insert PublishedStructure
* category[kind].coding.code = #direct-access
