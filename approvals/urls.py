"""Addresses of decisions and routes; the page around a decision lives with its subject."""

from django.urls import path

from approvals import intervention_views, record_views, route_views, turn_views, views

urlpatterns = [
    path("work-items/<uuid:work_item_id>/decide/", views.decide, name="decide"),
    path(
        "work-items/<uuid:work_item_id>/add-signer/",
        turn_views.ask("add_signer"),
        name="add_signer",
    ),
    path("work-items/<uuid:work_item_id>/transfer/", turn_views.ask("transfer"), name="transfer"),
    path("work-items/<uuid:work_item_id>/consult/", turn_views.ask("consult"), name="consult"),
    path("work-items/<uuid:work_item_id>/opinion/", turn_views.give_opinion, name="give_opinion"),
    path("sign-offs/<uuid:sign_off_id>/revoke/", turn_views.revoke, name="revoke"),
    path("approvals/<uuid:approval_id>/", record_views.approval, name="approval"),
    path("approvals/<uuid:approval_id>/form/", record_views.approval_form, name="approval_form"),
    path(
        "approvals/<uuid:approval_id>/intervention/",
        intervention_views.intervention,
        name="intervention",
    ),
    path(
        "interventions/<uuid:intervention_id>/settle/",
        intervention_views.intervention_settle,
        name="intervention_settle",
    ),
    path("routes/", views.routes, name="routes"),
    path("routes/help/", views.routes_help, name="routes_help"),
    path("routes/schema.json", views.route_schema, name="route_schema"),
    path("routes/import/", route_views.route_import, name="route_import"),
    path("routes/new/", route_views.route_new, name="route_new"),
    path("routes/<uuid:route_id>/", views.route, name="route"),
    path(
        "routes/<uuid:route_id>/versions/<int:old>/<int:new>/",
        views.route_differences,
        name="route_differences",
    ),
    path("routes/<uuid:route_id>/rehearsal/", route_views.route_rehearsal, name="route_rehearsal"),
    path(
        "routes/<uuid:route_id>/route.json", views.route_file, {"form": "json"}, name="route_json"
    ),
    path(
        "routes/<uuid:route_id>/route.bpmn", views.route_file, {"form": "bpmn"}, name="route_bpmn"
    ),
    path("routes/<uuid:route_id>/draft/", route_views.route_draft, name="route_draft"),
    path(
        "routes/<uuid:route_id>/draft/begin/",
        route_views.route_draft_begin,
        name="route_draft_begin",
    ),
    path(
        "routes/<uuid:route_id>/draft/withdraw/",
        route_views.route_draft_withdraw,
        name="route_draft_withdraw",
    ),
    path(
        "routes/<uuid:route_id>/draft/abandon/",
        route_views.route_draft_abandon,
        name="route_draft_abandon",
    ),
]
