"""Addresses of plans, of their import and their amendments."""

from django.urls import path

from workflows.views import amendments, imports, plans

MEASURE = "imports/<uuid:import_id>/measures/<str:key>/"
AMENDMENT = "amendments/<uuid:amendment_id>/"

urlpatterns = [
    path("imports/", imports.plan_import, name="plan_import"),
    path("imports/<uuid:import_id>/", imports.plan_review, name="plan_review"),
    path("imports/<uuid:import_id>/accept/", imports.plan_accept, name="plan_accept"),
    path("imports/<uuid:import_id>/document/", imports.plan_document, name="plan_document"),
    path("imports/<uuid:import_id>/confirm/", imports.plan_confirm, name="plan_confirm"),
    path("imports/<uuid:import_id>/discard/", imports.plan_discard, name="plan_discard"),
    path(
        "imports/<uuid:import_id>/questions/<str:question_id>/",
        imports.plan_answer,
        name="plan_answer",
    ),
    path(MEASURE, imports.plan_proposal, name="plan_proposal"),
    path(f"{MEASURE}split/", imports.plan_split, name="plan_split"),
    path(f"{MEASURE}merge/", imports.plan_merge, name="plan_merge"),
    path(f"{MEASURE}unmerge/", imports.plan_unmerge, name="plan_unmerge"),
    path("plans/", plans.plans, name="plans"),
    path("plans/<uuid:plan_id>/", plans.plan, name="plan"),
    path("plans/<uuid:plan_id>/text/", plans.plan_text, name="plan_text"),
    path("plans/<uuid:plan_id>/source/", plans.plan_source, name="plan_source"),
    path("plans/<uuid:plan_id>/process.bpmn", plans.plan_bpmn, name="plan_bpmn"),
    path("plans/<uuid:plan_id>/edit/", plans.plan_edit, name="plan_edit"),
    path(
        "plans/<uuid:plan_id>/measures/<uuid:measure_id>/", plans.measure_edit, name="measure_edit"
    ),
    path(
        "plans/<uuid:plan_id>/measures/<uuid:measure_id>/history/",
        amendments.measure_history,
        name="measure_history",
    ),
    path("plans/<uuid:plan_id>/amend/", amendments.amendment_new, name="amendment_new"),
    path(
        "plans/<uuid:plan_id>/amend/import/", amendments.amendment_import, name="amendment_import"
    ),
    path(AMENDMENT, amendments.amendment, name="amendment"),
    path(f"{AMENDMENT}edit/", amendments.amendment_edit, name="amendment_edit"),
    path(f"{AMENDMENT}items/", amendments.amendment_item, name="amendment_item_new"),
    path(f"{AMENDMENT}items/<uuid:item_id>/", amendments.amendment_item, name="amendment_item"),
    path(
        f"{AMENDMENT}items/<uuid:item_id>/drop/",
        amendments.amendment_item_drop,
        name="amendment_item_drop",
    ),
    path(f"{AMENDMENT}submit/", amendments.amendment_submit, name="amendment_submit"),
    path(f"{AMENDMENT}withdraw/", amendments.amendment_withdraw, name="amendment_withdraw"),
    path(f"{AMENDMENT}abandon/", amendments.amendment_abandon, name="amendment_abandon"),
    path("plans/<uuid:plan_id>/submit/", plans.plan_submit, name="plan_submit"),
    path("plans/<uuid:plan_id>/withdraw/", plans.plan_withdraw, name="plan_withdraw"),
    path("plans/<uuid:plan_id>/issue/", plans.plan_issue, name="plan_issue"),
    path("plans/<uuid:plan_id>/receive/", plans.plan_receive, name="plan_receive"),
    path("plans/<uuid:plan_id>/cancel/", plans.plan_cancel, name="plan_cancel"),
]
