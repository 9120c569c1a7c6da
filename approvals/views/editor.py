"""Writing routes: the editor, and what becomes of a draft. Administrators only."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from approvals import actions, subjects
from approvals.forms.choosing import ChoosingForm, blame
from approvals.forms.editor import LISTS, ImportForm, NewRouteForm, SignersForm, StageForm, weighed
from approvals.models import Route, RouteDraft
from approvals.pages.editor import Editor, Words, card, editor
from approvals.pages.rehearsal import Asked, rehearsal_page
from approvals.queries import routing
from approvals.routes import editing, exchange
from approvals.routes.specs import Plain, StageSpec
from audit.errors import Refused
from directory.actions import NotAdministrator
from directory.policy import may_administer
from directory.requests import PersonRequest, held

View = Callable[..., HttpResponse]


def administrator_only(view: View) -> View:
    """Everybody else reads why not. Raises NotAdministrator."""

    @login_required
    @wraps(view)
    def checked(request: PersonRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not may_administer([holding.role for holding in held(request)]):
            raise NotAdministrator
        return view(request, *args, **kwargs)

    return checked


def _route(request: PersonRequest, route_id: UUID) -> Route:
    mine = Route.objects.for_user(request.user).select_related("organisation")
    route: Route = get_object_or_404(mine, pk=route_id)
    return route


@require_http_methods(["GET", "HEAD", "POST"])
@administrator_only
def route_new(request: PersonRequest) -> HttpResponse:
    """Name a new route; the editor follows."""
    form = NewRouteForm(
        request.POST if request.method == "POST" else None,
        kinds=subjects.kinds(),
        followed=routing.followed(request.user.organisation_id),
    )
    if request.method == "POST" and form.is_valid():
        try:
            draft = actions.begin_route(
                organisation=request.user.organisation,
                actor=request.user,
                at=timezone.now(),
                **form.cleaned_data,
            )
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            return redirect("route_draft", draft.route_id)
    context = {"form": form, "section": "route"}
    return render(request, "approvals/route_new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrator_only
def route_import(request: PersonRequest) -> HttpResponse:
    """Take a route over from a file: as a new one, or as the next draft of the one of its name."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method == "POST" and form.is_valid():
        try:
            draft = _taken_over(request, exchange.read(form.cleaned_data["file"].read()))
        except Refused as refusal:
            form.add_error("file", refusal.message)
        else:
            messages.success(request, _("The route has been taken over as a draft."))
            return redirect("route_draft", draft.route_id)
    context = {"form": form, "section": "route"}
    status = 422 if form.errors else 200
    return render(request, "approvals/route_import.html", context, status=status)


def _taken_over(request: PersonRequest, portable: exchange.Portable) -> RouteDraft:
    user, at = request.user, timezone.now()
    directory = routing.directory_of(user.organisation_id)
    stages = exchange.settled(portable, directory.unit_called, directory.account)
    same = Route.objects.for_user(user).filter(
        name=portable.name, subject_kind=portable.subject_kind, versions__isnull=False
    )
    if route := same.first():
        draft = actions.begin_draft(route_id=route.pk, actor=user, at=at)
        return actions.save_draft(
            route_id=route.pk, revision=draft.revision, stages=stages, actor=user, at=at
        )
    return actions.begin_route(
        organisation=user.organisation,
        name=portable.name,
        subject_kind=portable.subject_kind,
        stages=stages,
        actor=user,
        at=at,
    )


@require_POST
@administrator_only
def route_draft_begin(request: PersonRequest, route_id: UUID) -> HttpResponse:
    route = _route(request, route_id)
    actions.begin_draft(route_id=route.pk, actor=request.user, at=timezone.now())
    return redirect("route_draft", route.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@administrator_only
def route_draft(request: PersonRequest, route_id: UUID) -> HttpResponse:
    """The editor. Every button posts the whole form, so nothing that was typed is lost."""
    route = _route(request, route_id)
    draft = routing.open_draft(route)
    if draft is None or draft.state != RouteDraft.State.WRITING:
        return _away(request, route)
    draft.route = route
    if request.method != "POST":
        number = request.GET.get("stage", "")
        opened = int(number) if number.isdecimal() and len(number) < 4 else 0
        page = editor(draft, edited=editing.Edited([], opened))
        return _editor(request, page, choosing=_choosing(request, draft))
    try:
        return _pressed(request, draft)
    except actions.RouteDraftChanged as refusal:
        return _outdated(request, route, refusal)
    except (actions.NoDraft, actions.UnderApproval):
        return _away(request, route)


def _pressed(request: PersonRequest, draft: RouteDraft) -> HttpResponse:
    """Keep what the form says, then do what its button says."""
    button = request.POST.get("do", "")
    stages = [dict(one) for one in draft.stages]
    opened = _number(request, "opened", len(stages))
    form: StageForm | None = None
    adders: dict[str, SignersForm] = {}
    directory = None
    if opened:
        stage = stages[opened - 1]
        form = StageForm(
            request.POST,
            stage=stage,
            before=stages[: opened - 1],
            of_tasks=routing.is_of_tasks(draft.route),
            plans=routing.plans_to_choose(draft.route),
        )
        stages[opened - 1] = weighed(form.taken(), request.POST)
        if button or any(request.POST.get(f"{name}-where") for name in LISTS):
            directory = routing.directory_of(draft.organisation_id)
            adders = _adders(request, directory, button)
    ahead = _with_chosen(stages, opened, adders)
    if button:
        stages = ahead
    choosing = _choosing(request, draft)
    wrong = {name: one for name, one in adders.items() if one.errors}
    amiss = bool(button and wrong) or bool(form and form.errors)
    is_chosen = choosing.is_valid()
    amiss |= button == "submit" and not is_chosen
    after = editing.Edited(stages, opened) if amiss else editing.press(stages, opened, button)
    kept = actions.save_draft(
        route_id=draft.route_id,
        revision=_number(request, "revision"),
        stages=after.stages,
        chosen=choosing.chosen if is_chosen else None,
        actor=request.user,
        at=timezone.now(),
    )
    kept.route = draft.route
    if button == "submit" and not amiss:
        return _submitted(request, kept, choosing)
    if button == "rehearse" and not amiss:
        return _sent_to(request, reverse("route_rehearsal", args=[kept.route_id]))
    if not button and request.headers.get("HX-Request"):
        return _live(request, kept, form, ahead)
    again = wrong
    if directory and not amiss and after.open == opened:
        again = _more_people(adders, directory, button)
        after = replace(after, focus=next((f"person-{name}" for name in again), after.focus))
    page = editor(
        kept, edited=after, form=form if amiss else None, adders=again, directory=directory
    )
    return _editor(request, page, status=422 if amiss else 200, choosing=choosing)


def _adders(
    request: PersonRequest, directory: routing.Directory, button: str
) -> dict[str, SignersForm]:
    """The lines in which the open stage takes more signers, by the list that they belong to."""
    return {
        name: SignersForm(
            request.POST, directory=directory, prefix=name, is_pressed=button == f"sign-{name}"
        )
        for name in LISTS
    }


def _more_people(
    adders: Mapping[str, SignersForm], directory: routing.Directory, button: str
) -> dict[str, SignersForm]:
    """The lines that people were just added with, by a press or by Enter: for the next names."""
    return {
        name: SignersForm(None, directory=directory, prefix=name, where="person")
        for name, adder in adders.items()
        if button in ("save", f"sign-{name}") and adder.adds_people
    }


def _with_chosen(
    stages: list[Plain], opened: int, adders: Mapping[str, SignersForm]
) -> list[Plain]:
    """The stages with whom the open one has chosen, but not added yet: any button adds them."""
    ahead = list(stages)
    for name, adder in adders.items():
        ahead[opened - 1] = editing.with_lines(ahead[opened - 1], name, adder.lines())
    return ahead


def _choosing(request: PersonRequest, draft: RouteDraft) -> ChoosingForm:
    """The part in which whoever puts the draft forward chooses who signs."""
    data = request.POST if request.method == "POST" else None
    offers = routing.signers_to_choose(draft, request.user, held(request), timezone.now())
    return ChoosingForm(data, choices=offers, chosen=draft.chosen)


def _live(
    request: PersonRequest, draft: RouteDraft, form: StageForm | None, ahead: list[Plain]
) -> HttpResponse:
    """What follows from what was just typed; the form stays as it is under the writer's hands.

    `ahead` are the stages with the signers that the next button will add; nothing keeps them yet.
    """
    is_ahead, draft.stages = draft.stages != ahead, ahead
    context = {"page": editor(draft), "form": form, "is_ahead": is_ahead}
    answer = render(request, "approvals/includes/route_live.html", context)
    answer["HX-Retarget"] = "#live"
    return answer


def _submitted(request: PersonRequest, draft: RouteDraft, choosing: ChoosingForm) -> HttpResponse:
    try:
        actions.submit_draft(
            route_id=draft.route_id,
            revision=draft.revision,
            actor=request.user,
            at=timezone.now(),
        )
    except Refused as refusal:
        blame(choosing, refusal)
        said = " ".join(map(str, choosing.non_field_errors()))
        page = editor(draft)
        return _editor(request, page, status=refusal.status, refusal=said, choosing=choosing)
    messages.success(request, _("The draft has been put forward; it is under approval now."))
    return _away(request, draft.route)


def _away(request: PersonRequest, route: Route) -> HttpResponse:
    """To the route's own page, where there is nothing more to edit."""
    return _sent_to(request, reverse("route", args=[route.pk]))


def _sent_to(request: PersonRequest, address: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _outdated(request: PersonRequest, route: Route, refusal: Refused) -> HttpResponse:
    """The draft as it is now, with what was sent beside it."""
    draft = routing.open_draft(route)
    if draft is None or draft.state != RouteDraft.State.WRITING:
        return _away(request, route)
    draft.route = route
    sent = card(Words.of([_sent(request)], route), 1)
    page = editor(draft)
    return _editor(
        request,
        page,
        status=409,
        refusal=refusal.message,
        choosing=_choosing(request, draft),
        sent=sent if request.POST.get("opened", "0") != "0" else None,
    )


def _sent(request: PersonRequest) -> StageSpec:
    """The open stage as the form had it, without what the form leaves out."""
    form = StageForm(request.POST, stage=StageSpec("", []).plain, before=[])
    return StageSpec.of(form.taken())


def _editor(
    request: PersonRequest,
    page: Editor,
    *,
    status: int = 200,
    **more: object,
) -> HttpResponse:
    """The whole page; for htmx the part of it that a button may change."""
    context = {"page": page, "section": "route", "status": status, **more}
    if not request.headers.get("HX-Request"):
        return render(request, "approvals/route_draft.html", context, status=status)
    return render(request, "approvals/includes/route_editor.html", context, status=status)


def _number(request: PersonRequest, name: str, most: int = 1_000_000) -> int:
    """A number of the form, 0 for anything that isn't one."""
    given = request.POST.get(name, "")
    number = int(given) if given.isdecimal() and len(given) < 8 else 0
    return number if number <= most else 0


@require_http_methods(["GET", "HEAD"])
@administrator_only
def route_rehearsal(request: PersonRequest, route_id: UUID) -> HttpResponse:
    """Who would sign for every unit today, and for one task; nothing is changed."""
    given = request.GET
    asked = Asked(
        coordinating=given.get("coordinating", ""),
        reviewing=given.get("reviewing", ""),
        all_units=given.get("all") == "1",
        words=given.get("words", "").strip()[:100],
        subject=given.get("subject", ""),
    )
    page = rehearsal_page(_route(request, route_id), request.user, asked, timezone.now())
    if page is None:
        raise Http404(_("There is nothing to rehearse yet."))
    return render(request, "approvals/rehearsal.html", {"page": page, "section": "route"})


@require_POST
@administrator_only
def route_draft_withdraw(request: PersonRequest, route_id: UUID) -> HttpResponse:
    route = _route(request, route_id)
    actions.withdraw_draft(route_id=route.pk, actor=request.user, at=timezone.now())
    messages.success(request, _("The draft has been withdrawn; go on writing."))
    return redirect("route_draft", route.pk)


@require_POST
@administrator_only
def route_draft_abandon(request: PersonRequest, route_id: UUID) -> HttpResponse:
    route = _route(request, route_id)
    actions.abandon_draft(route_id=route.pk, actor=request.user, at=timezone.now())
    messages.success(request, _("The draft has been abandoned."))
    return redirect("routes")
