"""What the agent says in its own words, in the languages of its customers."""

from __future__ import annotations

PHRASES = {
    "en": {
        "no_customer": "I cannot see your customer record just now, so this is general advice.",
        "no_profile": "I cannot see your usage and devices just now, so I answer without them.",
        "escalated": "I would rather a colleague looked at this. They have our conversation under"
        " number {ticket} and will write to you within {due} seconds.",
        "hold": "I cannot settle this right now, and I cannot be sure that a colleague has it yet."
        " Please write again in a little while.",
    },
    "de": {
        "no_customer": "Ich sehe Ihre Kundendaten gerade nicht und antworte daher allgemein.",
        "no_profile": "Ich sehe gerade weder Nutzung noch Geräte und antworte ohne diese Angaben.",
        "escalated": "Das soll sich lieber jemand aus dem Team ansehen. Unser Gespräch liegt dort"
        " unter der Nummer {ticket}; Sie bekommen binnen {due} Sekunden Nachricht.",
        "hold": "Ich kann das gerade nicht klären und weiß nicht sicher, ob es im Team schon"
        " angekommen ist. Bitte schreiben Sie in Kürze noch einmal.",
    },
    "es": {
        "no_customer": "Ahora mismo no veo su ficha de cliente, así que le respondo en general.",
        "no_profile": "Ahora mismo no veo su consumo ni sus equipos; le respondo sin esos datos.",
        "escalated": "Prefiero que lo vea una persona del equipo. Tiene nuestra conversación con el"
        " número {ticket} y le escribirá en {due} segundos.",
        "hold": "Ahora no puedo resolverlo y no sé con seguridad si el equipo ya lo tiene."
        " Escríbanos de nuevo dentro de un rato, por favor.",
    },
    "fr": {
        "no_customer": "Je ne vois pas votre dossier en ce moment ; ma réponse reste générale.",
        "no_profile": "Je ne vois ni votre usage ni vos appareils en ce moment ; je réponds sans.",
        "escalated": "Je préfère qu'une personne de l'équipe regarde cela. Elle a notre échange"
        " sous le numéro {ticket} et vous écrira d'ici {due} secondes.",
        "hold": "Je ne peux pas régler cela maintenant et je ne sais pas si l'équipe l'a reçu."
        " Merci de réécrire dans un moment.",
    },
}


def phrase(language: str, name: str, **values: str) -> str:
    """The phrase in the customer's language, or in English where we have no other."""
    return PHRASES.get(language, PHRASES["en"])[name].format(**values)
