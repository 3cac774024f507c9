"""A document type while a person changes it; nothing is kept before it is saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from invoice_desk.core.declarations import declaration_of, document_type_of
from invoice_desk.core.document_types import DocumentType, DuplicateRule, Rule

RULE_KINDS = {"filter": "filters", "bucket": "buckets", "check": "checks"}


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule, its kind and its place among the rules of that kind."""

    kind: str
    place: int
    rule: Rule | DuplicateRule


class TypeDraft:
    """A type as it is kept, and as it is to become."""

    def __init__(self, original: DocumentType) -> None:
        self.original = self.made = original

    @property
    def is_changed(self) -> bool:
        """Return whether there is something to save."""
        return self.made != self.original

    @property
    def entries(self) -> list[RuleEntry]:
        """Return all rules, in the order in which they are asked."""
        found = [
            RuleEntry(kind, place, rule)
            for kind, where in RULE_KINDS.items()
            for place, rule in enumerate(getattr(self.made, where))
        ]
        if self.made.duplicates is not None:
            found.append(RuleEntry("duplicate", 0, self.made.duplicates))
        return found

    def put(self, kind: str, rule: Rule, *, place: int | None = None) -> None:
        """Put a rule in the place of another, or behind all others.

        Raises:
            TemplateError: If it does not fit the fields of the type; nothing is changed then.
        """
        rules = list(getattr(self.made, RULE_KINDS[kind]))
        if place is None:
            rules.append(rule)
        else:
            rules[place] = rule
        changed = self._with(kind, tuple(rules))
        document_type_of(declaration_of(changed))
        self.made = changed

    def delete(self, entry: RuleEntry) -> None:
        """Take a rule away."""
        if entry.kind == "duplicate":
            self.made = replace(self.made, duplicates=None)
            return
        rules = list(getattr(self.made, RULE_KINDS[entry.kind]))
        del rules[entry.place]
        self.made = self._with(entry.kind, tuple(rules))

    def switch(self, entry: RuleEntry, *, on: bool) -> None:
        """Switch a rule on or off."""
        switched = replace(entry.rule, enabled=on)
        if isinstance(switched, DuplicateRule):
            self.made = replace(self.made, duplicates=switched)
            return
        rules = list(getattr(self.made, RULE_KINDS[entry.kind]))
        rules[entry.place] = switched
        self.made = self._with(entry.kind, tuple(rules))

    def set_default(self, name: str, value: str) -> None:
        """Give an option another default."""
        options = tuple(
            replace(option, default=value) if option.name == name else option
            for option in self.made.options
        )
        self.made = replace(self.made, options=options)

    def _with(self, kind: str, rules: tuple[Rule, ...]) -> DocumentType:
        changes: dict[str, Any] = {RULE_KINDS[kind]: rules}
        return replace(self.made, **changes)
