"""The forms of the route editor: a new route, one stage, and lines of signers in plain words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from approvals.queries.routing import Directory
from approvals.routes import specs, wording
from approvals.routes.specs import Plain
from approvals.sentences import listed
from directory.models import Post, Unit

Choices = Sequence[tuple[Any, Any]]
LISTS = ("approvers", "fallback", "escalate_to")
PLACES: Mapping[str, tuple[Mapping[str, Any], Promise]] = {
    "lead": ({"select": "post_of_lead"}, _("The lead unit")),
    "superior-1": ({"select": "post_of_superior"}, _("The unit above the lead unit")),
    "superior-2": (
        {"select": "post_of_superior", "levels": 2},
        _("The unit two levels above the lead unit"),
    ),
    "cooperating": ({"select": "post_of_each_cooperating"}, _("Each cooperating unit")),
    "coordinating": ({"select": "post_of_coordinating"}, _("The coordinating unit")),
    "reviewing": ({"select": "post_of_reviewing"}, _("The reviewing office")),
}
BETWEEN_NAMES = re.compile(r"[、，,;；\n]")
ROLES = [(role.value, role.label) for role in Post.Role if role in specs.DECIDING_ROLES]


class NewRouteForm(forms.Form):
    """What a route is called and for; a file may bring its stages along."""

    name = forms.CharField(
        label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autofocus": True})
    )
    subject_kind = forms.ChoiceField(
        label=_("What is approved along it"),
        help_text=_("To change a route that is in force, open it and write its next version."),
    )

    def __init__(
        self, data: Any, *, kinds: Iterable[str], followed: Mapping[str, tuple[UUID, str]]
    ) -> None:
        # Nothing can be put forward before somebody approves routes.
        first = {} if specs.PUBLICATION in followed else {"subject_kind": specs.PUBLICATION}
        super().__init__(data, initial=first)
        choices = [(one, _kind(one, followed)) for one in kinds]
        self.fields["subject_kind"].choices = choices  # type: ignore[attr-defined]


def _kind(kind: str, followed: Mapping[str, tuple[UUID, str]]) -> str:
    """What a route is for, with the route that new approvals follow today."""
    said = wording.kind(kind)
    if kind not in followed:
        return said
    return _("%(kind)s (now: %(route)s)") % {"kind": said, "route": followed[kind][1]}


class ImportForm(forms.Form):
    """The file of a route that another organisation, or this one, exported."""

    file = forms.FileField(
        label=_("Exported file"), widget=forms.FileInput(attrs={"accept": ".json"})
    )


class StageForm(forms.Form):
    """One stage. Whatever of it is in order is kept, even where something else isn't."""

    name = forms.CharField(
        label=pgettext_lazy("of a stage", "Name"), max_length=specs.LONGEST_NAME, required=False
    )
    rule = forms.ChoiceField(
        label=_("It passes when"),
        choices=[
            ("any", _("one of them approves")),
            ("all", _("all of them approve")),
            ("quorum", _("enough approve: a vote")),
        ],
    )
    quorum = forms.IntegerField(
        label=_("How many it takes"), min_value=1, max_value=10_000, required=False
    )
    quorum_in = forms.ChoiceField(
        label=_("Counted in"), choices=[("number", _("votes")), ("percent", _("per cent"))]
    )
    refusal = forms.ChoiceField(
        label=_("If somebody returns it"),
        choices=[
            ("veto", _("the stage ends at once")),
            ("vote", _("it counts as a vote against")),
            ("advice", _("nothing: only opinions are asked")),
        ],
    )
    sequential = forms.ChoiceField(
        label=_("They are asked"),
        choices=[("no", _("all at once")), ("yes", _("one after the other, in this order"))],
    )
    returns_to = forms.MultipleChoiceField(
        label=_("A return may also go to"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    after_return = forms.ChoiceField(
        label=_("When it comes back"),
        choices=[
            ("restart", _("all stages are asked again")),
            ("resume", _("it goes on here, if only an answer and evidence were added")),
        ],
    )
    repeat_signer = forms.ChoiceField(
        label=_("Somebody who signed at an earlier stage"),
        choices=[("ask", _("is asked again")), ("carry", _("counts as having signed"))],
    )
    due_in = forms.IntegerField(
        label=_("Deadline in working days"), min_value=1, max_value=specs.MOST_DAYS, required=False
    )
    evidence = forms.ChoiceField(
        label=_("Whoever signs proves it by"),
        choices=[
            ("session", _("being signed in")),
            ("password", _("entering the password again")),
            ("passkey", _("a passkey")),
        ],
    )
    may = forms.MultipleChoiceField(
        label=_("Signers may also"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=wording.RIGHTS.items(),
    )
    unit_kinds = forms.MultipleChoiceField(
        label=_("Only where the lead unit is"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=Unit.Kind.choices,
        help_text=_("Nothing ticked: for every unit."),
    )
    priorities = forms.MultipleChoiceField(
        label=_("Only for tasks of this priority"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=wording.PRIORITIES.items(),
        help_text=_("Nothing ticked: for every priority."),
    )
    plans = forms.MultipleChoiceField(
        label=_("Only for these plans"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing ticked: for every plan."),
    )

    def __init__(
        self,
        data: Any,
        *,
        stage: Plain,
        before: Sequence[Plain],
        of_tasks: bool = False,
        plans: Choices = (),
    ) -> None:
        super().__init__(data, initial=_shown(stage))
        self.stage, self.offered = stage, plans
        earlier = [(str(n), wording.stage_name(n, one["name"])) for n, one in enumerate(before, 1)]
        self.fields["returns_to"].choices = earlier  # type: ignore[attr-defined]
        self.fields["plans"].choices = plans  # type: ignore[attr-defined]
        if not earlier:
            del self.fields["returns_to"]
        if not plans:
            del self.fields["plans"]
        if not of_tasks:
            del self.fields["priorities"]

    def taken(self) -> Plain:
        """The stage with all that was filled in properly; the rest stays as it was."""
        self.is_valid()
        told = {**_shown(self.stage), **self.cleaned_data}
        vote = told["rule"] == "quorum"
        taken = {
            name: told[name]
            for name in (
                "name", "rule", "refusal", "after_return", "repeat_signer", "due_in", "evidence",
                "may",
            )
        }  # fmt: skip
        return self.stage | {
            **taken,
            "quorum_number": told["quorum"] if vote and told["quorum_in"] == "number" else None,
            "quorum_percent": told["quorum"] if vote and told["quorum_in"] == "percent" else None,
            "sequential": told["sequential"] == "yes",
            "returns_to": [int(one) for one in told["returns_to"]],
            "condition": _condition(self.stage["condition"] or {}, told, self.offered),
        }


def _condition(kept: Mapping[str, Any], told: Mapping[str, Any], plans: Choices) -> Plain | None:
    """What was ticked, beside what this form doesn't ask: plans that are over, for instance."""
    offered = {value for value, _title in plans}
    over = [one for one in kept.get("plans", []) if one not in offered]
    chosen = [one for one in told["plans"] if one in offered]
    asked = {
        **kept,
        "unit_kinds": told["unit_kinds"],
        "priorities": told["priorities"],
        "plans": [*over, *chosen],
    }
    return {name: values for name, values in asked.items() if values} or None


def _shown(stage: Plain) -> dict[str, Any]:
    condition = stage["condition"] or {}
    return {
        **{name: stage[name] for name in ("name", *specs.CHOICES, "due_in", "may")},
        "quorum": stage["quorum_percent"] or stage["quorum_number"],
        "quorum_in": "percent" if stage["quorum_percent"] else "number",
        "sequential": "yes" if stage["sequential"] else "no",
        "returns_to": [str(one) for one in stage["returns_to"]],
        "unit_kinds": condition.get("unit_kinds", []),
        "priorities": condition.get("priorities", []),
        "plans": condition.get("plans", []),
    }


class SignersForm(forms.Form):
    """A line of signers: a role in a place, or people. `is_pressed`: it is to be added now."""

    where = forms.ChoiceField(label=_("Whose"), required=False)
    role = forms.ChoiceField(label=_("Role"), choices=ROLES, required=False)
    person = forms.CharField(
        label=_("Names or accounts"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off", "placeholder": " "}),
    )
    chosen = forms.BooleanField(label=_("The submitter chooses among them"), required=False)

    def __init__(
        self,
        data: Any,
        *,
        directory: Directory,
        prefix: str,
        role: str = "principal",
        where: str = "",
        is_pressed: bool = False,
    ) -> None:
        super().__init__(data, prefix=prefix, initial={"role": role, "where": where})
        self.directory = directory
        self.is_pressed = is_pressed
        if prefix != "approvers":
            del self.fields["chosen"]
        self.fields["where"].choices = self._places()  # type: ignore[attr-defined]

    def _places(self) -> Choices:
        groups = [(f"group-{one.pk}", one.name) for one in self.directory.groups]
        return [
            ("", pgettext_lazy("a list to choose from", "Choose")),
            (_("By what it is about"), [(name, label) for name, (_one, label) in PLACES.items()]),
            (_("A unit"), [(f"unit-{one.pk}", one.name) for one in self.directory.units]),
            *([(_("Each unit of a group"), groups)] if groups else []),
            (_("Somebody in particular"), [("person", _("A person by name"))]),
        ]

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        where = told.get("where")
        if self.is_pressed and not where:
            self.add_error("where", _("Choose whose."))
        if where == "person":
            self._look_up(told.get("person", ""))
        if where not in (None, "", "person") and not told.get("role"):
            self.add_error("role", _("Choose a role."))
        return told

    @property
    def adds_people(self) -> bool:
        return any(one["select"] == "person" for one in self.lines())

    def _look_up(self, words: str) -> None:
        """Find everybody who is named. Half a line stops no other button."""
        named = [one for one in BETWEEN_NAMES.split(words) if one.strip()]
        found = [(one.strip(), self.directory.find(one)) for one in named]
        self.people = [str(pk) for _name, pk in found if pk]
        if unknown := [name for name, pk in found if not pk]:
            said = _("Nobody, or more than one, is called “%(names)s”. Choose from the list.")
            self.add_error("person", said % {"names": listed(unknown)})
        elif self.is_pressed and not found:
            self.add_error("person", _("Say who: a name, or several."))

    def lines(self) -> list[dict[str, Any]]:
        """The selectors of what was chosen; none where nothing was, or not properly."""
        if not self.is_valid() or not self.cleaned_data.get("where"):
            return []
        if self.cleaned_data.get("chosen"):
            return [{"select": "chosen_by_submitter", "from": one} for one in self._asked()]
        return self._asked()

    def _asked(self) -> list[dict[str, Any]]:
        where, role = self.cleaned_data["where"], {"role": self.cleaned_data["role"]}
        kind, _dash, key = where.partition("-")
        if where in PLACES:
            return [{**PLACES[where][0], **role}]
        match kind:
            case "unit":
                return [{"select": "post", "unit": key, **role}]
            case "group":
                members = self.directory.members(key)
                return [{"select": "post", "unit": str(one), **role} for one in members]
            case _:
                return [{"select": "person", "person": one} for one in self.people]


def weighed(stage: Plain, data: Mapping[str, Any]) -> Plain:
    """The stage with the weights that its lines were given; they count in a vote alone."""
    lines = []
    for number, line in enumerate(stage["approvers"], 1):
        given = str(data.get(f"weight-{number}", ""))
        weight = int(given) if given.isdecimal() and len(given) < 5 else line.get("weight", 1)
        kept = {key: value for key, value in line.items() if key != "weight"}
        counts = stage["rule"] == "quorum" and 1 < weight <= 1000
        lines.append(kept | ({"weight": weight} if counts else {}))
    return stage | {"approvers": lines}
