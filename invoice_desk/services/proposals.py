"""What the program proposes about a whole document, for a person to decide.

Nothing proposes anything yet: splitting a PDF of several invoices, and the same invoice met
twice, give `Proposer`s, which `app` or the window hands to `ui.document_view`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from invoice_desk.services.desk import Desk


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: its text, and what it does; `act` is called off the GUI thread."""

    text: str
    act: Callable[[Desk], object]
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A sentence that says what is proposed and why, and what can be done about it.

    Attributes:
        opens: A source to look at beside it, such as the other of two duplicates.
    """

    sentence: str
    choices: tuple[Choice, ...]
    opens: int | None = None


#: Desk, source → what is proposed about it; called off the GUI thread.
Proposer = Callable[[Desk, int], Sequence[Proposal]]


def proposals_of(desk: Desk, source_id: int, proposers: Sequence[Proposer]) -> list[Proposal]:
    """Return everything that is proposed about a source."""
    return [proposal for proposer in proposers for proposal in proposer(desk, source_id)]
