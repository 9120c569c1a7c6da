"""Addresses of tasks, of their reports and files, and of the decisions on them."""

from django.urls import path

from workflows.views import evidence, reports, requests, reviews, tasks, together
from workflows.views.tasks import page_of

urlpatterns = [
    path("tasks/<uuid:task_id>/", tasks.task, name="task"),
    path("tasks/<uuid:task_id>/accept/", page_of("accept"), name="task_accept"),
    path("tasks/<uuid:task_id>/decline/", page_of("decline"), name="task_decline"),
    path("tasks/<uuid:task_id>/insist/", page_of("insist"), name="task_insist"),
    path("tasks/<uuid:task_id>/withdraw/", page_of("withdraw"), name="task_withdraw"),
    path("tasks/<uuid:task_id>/close/", page_of("close"), name="task_close"),
    path("tasks/<uuid:task_id>/reopen/", page_of("reopen"), name="task_reopen"),
    path("tasks/<uuid:task_id>/reassign/", page_of("reassign"), name="task_reassign"),
    path("tasks/<uuid:task_id>/due-date/", page_of("set_due_date"), name="task_due_date"),
    path("tasks/<uuid:task_id>/extension/", requests.ask_extension, name="extension"),
    path(
        "tasks/<uuid:task_id>/extension/withdraw/",
        requests.withdraw_extension,
        name="extension_withdraw",
    ),
    path("tasks/<uuid:task_id>/reopening/", requests.ask_reopening, name="reopening"),
    path(
        "tasks/<uuid:task_id>/reopening/withdraw/",
        requests.withdraw_reopening,
        name="reopening_withdraw",
    ),
    path("tasks/<uuid:task_id>/priority/", page_of("set_priority"), name="task_priority"),
    path("tasks/<uuid:task_id>/cancel/", page_of("cancel"), name="task_cancel"),
    path(
        "tasks/<uuid:task_id>/units/<uuid:unit_id>/receive/",
        page_of("receive"),
        name="task_receive",
    ),
    path(
        "tasks/<uuid:task_id>/units/<uuid:unit_id>/people/",
        page_of("name_handlers"),
        name="task_people",
    ),
    path("tasks/<uuid:task_id>/report/", reports.report, name="report"),
    path(
        "tasks/<uuid:task_id>/units/<uuid:unit_id>/part/",
        reports.contribution,
        name="contribution",
    ),
    path(
        "tasks/<uuid:task_id>/units/<uuid:unit_id>/draft/",
        reports.autosave,
        name="draft",
    ),
    path("tasks/<uuid:task_id>/reports/<int:number>/", reports.version, name="report_version"),
    path(
        "tasks/<uuid:task_id>/reports/<int:older>/<int:newer>/",
        reports.difference,
        name="difference",
    ),
    path("evidence/<uuid:evidence_id>/", evidence.evidence, name="evidence"),
    path("draft-files/<uuid:file_id>/", evidence.draft_file, name="draft_file"),
    path("work-items/together/", together.together, name="together"),
    path("work-items/next/", reviews.next_decision, name="next_decision"),
    path("work-items/<uuid:work_item_id>/", reviews.review, name="review"),
]
