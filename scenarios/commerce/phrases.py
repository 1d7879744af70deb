"""What the agent says in its own words, in the languages of its customers."""

from __future__ import annotations

import re

PHRASES = {
    "en": {
        "refunded": "Your refund of {amount} EUR is under way under {refund}. It takes a few days.",
        "unconfirmed": "I could not confirm the refund just now. You do not have to do anything but"
        " ask me again in a while; it will not be paid twice.",
        "withdrawn": "Very well, I refund nothing.",
        "escalated": "I would like a colleague to decide that. It is with them under {ticket}.",
        "hold": "I cannot settle this right now, and nothing has been changed. Please write again"
        " in a little while.",
        "refused": "I cannot do that here. I can look at your orders and refund them.",
        "empty": "I did not get that. Which order is it about?",
    },
    "de": {
        "refunded": "Ihre Erstattung von {amount} EUR läuft unter {refund}. Das dauert ein paar"
        " Tage.",
        "unconfirmed": "Die Erstattung kann ich gerade nicht bestätigen. Sie müssen nichts tun, als"
        " später noch einmal zu fragen; doppelt ausgezahlt wird sie nicht.",
        "withdrawn": "In Ordnung, ich erstatte nichts.",
        "escalated": "Das soll jemand aus dem Team entscheiden. Es liegt dort unter {ticket}.",
        "hold": "Das kann ich gerade nicht klären; geändert wurde nichts. Bitte schreiben Sie in"
        " Kürze noch einmal.",
        "refused": "Das kann ich hier nicht. Ich kann Bestellungen ansehen und erstatten.",
        "empty": "Das habe ich nicht verstanden. Um welche Bestellung geht es?",
    },
    "fr": {
        "refunded": "Votre remboursement de {amount} EUR est en cours sous {refund}. Il prend"
        " quelques jours.",
        "unconfirmed": "Je ne peux pas confirmer le remboursement. Redemandez-moi plus tard ; il ne"
        " sera pas versé deux fois.",
        "withdrawn": "Très bien, je ne rembourse rien.",
        "escalated": "Je préfère qu'un collègue en décide. C'est chez lui sous {ticket}.",
        "hold": "Je ne peux pas régler cela maintenant ; rien n'a été modifié. Réécrivez-moi"
        " dans un moment.",
        "refused": "Je ne peux pas faire cela ici. Je peux voir et rembourser vos commandes.",
        "empty": "Je n'ai pas compris. De quelle commande s'agit-il ?",
    },
}

_YES = re.compile(
    r"\W*(yes|yep|yeah|y|ok|okay|sure|please do|go ahead|do it|ja|gern|bitte|oui|d'accord|si|sí|👍)"
    r"(\W+(please|thanks|thank you|bitte|danke|merci|go ahead|do it|gern))*\W*",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\W*(no|nope|nah|nein|non|stop|leave it)(\W+(thanks|thank you|danke|merci))*\W*", re.IGNORECASE
)


def phrase(language: str, name: str, **values: object) -> str:
    """The phrase in the customer's language, or in English where we have no other."""
    return PHRASES.get(language, PHRASES["en"])[name].format(**values)


def says_yes(message: str) -> bool:
    """Whether a message is a plain yes and nothing else."""
    return _YES.fullmatch(message) is not None


def says_no(message: str) -> bool:
    """Whether a message is a plain no and nothing else."""
    return _NO.fullmatch(message) is not None


def euros(cents: int) -> str:
    """An amount in cents, as it is written."""
    return f"{cents / 100:.2f}"
