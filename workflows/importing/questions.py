"""All that an import asks about, in one table; sentences are made from code and parameters."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["blocking", "advice"]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of question is asked. Issuing waits while a blocking one is open."""

    severity: Severity
    message: str


CODES: dict[str, Kind] = {
    "unknown_unit": Kind("blocking", "“{text}” is not in the directory."),
    "ambiguous_alias": Kind("blocking", "“{text}” may be one of {count} units."),
    "inferred_prefix": Kind("blocking", "“{text}” was read as {unit}, by completing its level."),
    "group": Kind("blocking", "“{text}” is a group: a task each, or one joint task?"),
    "open_ended": Kind("blocking", "The list ends in 等 (“and others”): who else takes part?"),
    "no_clause": Kind("blocking", "No responsible unit is named."),
    "several_clauses": Kind("blocking", "{count} clauses, each for the text before it: one task?"),
    "no_lead_among_several": Kind("blocking", "{count} units are named, none as lead."),
    "first_is_lead_rule": Kind("blocking", "The document says that the unit named first leads."),
    "body_names_other_unit": Kind(
        "blocking", "The text gives “{text}” a duty, the clause doesn't name it."
    ),
    "assessor_only": Kind("blocking", "Only an assessing unit is named: who does the work?"),
    "soft_deadline": Kind("advice", "“{text}” is no date: set one, or leave it open?"),
    "missing_deadline": Kind("advice", "No deadline is given."),
    "body_deadline": Kind("advice", "The text itself names a date: {text}."),
    "missing_year": Kind("blocking", "“{text}” has no year; {year} was taken from the document."),
    "number_gap": Kind("blocking", "Number {expected} is missing before {found}."),
    "number_restart": Kind("advice", "Numbering starts again at {found}."),
    "merged_or_empty_cell": Kind("blocking", "A blank cell under {columns}: merged or empty?"),
    "duplicate_document": Kind("blocking", "Document {doc_number} has been imported before."),
    "resplit_text": Kind("blocking", "The text had lost its line ends and was split again."),
    "not_imported": Kind("advice", "{count} numbered passages are background, not tasks."),
    "missing_title": Kind("advice", "No title was found."),
    "missing_doc_number": Kind("advice", "No document number was found."),
}

#: Why a document is no plan; nothing is imported then.
NOT_A_PLAN: dict[str, str] = {
    "regulation": "This looks like a regulation ({articles} articles, 第X条): no tasks were found.",
    "no_numbered_items": "No numbered measures and no task table were found.",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to confirm. The id is stable: the same doubt about the same text keeps it."""

    id: str
    number: int
    code: str
    severity: Severity
    #: Empty for the document as a whole; several when one answer serves several measures.
    measure_keys: tuple[str, ...]
    params: dict[str, Any]
    #: What happens when the proposal is simply accepted; None where only a person can say.
    default: dict[str, Any] | None = None

    @property
    def message(self) -> str:
        return CODES[self.code].message.format_map(self.params)


class Asker:
    """Collects questions; the same question about another measure joins the first."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, Severity, list[str], dict[str, Any], Any]] = {}

    def ask(
        self,
        code: str,
        *measure_keys: str,
        subject: str = "",
        default: dict[str, Any] | None = None,
        severity: Severity | None = None,
        **params: Any,
    ) -> None:
        """`subject` makes one question for all measures it concerns; without it, one each."""
        kind = CODES[code]
        identity = json.dumps([code, subject or list(measure_keys)], ensure_ascii=False)
        key = f"{code}-{hashlib.sha256(identity.encode()).hexdigest()[:10]}"
        if key in self._open:
            keys = self._open[key][2]
            keys.extend(k for k in measure_keys if k not in keys[-1:])
        else:
            self._open[key] = (
                code,
                severity or kind.severity,
                list(measure_keys),
                params,
                default,
            )

    def questions(self) -> tuple[Question, ...]:
        return tuple(
            Question(key, number, code, severity, tuple(keys), params, default)
            for number, (key, (code, severity, keys, params, default)) in enumerate(
                self._open.items(), 1
            )
        )
