"""What the agents say in their own words, in the languages of the claimants."""

from __future__ import annotations

PHRASES = {
    "en": {
        "paid": "{reason} We have sent {amount} {currency} to the account of your policy"
        " (payout {payout}).",
        "declined": "{reason} Claim {claim} is therefore not paid. You can ask for a review.",
        "ask": "To go on with claim {claim} we still need: {missing}.",
        "referred": "An adjuster will look at claim {claim} and write to you. Your case is on their"
        " desk under {ticket}.",
        "hold": "We cannot settle claim {claim} right now, and nothing has been decided. Please"
        " write again in a little while.",
        "unsure_paid": "Claim {claim} is approved, but we cannot confirm that the payment went out."
        " Please do not count on it until we have told you so.",
        "status_paid": "Claim {claim}: {amount} {currency} were sent (payout {payout}).",
        "status_open": "Claim {claim}: no payment has been made so far.",
    },
    "de": {
        "paid": "{reason} Wir haben {amount} {currency} auf das Konto Ihrer Police überwiesen"
        " (Auszahlung {payout}).",
        "declined": "{reason} Schaden {claim} wird daher nicht bezahlt. Sie können eine Prüfung"
        " verlangen.",
        "ask": "Für den Schaden {claim} fehlt uns noch: {missing}.",
        "referred": "Schaden {claim} sieht sich ein Regulierer an und schreibt Ihnen. Er liegt dort"
        " unter {ticket}.",
        "hold": "Wir können Schaden {claim} gerade nicht klären; entschieden ist nichts. Bitte"
        " schreiben Sie in Kürze noch einmal.",
        "unsure_paid": "Schaden {claim} ist bewilligt, aber wir können die Zahlung nicht"
        " bestätigen. Bitte rechnen Sie erst damit, wenn wir es Ihnen geschrieben haben.",
        "status_paid": "Schaden {claim}: {amount} {currency} wurden überwiesen"
        " (Auszahlung {payout}).",
        "status_open": "Schaden {claim}: Bisher wurde nichts ausgezahlt.",
    },
    "fr": {
        "paid": "{reason} Nous avons viré {amount} {currency} sur le compte de votre contrat"
        " (versement {payout}).",
        "declined": "{reason} Le sinistre {claim} n'est donc pas réglé. Vous pouvez demander un"
        " réexamen.",
        "ask": "Pour le sinistre {claim}, il nous manque encore : {missing}.",
        "referred": "Un expert va examiner le sinistre {claim} et vous écrira. Votre dossier est"
        " sur son bureau sous {ticket}.",
        "hold": "Nous ne pouvons pas régler le sinistre {claim} maintenant ; rien n'est décidé."
        " Merci de réécrire dans un moment.",
        "unsure_paid": "Le sinistre {claim} est accepté, mais nous ne pouvons pas confirmer le"
        " versement. N'y comptez pas avant notre message.",
        "status_paid": "Sinistre {claim} : {amount} {currency} ont été virés (versement {payout}).",
        "status_open": "Sinistre {claim} : rien n'a été versé pour l'instant.",
    },
}


def phrase(language: str, name: str, **values: object) -> str:
    """The phrase in the claimant's language, or in English where we have no other."""
    return PHRASES.get(language, PHRASES["en"])[name].format(**values)
