"""What the agent says in its own words, in the languages of the patients."""

from __future__ import annotations

PHRASES = {
    "en": {
        "emergency": "This sounds like an emergency. Call 112 now, or have somebody call."
        " A nurse has been alerted ({ticket}) and rings you.",
        "emergency_alone": "This sounds like an emergency. Call 112 now, or have somebody call."
        " I could not reach a nurse: do not wait for one.",
        "callback": "I would rather a nurse looked at this, and give no advice without your whole"
        " record. One rings you back; your number is {ticket}. If it gets worse, call 112.",
        "hold": "I cannot see your record and could not reach a nurse. I give no advice now. If it"
        " gets worse, call 112; else please write again in a little while.",
        "booked": "Booked: {slot}, number {appointment}.",
        "taken": "That slot is gone. Please name another time.",
        "unbooked": "I could not make sure of the appointment, so please do not count on it yet."
        " Ask me again in a little while; it is booked once.",
        "empty": "I received an empty message. What can I help you with?",
    },
    "de": {
        "emergency": "Das klingt nach einem Notfall. Rufen Sie jetzt 112, oder lassen Sie rufen."
        " Eine Pflegekraft ist alarmiert ({ticket}) und ruft Sie an.",
        "emergency_alone": "Das klingt nach einem Notfall. Rufen Sie jetzt 112, oder lassen Sie"
        " rufen. Ich habe niemanden erreicht: warten Sie nicht.",
        "callback": "Das soll sich eine Pflegekraft ansehen; ohne Ihre ganze Akte rate ich nichts."
        " Sie werden zurückgerufen, Nummer {ticket}. Wird es schlimmer: 112.",
        "hold": "Ich sehe Ihre Akte nicht und erreiche gerade niemanden. Ich rate jetzt nichts."
        " Wird es schlimmer: 112; sonst schreiben Sie bitte gleich noch einmal.",
        "booked": "Gebucht: {slot}, Nummer {appointment}.",
        "taken": "Dieser Termin ist vergeben. Bitte nennen Sie einen anderen.",
        "unbooked": "Der Termin ist nicht bestätigt, bitte rechnen Sie noch nicht damit. Fragen Sie"
        " gleich noch einmal; er wird nur einmal gebucht.",
        "empty": "Ihre Nachricht war leer. Wobei kann ich helfen?",
    },
    "fr": {
        "emergency": "Cela ressemble à une urgence. Appelez le 112 maintenant. Une infirmière est"
        " prévenue ({ticket}) et vous appelle.",
        "emergency_alone": "Cela ressemble à une urgence. Appelez le 112 maintenant. Je n'ai joint"
        " personne : n'attendez pas.",
        "callback": "Je préfère qu'une infirmière regarde ; sans votre dossier entier je ne"
        " conseille rien. Elle vous rappelle, numéro {ticket}. Si cela empire : 112.",
        "hold": "Je ne vois pas votre dossier et n'ai joint personne. Je ne conseille rien. Si cela"
        " empire : 112 ; sinon récrivez dans un moment.",
        "booked": "Réservé : {slot}, numéro {appointment}.",
        "taken": "Ce créneau est pris. Proposez-en un autre.",
        "unbooked": "Le rendez-vous n'est pas confirmé, n'y comptez pas encore. Redemandez dans un"
        " moment ; il n'est pris qu'une fois.",
        "empty": "Votre message était vide. Que puis-je faire ?",
    },
}


def phrase(language: str, name: str, **values: str) -> str:
    """The phrase in the patient's language, or in English where we have no other."""
    return PHRASES.get(language, PHRASES["en"])[name].format(**values)
