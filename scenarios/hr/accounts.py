"""Account numbers stay with us: the model gets `[account 1]` in their place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b")


@dataclass
class Accounts:
    """The accounts that an employee wrote in a conversation."""

    known: list[str] = field(default_factory=list)

    def hidden(self, text: str) -> str:
        """The text with a name in place of each account."""
        return IBAN.sub(self._named, text)

    def number(self, name: str) -> str | None:
        """The account of a name; None if the employee never wrote one."""
        at = int(name.removeprefix("account ")) - 1
        return self.known[at] if at < len(self.known) else None

    def _named(self, found: re.Match[str]) -> str:
        iban = found[0].replace(" ", "")
        if iban not in self.known:
            self.known.append(iban)
        return f"[account {self.known.index(iban) + 1}]"
