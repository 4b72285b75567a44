"""What codes are called in Swedish, in a document for people."""

KIND = {"SIP": "Samordnad individuell plan", "SPLPTLRV": "Samordnad vårdplan enligt LPT eller LRV"}
PLAN = {
    "draft": "utkast",
    "active": "gäller",
    "on-hold": "vilande",
    "revoked": "avslutad i förtid",
    "completed": "avslutad",
}
GOAL = {
    "proposed": "föreslaget",
    "planned": "planerat",
    "accepted": "överenskommet",
    "active": "pågående",
    "on-hold": "vilande",
    "completed": "avslutat",
    "cancelled": "avbrutet",
    "rejected": "avvisat",
    "entered-in-error": "felregistrerat",
}
MEASURE = {
    "not-started": "ej påbörjad",
    "scheduled": "bokad",
    "in-progress": "pågår",
    "on-hold": "vilande",
    "completed": "genomförd",
    "cancelled": "inställd",
    "stopped": "avbruten",
    "unknown": "okänt läge",
    "entered-in-error": "felregistrerad",
}
MEETING = {
    "proposed": "föreslaget",
    "pending": "väntar på svar",
    "booked": "bokat",
    "fulfilled": "genomfört",
    "cancelled": "inställt",
    "entered-in-error": "felregistrerat",
}
HUVUDMAN = {
    "region": "region",
    "municipality-sol": "kommun SoL",
    "municipality-hsl": "kommun HSL",
    "other": "annan",
    "person": "personen själv",
}
ROLE = {
    "fast-vardkontakt": "fast vårdkontakt",
    "main-responsible": "huvudansvarig",
    "contact-person": "kontaktperson",
    "discharge-coordinator": "utskrivningssamordnare",
    "mobile-team": "mobilt team",
}
CONSENT = {
    "person": "lämnat av personen",
    "guardian": "lämnat av vårdnadshavare",
    "unable": "personen kan inte samtycka",
}
TRACK = {"blue": "blått spår", "green": "grönt spår", "yellow": "gult spår", "red": "rött spår"}
