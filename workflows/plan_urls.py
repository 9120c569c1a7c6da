"""Addresses of plans and of their import."""

from django.urls import path

from workflows.views import imports, plans

MEASURE = "imports/<uuid:import_id>/measures/<str:key>/"

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
    path("plans/<uuid:plan_id>/submit/", plans.plan_submit, name="plan_submit"),
    path("plans/<uuid:plan_id>/withdraw/", plans.plan_withdraw, name="plan_withdraw"),
    path("plans/<uuid:plan_id>/issue/", plans.plan_issue, name="plan_issue"),
    path("plans/<uuid:plan_id>/receive/", plans.plan_receive, name="plan_receive"),
    path("plans/<uuid:plan_id>/cancel/", plans.plan_cancel, name="plan_cancel"),
]
