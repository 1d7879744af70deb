"""What the agent says in its own words, in the languages of the employees."""

from __future__ import annotations

PHRASES = {
    "en": {
        "sign_in": "Your sign-in has expired. Please sign in again; then I go on where we were.",
        "refused": "I can only show you your own records, so I did not do that.",
        "forbidden": "Payroll does not let me do that for you. Nothing was changed.",
        "hold": "I cannot get at your payroll records right now, and I do not guess. Nothing was"
        " changed. Please ask me again in a little while.",
        "unsettled": "I sent the change of your account, but payroll has not confirmed it. Please"
        " answer YES again in a few minutes: it is made once, however often we ask.",
        "proposed": "Shall I have your pay sent to the account ending in {end}? Answer YES, and it"
        " is done; anything else leaves all as it is.",
        "changed": "Done: from the next payday your pay goes to the account ending in {end}.",
        "escalated": "A colleague of HR takes this over. The case is {case}.",
        "empty": "I received an empty message. Ask me about your payslip, leave or account.",
    },
    "de": {
        "sign_in": "Ihre Anmeldung ist abgelaufen. Bitte melden Sie sich neu an, dann geht es hier"
        " weiter.",
        "refused": "Ich darf Ihnen nur Ihre eigenen Daten zeigen und habe das nicht getan.",
        "forbidden": "Das lässt die Abrechnung nicht zu. Es wurde nichts geändert.",
        "hold": "Ich komme gerade nicht an Ihre Abrechnung und rate nicht. Es wurde nichts"
        " geändert. Bitte fragen Sie gleich noch einmal.",
        "unsettled": "Die Änderung Ihres Kontos ist verschickt, aber nicht bestätigt. Bitte"
        " antworten Sie in ein paar Minuten noch einmal mit JA: Sie geschieht nur einmal.",
        "proposed": "Soll Ihr Gehalt auf das Konto mit der Endung {end} gehen? Mit JA ist es getan,"
        " mit allem anderen bleibt es, wie es ist.",
        "changed": "Erledigt: Ab dem nächsten Zahltag geht Ihr Gehalt auf das Konto mit der Endung"
        " {end}.",
        "escalated": "Das übernimmt jemand aus der Personalabteilung. Der Fall ist {case}.",
        "empty": "Ihre Nachricht war leer. Fragen Sie mich nach Abrechnung, Urlaub oder Konto.",
    },
    "fr": {
        "sign_in": "Votre session a expiré. Reconnectez-vous et nous reprendrons ici.",
        "refused": "Je ne peux montrer que vos propres données ; je ne l'ai donc pas fait.",
        "forbidden": "La paie ne le permet pas. Rien n'a été changé.",
        "hold": "Je n'ai pas accès à votre paie en ce moment et je ne devine pas. Rien n'a été"
        " changé. Merci de redemander dans un moment.",
        "unsettled": "Le changement est envoyé mais pas confirmé. Répondez encore OUI dans quelques"
        " minutes : il ne se fait qu'une fois.",
        "proposed": "Dois-je envoyer votre salaire au compte qui finit par {end} ? Répondez OUI ;"
        " toute autre réponse ne change rien.",
        "changed": "C'est fait : votre salaire ira au compte qui finit par {end}.",
        "escalated": "Une personne des RH s'en charge. Le dossier est {case}.",
        "empty": "Votre message était vide. Demandez-moi votre paie, vos congés ou votre compte.",
    },
}
YES = frozenset({"yes", "yes please", "ja", "ja bitte", "oui", "y"})


def phrase(language: str, name: str, **values: str) -> str:
    """The phrase in the employee's language, or in English where we have no other."""
    return PHRASES.get(language, PHRASES["en"])[name].format(**values)


def agrees(text: str) -> bool:
    """Whether a message is a plain yes, and nothing more."""
    return text.strip().strip(".!").lower() in YES
