"""The words of the console, Swedish and English. Events have their Swedish names from the domain."""

from collections.abc import Mapping
from typing import Literal

from adapter.discharge.events import EVENTS
from adapter.exchange.records import Attention
from adapter.web.console.acting_texts import TEXTS as ACTING
from adapter.web.console.case_texts import TEXTS as CASE

Language = Literal["sv", "en"]
LANGUAGES: tuple[Language, ...] = ("sv", "en")

TEXTS: Mapping[str, tuple[str, str]] = {
    # navigation and frame
    "product": ("discharge-adapter", "discharge-adapter"),
    "skip": ("Hoppa till innehållet", "Skip to content"),
    "navigation": ("Huvudmeny", "Main menu"),
    "status": ("Läget", "Status"),
    "messages": ("Meddelanden", "Messages"),
    "deliveries": ("Leveranser", "Deliveries"),
    "dead letters": ("Ej levererade", "Undelivered"),
    "held": ("Hållna", "Held"),
    "audit": ("Logg", "Audit"),
    "follow-up": ("Uppföljning", "Follow-up"),
    "log in": ("Logga in", "Log in"),
    "log out": ("Logga ut", "Log out"),
    "logged in as": ("Inloggad som", "Logged in as"),
    "other language": ("In English", "På svenska"),
    "live": ("Uppdatera sidan löpande", "Keep the page up to date"),
    "updated": ("Uppdaterad", "Updated"),
    "offline": ("Servern svarar inte. Sidan är från", "The server does not answer. The page is from"),
    # log in
    "token": ("Åtkomstnyckel", "Access token"),
    "token hint": (
        "Klistra in nyckeln som du har fått. Den stannar i serverns minne och skickas aldrig i en adress.",
        "Paste the token that you were given. It stays in the server's memory and is never sent in an address.",
    ),
    "token wrong": (
        "Nyckeln gäller inte: den är okänd, har gått ut eller är återkallad.",
        "The token is not valid: it is unknown, expired or revoked.",
    ),
    "token no list": (
        "Nyckeln saknar rätten att se meddelanden.",
        "The token lacks the right to see messages.",
    ),
    "continue": ("Redan inloggad? Fortsätt", "Already logged in? Continue"),
    # status page
    "needs person": ("Kräver åtgärd", "Needs a person"),
    "nothing needed": ("Inget kräver åtgärd just nu.", "Nothing needs a person right now."),
    "since": ("sedan", "since"),
    "next step": ("Nästa steg", "Next step"),
    "look": ("Visa", "Show"),
    "runbook": ("Åtgärdskort", "Runbook"),
    "runbooks": ("Åtgärdskort", "Runbooks"),
    "all runbooks": ("Alla åtgärdskort", "All runbooks"),
    "runbooks hint": (
        "Vad varje larm betyder, vad man ser efter och vad man gör. Texten är på engelska.",
        "What each alarm means, what to look at and what to do.",
    ),
    "alarm": ("Larm", "Alarm"),
    "it says": ("Det säger", "It says"),
    "urgent": ("brådskande", "urgent"),
    "endpoints": ("Anslutningar", "Endpoints"),
    "endpoint": ("Anslutning", "Endpoint"),
    "no endpoints": ("Ingen anslutning har haft trafik.", "No endpoint has had traffic."),
    "protected persons": ("Skyddade personer", "Protected persons"),
    "state": ("Tillstånd", "State"),
    "waiting count": ("Väntar", "Waiting"),
    "held count": ("Hålls", "Held"),
    "dead count": ("Ej levererade", "Undelivered"),
    "oldest waiting": ("Äldsta väntande", "Oldest waiting"),
    "last success": ("Senast lyckad", "Last success"),
    "act": ("Åtgärd", "Act"),
    "pause": ("Pausa", "Pause"),
    "resume": ("Återuppta", "Resume"),
    "state closed": ("öppen för trafik", "working"),
    "state open": ("svarar inte", "not answering"),
    "state tripped": ("nekade oss", "refused us"),
    "state paused": ("pausad", "paused"),
    # lists
    "message": ("Meddelande", "Message"),
    "delivery": ("Leverans", "Delivery"),
    "received": ("Mottaget", "Received"),
    "event": ("Händelse", "Event"),
    "sender": ("Avsändare", "Sender"),
    "receivers": ("Mottagare", "Receivers"),
    "receiver": ("Mottagare", "Receiver"),
    "case": ("Ärende", "Case"),
    "answer": ("Svar", "Answer"),
    "attempts": ("Försök", "Attempts"),
    "created": ("Skapad", "Created"),
    "next": ("Nästa försök", "Next attempt"),
    "waits behind": ("Väntar på", "Waits for"),
    "made of": ("Gjord av", "Made of"),
    "became": ("Skickad igen som", "Sent again as"),
    "delivered": ("Levererad", "Delivered"),
    "filter": ("Filtrera", "Filter"),
    "all": ("Alla", "All"),
    "newest": ("Till de nyaste", "To the newest"),
    "older": ("Äldre", "Older"),
    "no messages": ("Det finns inga sådana meddelanden.", "There are no such messages."),
    "no deliveries": ("Det finns inga sådana leveranser.", "There are no such deliveries."),
    "protected": ("skyddad", "protected"),
    "confidential": ("sekretessmarkering", "confidentiality mark"),
    "statutory": ("lagstadgat", "by law"),
    # one message
    "timeline": ("Förlopp", "Timeline"),
    "details": ("Uppgifter", "Details"),
    "issues": ("Vad som var fel", "What was wrong"),
    "content": ("Innehåll", "Content"),
    "content hint": (
        "Innehållet gäller en patient. Ange varför du öppnar det; öppnandet loggas.",
        "The content is about a patient. Say why you open it; the view is logged.",
    ),
    "no content": ("Det finns inget innehåll som du får öppna.", "There is no content that you may open."),
    "open content": ("Öppna", "Open"),
    "reason": ("Skäl", "Reason"),
    "reason words": ("Orsak", "Cause"),
    "withheld": ("Orsaken visas för den som får öppna innehåll.", "The cause is shown to those who may open content."),
    "withheld protected": (
        "Orsaken kan röja vart meddelandet skulle. Öppna innehållet med ett skäl för att se mer.",
        "The cause may tell where the message was to go. Open the content, with a reason, to see more.",
    ),
    "retry": ("Skicka igen", "Send again"),
    "send now": ("Skicka nu", "Send now"),
    "release": ("Släpp fram", "Release"),
    "cancel": ("Avbryt leveransen", "Cancel delivery"),
    "release hint": (
        "Personen kan ha skyddad folkbokföring. Kontrollera mottagaren innan du släpper fram.",
        "The person may be protected. Check the receiver before you release.",
    ),
    "acknowledgement": ("Teknisk kvittens", "Technical acknowledgement"),
    "message id": ("Meddelande-id", "Message id"),
    "previous": ("Föregående", "Previous"),
    "answers": ("Svarar på", "Answers"),
    "request id": ("Anrops-id", "Request id"),
    "size": ("Storlek", "Size"),
    "stage": ("Steg", "Stage"),
    "media type": ("Format", "Media type"),
    "time": ("Tid", "Time"),
    "outcome": ("Utfall", "Outcome"),
    "number": ("Nr", "No."),
    "as stored": ("Precis som det lagrades", "Exactly as stored"),
    "laid out": ("Uppställt för läsning", "Laid out for reading"),
    "back": ("Tillbaka till meddelandet", "Back to the message"),
    "binary": ("Innehållet är inte text.", "The content is not text."),
    # gaps
    "gaps": ("Luckor", "Gaps"),
    "gaps hint": (
        "Det som inte kunde berättas om vårdtillfällen i journalsystem utan FHIR: någon är inte underrättad.",
        "What could not be told of stays in journal systems without FHIR messages: somebody has not been notified.",
    ),
    "all gaps": ("Alla luckor", "All gaps"),
    "feed": ("Journalsystem", "Feed"),
    "stay": ("Vårdtillfälle", "Stay"),
    "missing": ("Vad som saknas", "What is missing"),
    "settle": ("Avsluta", "Settle"),
    "no gaps": ("Allt som kom in kunde berättas.", "Everything that came in could be told."),
    "done settle": ("Luckan är avslutad.", "The gap is settled."),
    # audit
    "who": ("Vem", "Who"),
    "action": ("Handling", "Action"),
    "object": ("Föremål", "Object"),
    "no entries": ("Det finns inga poster.", "There are no entries."),
    # notices and errors
    "error": ("Det gick inte", "That did not work"),
    "not found": ("Sidan finns inte, eller är inte till för dig.", "There is no such page, or none for you."),
    "done retry": ("Leveransen skickas igen.", "The delivery is sent again."),
    "done release": ("Leveransen är släppt.", "The delivery is released."),
    "done cancel": ("Leveransen är avbruten.", "The delivery is cancelled."),
    "done pause": ("Anslutningen är pausad.", "The endpoint is paused."),
    "done resume": ("Anslutningen är återupptagen.", "The endpoint is resumed."),
    "to start": ("Till läget", "To the status page"),
    # codes of the store
    "accepted": ("mottaget", "accepted"),
    "rejected": ("avvisat", "rejected"),
    "waiting": ("väntar", "waiting"),
    "running": ("skickas", "being sent"),
    "done": ("levererad", "delivered"),
    "dead": ("ej levererad", "undelivered"),
    "cancelled": ("avbruten", "cancelled"),
    "is held": ("hålls", "held"),
    "attempt done": ("framme", "arrived"),
    "attempt retry": ("försöks igen", "will be tried again"),
    "attempt trip": ("anslutningen stoppad", "endpoint stopped"),
    "attempt dead": ("avvisat av mottagaren", "refused by the receiver"),
    "attempt unknown": ("okänt utfall", "outcome unknown"),
    "step assessed": ("Bedömt", "Assessed"),
    "step sent": ("Skickat av avsändaren", "Sent by the sender"),
    "step received": ("Mottaget", "Received"),
    "step accepted": ("Antaget och sparat", "Accepted and stored"),
    "step rejected": ("Avvisat", "Rejected"),
    "step held": ("Hålls", "Held"),
    "step released": ("Släppt", "Released"),
    "step attempt": ("Försök", "Attempt"),
    "step delivered": ("Levererat", "Delivered"),
    "step dead": ("Gav upp", "Given up"),
    "step cancelled": ("Avbruten", "Cancelled"),
    "step expunged": ("Innehållet gallrat", "Content expunged"),
    "step answered": ("Besvarat", "Answered"),
    "stage received": ("som det togs emot", "as received"),
    "stage translated": ("översatt till FHIR", "translated to FHIR"),
    "stage outcome": ("granskningens utfall", "outcome of validation"),
    "stage answer": ("svar till avsändaren", "answer to the sender"),
    "stage mapped": ("som det skickas", "as it is sent"),
    "stage report": ("översättningsrapport", "mapping report"),
    "stage response": ("mottagarens svar", "the receiver's answer"),
    "task requested": ("begärt", "requested"),
    "task received": ("mottaget", "received"),
    "task accepted": ("accepterat", "accepted"),
    "task rejected": ("avböjt", "declined"),
    "task in-progress": ("pågår", "in progress"),
    "task completed": ("klart", "completed"),
    "task cancelled": ("återkallat", "cancelled"),
}

_ATTENTION: Mapping[str, tuple[str, str]] = {
    "dead-letter": ("{event}: kom inte fram{to}", "{event}: not delivered{to}"),
    "held-protected": ("{event}: hålls för en skyddad person", "{event}: held for a protected person"),
    "held-consent": ("{event}: hålls{to}, samtycke saknas", "{event}: held{to} for want of consent"),
    "held": ("{event}: hålls{to}", "{event}: held{to}"),
    "late": ("{event}: väntar fortfarande{to}", "{event}: still waiting{to}"),
    "endpoint-open": ("{endpoint} svarar inte som den ska; prövas igen av sig själv", ""),
    "endpoint-tripped": ("{endpoint} släppte inte in oss eller var fel adress; prövas igen av sig själv", ""),
    "replay-paused": ("En omsändning är pausad", "A replay is paused"),
    "endpoint-paused": ("{endpoint} är pausad; allt dit väntar", "{endpoint} is paused; everything to it waits"),
    "statutory-notice-refused": ("Ett lagstadgat meddelande avvisades; fristen kan brytas", ""),
    "feed-gap": ("Uppgifter saknas från ett journalsystem: någon har inte kunnat underrättas", ""),
    "feed-refused": ("Meddelanden från ett journalsystem avvisades och har inte kommit igen", ""),
    "silent-source": ("Ett journalsystem som brukar skicka har tystnat", ""),
    "configuration-refused": ("En ny konfiguration avvisades; den gamla gäller fortfarande", ""),
    "plan-gap": ("Planer som hämtats kunde inte föras in i ärendet", ""),
    "plan-source-refuses": ("Ett system som planer hämtas från släpper inte in oss", ""),
    "plan-source-silent": ("Ett system som planer hämtas från har slutat svara", ""),
    "plan-source-no-ground": ("Planer hämtas inte: ingen har angett på vilken grund", ""),
    "plan-waiting": ("Planer som hämtats tas inte in av adaptern själv", ""),
    "inbox-file-failing": ("En fil som ett system har lämnat kan inte tas in", ""),
    "inbox-unusable": ("En mapp där ett system lämnar meddelanden kan inte användas", ""),
    "mailbox-silent": ("Ingen hämtar de meddelanden som väntar i en brevlåda", ""),
    "escalation": ("Ett steg i eskaleringstrappan har blivit aktuellt", ""),
    "worker-lost": ("En arbetsprocess har försvunnit utan att avslutas", ""),
    "worker-silent": ("Meddelanden väntar och ingen arbetsprocess är igång", ""),
    "deadline-at-risk": ("En frist löper snart ut och det som ska göras är inte gjort", ""),
    "deadline-late": ("En frist har löpt ut och det som skulle göras är inte gjort", ""),
    "consent-held": ("Ett meddelande hålls, samtycke saknas", ""),
    "stream-blocked": ("Meddelanden väntar bakom ett som inte kom fram, om samma patient", ""),
    "sender-untold": ("En avsändare vars meddelanden inte kommer fram kan inte underrättas", ""),
    "alert-unsent": ("Larm når inte den som ska få dem", ""),
    "backup-old": ("Den senaste kopian av databasen är för gammal", ""),
    "certificate-ending": ("Ett certifikat går snart ut", ""),
    "disk-low": ("En disk är nästan full", ""),
    "clock-offset": ("En klocka går fel", ""),
    "restored": ("Databasen har återställts från en kopia; inget skickas förrän någon har sett över luckan", ""),
}


def text(key: str, language: Language) -> str:
    """The words for a key. A code that has none (a Task status of another system) is shown as it is."""
    found = TEXTS.get(key) or ACTING.get(key) or CASE.get(key)
    return key.partition(" ")[2] or key if found is None else found[LANGUAGES.index(language)]


def event_name(code: str | None, language: Language) -> str:
    """The event in the reader's language; an unknown one as its code."""
    if code is None:
        return "–"
    name = EVENTS[code].swedish if language == "sv" and code in EVENTS else code.replace("-", " ")
    if name.split(" ", 1)[0] == "sip":
        return "SIP" + name.removeprefix("sip")
    return name[:1].upper() + name[1:]


def attention_text(attention: Attention, language: Language) -> str:
    """What needs a person, in a sentence; an alarm without words of its own in the one that it was raised with."""
    pattern = _ATTENTION.get(attention.kind, ("", ""))[LANGUAGES.index(language)]
    if not pattern:
        return attention.what[:1].upper() + attention.what[1:]
    to = {"sv": " till ", "en": " to "}[language] + attention.endpoint if attention.endpoint else ""
    return pattern.format(event=_events(attention, language), endpoint=attention.endpoint, to=to)


def _events(attention: Attention, language: Language) -> str:
    """The event; of several, how many of each."""
    if len(attention.events) < 2:
        return event_name(attention.event, language)
    return ", ".join(f"{event_name(event, language)} ({number})" for event, number in attention.events.items())
