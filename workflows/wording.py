"""The sentences of an import: what is asked, how one may answer, why a document is refused.

The importer knows codes and parameters; here they become words in the reader's language.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from workflows.answering import Choice
from workflows.importing import Question

Sentence = str | Promise

REFUSALS: Mapping[str, Sentence] = {
    "empty": _("The document is empty."),
    "binary": _("This is not a text document. Use .docx, .html or .txt."),
    "too_large": _("The document is too large: at most %(limit)d bytes can be imported."),
    "unsupported_pdf": _(
        "PDF files and scans can't be imported yet. Save the document as .docx, or paste its text."
    ),
    "legacy_word": _(
        "Old Word and WPS files can't be read. Open the file, save it as .docx, and upload that."
    ),
    "unsupported_type": _("Files of type %(suffix)s can't be imported: use .docx, .html or .txt."),
    "encrypted": _("The file is protected by a password. Remove the password and try again."),
    "archive_bomb": _("The file unpacks to far more than a document holds, so it was not opened."),
    "path_traversal": _("The file contains a member with an unsafe name, so it was not opened."),
    "dtd": _(
        "The file contains a document type definition or an external entity, which a document "
        "doesn't need. It was not opened."
    ),
    "malformed_docx": _("The file is damaged, or it is not a Word document."),
    "malformed_html": _("The page is damaged, or nested too deeply to be read."),
    "encoding": _("The text is neither UTF-8, UTF-16 nor GB18030. Save it as UTF-8."),
    "too_complex": _("Reading the file took more time or memory than a document needs."),
}

NOT_A_PLAN: Mapping[str, Sentence] = {
    "regulation": _("This looks like a regulation with %(articles)d articles, not like a plan."),
    "no_numbered_items": _("No numbered measures and no table of tasks were found."),
}

QUESTIONS: Mapping[str, Sentence] = {
    "unknown_unit": _("Which unit is “%(text)s”?"),
    "ambiguous_alias": _("“%(text)s” may be one of %(count)d units. Which one?"),
    "inferred_prefix": _("Is “%(text)s” the unit %(unit)s?"),
    "group": _("“%(text)s” is a group. How does it take part?"),
    "open_ended": _("The list ends with 等 (“and others”). Who else takes part?"),
    "no_clause": _("No responsible unit is named. Who does this?"),
    "several_clauses": _("There are %(count)d clauses, each for the text before it. One task?"),
    "no_lead_among_several": _("%(count)d units are named, none of them as lead. Who leads?"),
    "first_is_lead_rule": _("The document says that the unit named first leads: “%(text)s”"),
    "body_names_other_unit": _(
        "The text gives “%(text)s” a duty, but the clause doesn't name it. Does it take part?"
    ),
    "assessor_only": _("Only an assessing unit is named. Who does the work?"),
    "soft_deadline": _("“%(text)s” is no date. Set one?"),
    "missing_deadline": _("No deadline is given. Set one?"),
    "body_deadline": _("The text itself names a time: %(text)s. Is it the deadline?"),
    "missing_year": _("“%(text)s” has no year. Which year?"),
    "number_gap": _("Number %(expected)s is missing before %(found)s. Is the document complete?"),
    "number_restart": _("The numbering starts again at %(found)s."),
    "merged_or_empty_cell": _("There is a blank cell under %(columns)s. Is it meant to be blank?"),
    "duplicate_document": _("There is a plan with the number %(doc_number)s already: %(title)s"),
    "resplit_text": _("The text had lost its line ends and was split again. Compare it carefully."),
    "not_imported": _("Numbered passages that are background, not tasks: %(count)d."),
    "missing_title": _("No title was found. Type one above."),
    "missing_doc_number": _("No document number was found. Type it above if there is one."),
}

HELP: Mapping[str, Sentence] = {
    "unknown_unit": _(
        "The directory doesn't know this name. Your answer is kept as an alias of the unit."
    ),
    "inferred_prefix": _("The name was completed by its level, as the names before it."),
    "group": _("The group is taken as it is today; its list is kept with the plan."),
    "several_clauses": _("A task each splits the measure behind each clause."),
    "no_lead_among_several": _("The unit named first is only a proposal."),
    "duplicate_document": _("Only one plan can have the number."),
    "merged_or_empty_cell": _("A cell that continues the one above it looks the same."),
}

CHOICES: Mapping[tuple[str, str], Sentence] = {
    ("", "accept"): _("Yes, that's right"),
    ("", "unit"): "%(about)s",
    ("", "other"): _("Another unit:"),
    ("", "drop"): _("Leave this name out"),
    ("group", "each"): _("A task for each member"),
    ("group", "joint"): _("One task together, led by:"),
    ("open_ended", "nobody"): _("Nobody else"),
    ("open_ended", "add"): _("These units, too:"),
    ("no_clause", "lead"): _("Led by, with these cooperating:"),
    ("no_clause", "no_task"): _("Nobody: it is no task, only text"),
    ("several_clauses", "one"): _("One task with all these units"),
    ("several_clauses", "each"): _("A task for each clause"),
    ("no_lead_among_several", "lead"): _("%(about)s leads"),
    ("body_names_other_unit", "no"): _("No, it takes no part"),
    ("body_names_other_unit", "as:cooperating"): _("It cooperates"),
    ("body_names_other_unit", "as:lead"): _("It leads"),
    ("body_names_other_unit", "as:assessor"): _("It assesses the work"),
    ("assessor_only", "lead"): _("Led by:"),
    ("", "date"): _("Due on:"),
    ("", "open"): _("Leave it without a date"),
    ("missing_year", "year"): "%(about)s",
    ("missing_year", "other_year"): _("Another year:"),
    ("duplicate_document", "replace"): _("Replace that draft by this one"),
    ("duplicate_document", "number"): _("Keep both; this one gets the number:"),
    ("merged_or_empty_cell", "accept"): _("Yes, as it was read"),
    ("number_gap", "accept"): _("Yes, the document is like that"),
}

OBSTACLES: Mapping[str, Sentence] = {
    "no_title": _("The plan has no title."),
    "no_measures": _("The plan has no measures."),
    "no_overseer": _(
        "Your own unit leads tasks here: name another office that reviews and closes them."
    ),
    "no_lead": _("Nobody leads this measure: edit it and name a unit."),
    "unit_gone": _("%(name)s doesn't exist any more: name another unit."),
}

STEPS: Mapping[str, Sentence] = {
    "draft": pgettext_lazy("plan", "draft"),
    "countersign": pgettext_lazy("plan", "being countersigned"),
    "approve_issuing": pgettext_lazy("plan", "under approval"),
    "revise": pgettext_lazy("plan", "to be revised"),
    "issue": pgettext_lazy("plan", "to be issued"),
    "receipts": pgettext_lazy("plan", "issued"),
    "in_force": pgettext_lazy("plan", "in force"),
    "completed": pgettext_lazy("plan", "completed"),
    "cancelled": pgettext_lazy("plan", "cancelled"),
}


def asked(question: Question, names: Mapping[str, str]) -> str:
    """What is asked; `names` gives units by their id."""
    params: dict[str, Any] = dict(question.params)
    if params.get("unit") in names:
        params["unit"] = names[params["unit"]]
    return str(QUESTIONS[question.code]) % params


def help_text(question: Question) -> str:
    return str(HELP.get(question.code, ""))


def offered(question: Question, choice: Choice, names: Mapping[str, str]) -> str:
    """What a choice says beside its button."""
    for key in (
        (question.code, choice.value),
        (question.code, choice.verb),
        ("", choice.verb),
    ):
        if key in CHOICES:
            return str(CHOICES[key]) % {"about": names.get(choice.about, choice.about)}
    raise KeyError(choice.value)
