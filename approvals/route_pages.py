"""The pages on which routes are written, as their templates take them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from approvals import (
    bpmn,
    drawing,
    editing,
    exchange,
    queries,
    route_wording,
    specs,
    subjects,
)
from approvals.actions.routes import problems_outside
from approvals.differences import Change, compare
from approvals.models import Route, RouteDraft, RouteProposal, RouteVersion
from approvals.queries import routing
from approvals.route_forms import LISTS, SignersForm, StageForm
from approvals.specs import Plain, StageSpec
from directory.models import Organisation, Person
from directory.policy import may_administer
from directory.queries import roles_of


@dataclass(frozen=True)
class Line:
    """One line of signers of the open stage."""

    number: int
    text: str
    weight: int


@dataclass(frozen=True)
class Card:
    """A stage in the editor: closed it is read, open it is a form."""

    position: int
    name: str
    who: Sequence[str]
    rule: str
    notes: Sequence[str]
    problems: Sequence[str]
    is_first: bool
    is_last: bool
    form: StageForm | None = None
    lines: Mapping[str, Sequence[Line]] | None = None
    adders: Mapping[str, SignersForm] | None = None


@dataclass(frozen=True)
class Preset:
    name: str
    label: str


@dataclass(frozen=True)
class Editor:
    """The whole page: cards, picture, and what is still missing."""

    route: Route
    draft: RouteDraft
    kind: str
    cards: Sequence[Card]
    picture: SafeString
    problems: Sequence[str]
    opened: int
    focus: str
    presets: Sequence[Preset]
    directory: routing.Directory | None
    in_force: int | None
    """The number of the version that this one replaces."""
    changes: Sequence["Compared"]
    """What it would change against that version."""
    has_route: bool
    """Whether anything says who approves routes here."""

    @property
    def is_ready(self) -> bool:
        return not self.problems and not any(card.problems for card in self.cards)

    @property
    def may_submit(self) -> bool:
        return self.is_ready and self.has_route


def presets() -> list[Preset]:
    labels = {
        "deputy": _("Deputy in charge"),
        "principal": _("Principal"),
        "cooperating": _("Cooperating units"),
        "vote": _("A vote"),
        "office": _("An office"),
        "empty": _("An empty stage"),
    }
    return [Preset(name, labels[name]) for name in editing.PRESETS]


def editor(
    draft: RouteDraft,
    *,
    edited: editing.Edited | None = None,
    form: StageForm | None = None,
    adders: Mapping[str, SignersForm] | None = None,
    directory: routing.Directory | None = None,
) -> Editor:
    """The editor for a draft; `form` and `adders` come back as they were sent."""
    opened = edited.open if edited and edited.open <= len(draft.stages) else 0
    route, organisation = draft.route, draft.route.organisation
    stages = [StageSpec.of(one) for one in draft.stages]
    words = Words.of(stages, route)
    if opened:
        directory = directory or routing.directory_of(organisation.pk)
        form = form or StageForm(
            None,
            stage=draft.stages[opened - 1],
            before=draft.stages[: opened - 1],
            plans=routing.plans_to_choose(route),
        )
        adders = {
            name: (adders or {}).get(name)
            or SignersForm(
                None,
                directory=directory,
                prefix=name,
                may_choose=subjects.lets_choose(route.subject_kind),
            )
            for name in LISTS
        }
        _focus(form, adders, edited.focus if edited else "")
    cards = [
        card(
            words,
            position,
            form if position == opened else None,
            adders if position == opened else None,
        )
        for position in range(1, len(stages) + 1)
    ]
    newest = route.versions.order_by("-number").first()
    return Editor(
        route,
        draft,
        route_wording.kind(route.subject_kind),
        cards,
        picture(words, route.name),
        words.problems.get(0, []),
        opened,
        edited.focus if edited else "",
        presets(),
        directory,
        newest.number if newest else None,
        changes_of(draft, newest) if newest else [],
        routing.approves_routes(organisation.pk),
    )


def _focus(form: StageForm, adders: Mapping[str, SignersForm], place: str) -> None:
    """Put the keyboard where the last button was, or where one goes on."""
    verb, _dash, name = place.partition("-")
    fields = {"stage": (form, "name")} | {"where": (adders.get(name), "where")}
    found, field = fields.get(verb, (None, ""))
    if found:
        found.fields[field].widget.attrs["autofocus"] = True


@dataclass(frozen=True)
class Words:
    """The stages with all that is needed to speak of them."""

    stages: Sequence[StageSpec]
    names: Mapping[str, str]
    seats: Mapping[tuple[str, str], int]
    problems: Mapping[int, Sequence[str]]

    @classmethod
    def of(cls, stages: Sequence[StageSpec], route: Route) -> "Words":
        organisation, kind = route.organisation, route.subject_kind
        found: dict[int, list[str]] = {}
        for one in [*specs.problems(stages), *problems_outside(stages, organisation, kind)]:
            found.setdefault(one.position, []).append(route_wording.problem(one, stages))
        return cls(
            stages,
            routing.names_in(stages, organisation.pk),
            routing.seats_today(stages, organisation.pk),
            found,
        )

    def signer(self, one: specs.Selector) -> str:
        """With how many posts a unit has of that role today, where that isn't one."""
        said = route_wording.selector(one, self.names)
        if one.get("select") != "post":
            return said
        seats = self.seats.get((str(one["unit"]), one["role"]), 0)
        if seats == 1:
            return said
        posts = ngettext("%(n)d post", "%(n)d posts", seats) % {"n": seats}
        return pgettext("signers and how many posts", "%(who)s (%(posts)s)") % {
            "who": said,
            "posts": posts if seats else _("no post yet"),
        }


def card(
    words: Words,
    position: int,
    form: StageForm | None = None,
    adders: Mapping[str, SignersForm] | None = None,
) -> Card:
    spec = words.stages[position - 1]
    lines = {
        name: [
            Line(number, words.signer(_unweighed(one)), one.get("weight", 1))
            for number, one in enumerate(getattr(spec, name), 1)
        ]
        for name in LISTS
    }
    return Card(
        position,
        spec.name,
        [words.signer(one) for one in spec.approvers],
        sentences(spec),
        route_wording.notes(spec, words.stages, words.names),
        words.problems.get(position, []),
        position == 1,
        position == len(words.stages),
        form,
        lines if form else None,
        adders,
    )


def _unweighed(one: specs.Selector) -> Plain:
    return {key: value for key, value in one.items() if key != "weight"}


def sentences(spec: StageSpec) -> str:
    """What makes the stage pass, and what a return does."""
    said = [route_wording.rule(spec), route_wording.refusal(spec)]
    return pgettext("between sentences", " ").join(one for one in said if one)


def picture(words: Words, label: str, name: str = "route") -> SafeString:
    """The route as SVG; every text in it is escaped."""
    boxes = [
        drawing.Box(
            spec.name or "…",
            [words.signer(one) for one in spec.approvers] or [_("nobody yet")],
            route_wording.rule(spec),
            route_wording.notes(spec, words.stages, words.names)[:3],
            spec.returns_to,
            maybe=bool(spec.condition),
            wrong=position in words.problems,
        )
        for position, spec in enumerate(words.stages, 1)
    ]
    drawn = drawing.picture(
        boxes,
        label=_("Stages of “%(route)s”") % {"route": label},
        description=route_wording.in_words(words.stages, words.names) or _("It has no stage yet."),
        start=pgettext("where a route begins", "submitted"),
        end=pgettext("where a route ends", "passed"),
        name=name,
    )
    return mark_safe(drawn)  # noqa: S308 drawing escapes


@dataclass(frozen=True)
class Reading:
    """A route as everybody reads it: one of its versions, and for administrators its draft."""

    route: Route
    kind: str
    version: Any
    versions: Sequence[Any]
    stages: Sequence[StageSpec]
    cards: Sequence[Card]
    picture: SafeString
    draft: RouteDraft | None
    progress: queries.Progress | None
    """How the draft's approval stands, where it was put forward."""
    changes: Sequence["Compared"]
    """What the draft would change."""
    may_write: bool

    @property
    def is_in_force(self) -> bool:
        return bool(self.versions) and self.version == self.versions[0]

    @property
    def before(self) -> Any:
        """The version before the one shown, to compare with."""
        older = [one for one in self.versions if self.version and one.number < self.version.number]
        return older[0] if older else None


def reading(
    route: Route, number: int | None, user: Person, at: datetime, *, as_draft: bool = False
) -> Reading | None:
    """A version of the route, the newest if no number is given; None if there is nothing to read.

    Of a route that was never published, or `as_draft`, administrators read the draft.
    """
    may_write = bool(may_administer(roles_of(user, at)))
    draft = routing.open_draft(route) if may_write else None
    versions = routing.versions_of(route)
    version = next((one for one in versions if number in (None, one.number)), None)
    if as_draft and draft:
        version = None
    if version is None and (number is not None or draft is None):
        return None
    if version is not None:
        stages = stages_of(version)
    else:
        stages = [StageSpec.of(one) for one in draft.stages] if draft else []
    words = Words.of(stages, route)
    progress, changes = None, []
    if draft and draft.proposals.exists():
        progress = queries.current(specs.PUBLICATION, route.pk, at=at, person=user)
    if draft and versions:
        changes = changes_of(draft, versions[0])
    return Reading(
        route,
        route_wording.kind(route.subject_kind),
        version,
        versions,
        stages,
        [card(words, position) for position in range(1, len(stages) + 1)],
        picture(words, route.name),
        draft,
        progress,
        changes,
        may_write,
    )


@dataclass(frozen=True)
class Compared:
    """What became of a stage, in words."""

    word: str
    change: Change


def changes_of(draft: RouteDraft, version: RouteVersion) -> list["Compared"]:
    stages = [StageSpec.of(one) for one in draft.stages]
    return compared(stages_of(version), stages, draft.route.organisation)


def compared(
    old: Sequence[StageSpec], new: Sequence[StageSpec], organisation: Organisation
) -> list[Compared]:
    names = routing.names_in([*old, *new], organisation.pk)
    changes = compare(old, new, route_wording.spoken(names))
    return [Compared(str(route_wording.CHANGES[one.kind]), one) for one in changes]


@dataclass(frozen=True)
class Proposed:
    """A proposal as its approvers read it: all of it, and what it changes."""

    route: Route
    kind: str
    proposal: RouteProposal
    cards: Sequence[Card]
    picture: SafeString
    changes: Sequence[Compared]


def proposed(proposal_id: UUID) -> Proposed:
    proposal = RouteProposal.objects.select_related(
        "draft__route__organisation", "replaces", "submitted_by"
    ).get(pk=proposal_id)
    route = proposal.draft.route
    stages = [StageSpec.of(one) for one in proposal.stages]
    old = stages_of(proposal.replaces) if proposal.replaces else []
    words = Words.of(stages, route)
    return Proposed(
        route,
        route_wording.kind(route.subject_kind),
        proposal,
        [card(words, position) for position in range(1, len(stages) + 1)],
        picture(words, route.name),
        compared(old, stages, route.organisation) if old else [],
    )


def stages_of(version: RouteVersion) -> list[StageSpec]:
    return [StageSpec.of_row(one) for one in version.stages.order_by("position")]


@dataclass(frozen=True)
class Differing:
    """Two versions of a route against each other."""

    route: Route
    kind: str
    old: RouteVersion
    new: RouteVersion
    changes: Sequence[Compared]


def differing(route: Route, old: int, new: int) -> Differing | None:
    """None if one of the versions doesn't exist."""
    found = {one.number: one for one in route.versions.filter(number__in=[old, new])}
    if old not in found or new not in found:
        return None
    changes = compared(stages_of(found[old]), stages_of(found[new]), route.organisation)
    kind = route_wording.kind(route.subject_kind)
    return Differing(route, kind, found[old], found[new], changes)


@dataclass(frozen=True)
class Exported:
    """A version of a route, or its draft, as a file."""

    filename: str
    content: bytes


def exported(reading: Reading, form: str) -> Exported:
    """`form` is json or bpmn."""
    route, stages = reading.route, reading.stages
    number = reading.version.number if reading.version else 0
    filename = f"{route.name}-v{number}.{form}" if number else f"{route.name}.{form}"
    units = routing.names_in(stages, route.organisation_id)
    if form == "json":
        accounts = routing.accounts_in(stages, route.organisation_id)
        return Exported(
            filename, exchange.write(route.name, route.subject_kind, stages, units, accounts)
        )
    words = bpmn.Words(
        name=route.name,
        start=pgettext("BPMN", "ready"),
        submits=pgettext("BPMN", "The submitter puts it forward"),
        end=pgettext("BPMN", "approved"),
        passed=pgettext("BPMN", "passed"),
        returned=pgettext("BPMN", "returned"),
        skipped=pgettext("BPMN", "doesn't apply"),
        stages=[spec.name for spec in stages],
        notes=[
            "\n".join(
                [
                    route_wording.selectors(spec.approvers, units),
                    sentences(spec),
                    *route_wording.notes(spec, stages, units),
                ]
            )
            for spec in stages
        ],
    )
    return Exported(filename, bpmn.export(stages, words))
