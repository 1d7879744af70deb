"""What changed between two versions of a contract."""

from evalkit.services.contracts.changes import Change
from evalkit.services.contracts.comparing import compare_contracts

__all__ = ["Change", "compare_contracts"]
