"""Addresses of decisions and routes; the page around a decision lives with its subject."""

from django.urls import path

from approvals.views import deciding, editor, interventions, record, routes, turns

urlpatterns = [
    path("work-items/<uuid:work_item_id>/decide/", deciding.decide, name="decide"),
    path(
        "work-items/<uuid:work_item_id>/prepare/",
        deciding.prepare,
        name="prepare_signature",
    ),
    path(
        "work-items/<uuid:work_item_id>/add-signer/",
        turns.ask("add_signer"),
        name="add_signer",
    ),
    path("work-items/<uuid:work_item_id>/transfer/", turns.ask("transfer"), name="transfer"),
    path("work-items/<uuid:work_item_id>/consult/", turns.ask("consult"), name="consult"),
    path("work-items/<uuid:work_item_id>/opinion/", turns.give_opinion, name="give_opinion"),
    path("sign-offs/<uuid:sign_off_id>/revoke/", turns.revoke, name="revoke"),
    path("approvals/<uuid:approval_id>/", record.approval, name="approval"),
    path("approvals/<uuid:approval_id>/form/", record.approval_form, name="approval_form"),
    path(
        "approvals/<uuid:approval_id>/intervention/",
        interventions.intervention,
        name="intervention",
    ),
    path(
        "interventions/<uuid:intervention_id>/settle/",
        interventions.intervention_settle,
        name="intervention_settle",
    ),
    path("routes/", routes.routes, name="routes"),
    path("routes/help/", routes.routes_help, name="routes_help"),
    path("routes/schema.json", routes.route_schema, name="route_schema"),
    path("routes/import/", editor.route_import, name="route_import"),
    path("routes/new/", editor.route_new, name="route_new"),
    path("routes/<uuid:route_id>/", routes.route, name="route"),
    path(
        "routes/<uuid:route_id>/versions/<int:old>/<int:new>/",
        routes.route_differences,
        name="route_differences",
    ),
    path("routes/<uuid:route_id>/rehearsal/", editor.route_rehearsal, name="route_rehearsal"),
    path(
        "routes/<uuid:route_id>/route.json", routes.route_file, {"form": "json"}, name="route_json"
    ),
    path(
        "routes/<uuid:route_id>/route.bpmn", routes.route_file, {"form": "bpmn"}, name="route_bpmn"
    ),
    path("routes/<uuid:route_id>/draft/", editor.route_draft, name="route_draft"),
    path(
        "routes/<uuid:route_id>/draft/begin/",
        editor.route_draft_begin,
        name="route_draft_begin",
    ),
    path(
        "routes/<uuid:route_id>/draft/withdraw/",
        editor.route_draft_withdraw,
        name="route_draft_withdraw",
    ),
    path(
        "routes/<uuid:route_id>/draft/abandon/",
        editor.route_draft_abandon,
        name="route_draft_abandon",
    ),
]
