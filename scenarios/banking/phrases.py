"""What the agent says in its own words, in the languages of its customers."""

from __future__ import annotations

PHRASES = {
    "en": {
        "hold": "Please hold: a check that we have to make is taking longer than usual. Nothing has"
        " been decided or booked. Please write again in a few minutes.",
        "unavailable": "I cannot answer that right now. Nothing has been changed. Please write"
        " again in a moment.",
        "indicative": "We could not look at your credit file just now, so this is an indication and"
        " no offer.",
        "asked": "Your application over {amount} EUR is with an underwriter now, under number"
        " {file}. Nothing is booked until a person has approved it.",
        "pending": "Your application {file} is still with the underwriter. Nothing is booked yet.",
        "booked": "Your loan over {amount} EUR is booked under {loan}.",
        "unbooked": "Your application is approved, but I could not confirm the booking yet. You do"
        " not have to do anything; ask me again in a few minutes.",
        "refused": "I cannot book a loan that has not been assessed and accepted first.",
        "withheld": "I may not show that here. What else can I do for you?",
        "empty": "I did not get that. What would you like to borrow, and for how long?",
    },
    "de": {
        "hold": "Einen Moment Geduld bitte: Eine Prüfung, die wir machen müssen, dauert länger als"
        " sonst. Es ist nichts entschieden oder gebucht. Bitte schreiben Sie in ein paar Minuten"
        " noch einmal.",
        "unavailable": "Das kann ich gerade nicht beantworten. Es wurde nichts geändert. Bitte"
        " schreiben Sie gleich noch einmal.",
        "indicative": "Ihre Kreditauskunft war gerade nicht zu erreichen; das ist daher nur ein"
        " Anhaltspunkt und kein Angebot.",
        "asked": "Ihr Antrag über {amount} EUR liegt jetzt unter der Nummer {file} bei der"
        " Kreditprüfung. Gebucht wird erst, wenn ein Mensch zugestimmt hat.",
        "pending": "Ihr Antrag {file} liegt noch bei der Kreditprüfung. Es ist noch nichts"
        " gebucht.",
        "booked": "Ihr Kredit über {amount} EUR ist unter {loan} gebucht.",
        "unbooked": "Ihr Antrag ist bewilligt, aber die Buchung kann ich noch nicht bestätigen. Sie"
        " müssen nichts tun; fragen Sie mich in ein paar Minuten noch einmal.",
        "refused": "Ich kann keinen Kredit buchen, der nicht vorher geprüft und angenommen wurde.",
        "withheld": "Das darf ich hier nicht zeigen. Was kann ich sonst für Sie tun?",
        "empty": "Das habe ich nicht verstanden. Wie viel möchten Sie leihen, und für wie lange?",
    },
    "fr": {
        "hold": "Merci de patienter : une vérification obligatoire prend plus de temps que"
        " d'habitude. Rien n'est décidé ni enregistré. Réécrivez-nous dans quelques minutes.",
        "unavailable": "Je ne peux pas répondre pour le moment. Rien n'a été modifié. Réécrivez-moi"
        " dans un instant.",
        "indicative": "Votre dossier de crédit n'était pas accessible ; ceci est une indication et"
        " non une offre.",
        "asked": "Votre demande de {amount} EUR est chez un analyste, sous le numéro {file}. Rien"
        " n'est enregistré avant l'accord d'une personne.",
        "pending": "Votre demande {file} est encore chez l'analyste. Rien n'est enregistré.",
        "booked": "Votre prêt de {amount} EUR est enregistré sous {loan}.",
        "unbooked": "Votre demande est acceptée, mais je ne peux pas encore confirmer"
        " l'enregistrement. Vous n'avez rien à faire ; redemandez-moi dans quelques minutes.",
        "refused": "Je ne peux pas enregistrer un prêt qui n'a pas d'abord été étudié et accepté.",
        "withheld": "Je ne peux pas montrer cela ici. Que puis-je faire d'autre ?",
        "empty": "Je n'ai pas compris. Combien voulez-vous emprunter, et pour combien de temps ?",
    },
    "es": {
        "hold": "Espere, por favor: una comprobación obligatoria tarda más de lo normal. No hay"
        " nada decidido ni registrado. Escríbanos de nuevo en unos minutos.",
        "unavailable": "Ahora no puedo responder a eso. No se ha cambiado nada. Escríbame de nuevo"
        " en un momento.",
        "indicative": "No hemos podido ver su informe de crédito; esto es una orientación y no una"
        " oferta.",
        "asked": "Su solicitud de {amount} EUR está con un analista, con el número {file}. No se"
        " registra nada hasta que una persona lo apruebe.",
        "pending": "Su solicitud {file} sigue con el analista. Todavía no hay nada registrado.",
        "booked": "Su préstamo de {amount} EUR está registrado con el número {loan}.",
        "unbooked": "Su solicitud está aprobada, pero aún no puedo confirmar el registro. No tiene"
        " que hacer nada; pregúnteme de nuevo en unos minutos.",
        "refused": "No puedo registrar un préstamo que no se haya estudiado y aceptado antes.",
        "withheld": "Eso no lo puedo mostrar aquí. ¿En qué más puedo ayudarle?",
        "empty": "No lo he entendido. ¿Cuánto quiere pedir, y para cuánto tiempo?",
    },
}


def phrase(language: str, name: str, **values: object) -> str:
    """The phrase in the customer's language, or in English where we have no other."""
    return PHRASES.get(language, PHRASES["en"])[name].format(**values)
