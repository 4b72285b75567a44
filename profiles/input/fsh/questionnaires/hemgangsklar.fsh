Instance: Hemgangsklar
InstanceOf: Questionnaire
Usage: #definition
* insert OwnQuestionnaire(hemgangsklar, Hemgångsklar)
* name = "Hemgangsklar"
* description = "Checklist before the person goes home. No schema of Hemgångsklar is published: the questions are this project's own, in plain words. A region replaces them by a Questionnaire of its own."
* subjectType = #Patient
* insert Question(person-informed, boolean, [[Personen har fått information om utskrivningen, muntligt och skriftligt.]], [[The person has been informed of the discharge, in speech and in writing.]])
* insert Question(relatives-informed, boolean, [[Närstående är informerade, om personen vill det.]], [[Relatives have been informed, if the person wants it.]])
* insert Question(medication-list, boolean, [[Aktuell läkemedelslista är lämnad, och läkemedel finns till nästa leverans.]], [[The current medication list is handed over, and there is medication until the next delivery.]])
* insert Question(assistive-devices, boolean, [[Hjälpmedel som behövs är på plats.]], [[The assistive devices needed are in place.]])
* insert Question(supplies, boolean, [[Förbrukningsmaterial är skickat med.]], [[Supplies are sent along.]])
* insert Question(fast-vardkontakt, boolean, [[Fast vårdkontakt är utsedd.]], [[A fast vårdkontakt is appointed.]])
* insert Question(receiver-ready, boolean, [[Den som tar emot vet när personen kommer.]], [[Those who receive know when the person comes.]])
* insert Question(home-ready, boolean, [[Bostaden är tillgänglig: nyckel, värme och mat.]], [[The home is ready: key, heating and food.]])
* insert Question(transport, boolean, [[Hemresan är ordnad.]], [[The journey home is arranged.]])
* insert Question(follow-up, boolean, [[Uppföljning är planerad, och personen vet vem som kan kontaktas.]], [[The follow-up is planned, and the person knows whom to contact.]])
* insert Question(remarks, text, [[Det som återstår]], [[What remains]])
