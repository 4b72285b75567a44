"""The HTTP entry points: FHIR, partners' own formats, the console, health, metrics. No rule of the domain is here."""
