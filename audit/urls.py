from django.urls import path

from audit import exports, log_views, receipts, verify_views, views
from audit.search import views as search

urlpatterns = [
    path("audit/", views.audit, name="audit"),
    path("audit/verification/", views.verification_status, name="audit_verification"),
    path("audit/verify/", views.verify, name="audit_verify"),
    path("audit/list/", search.take, name="audit_list"),
    path("audit/searches/", search.save, name="audit_search_save"),
    path("audit/searches/<uuid:search_id>/", search.change, name="audit_search_change"),
    path("audit/export/", exports.export, name="audit_export"),
    path("audit/<uuid:entry_id>/", views.entry, name="entry"),
    path("audit/<uuid:entry_id>/proof/", exports.proof, name="entry_proof"),
    path("audit/<uuid:entry_id>/receipt/", receipts.receipt, name="entry_receipt"),
    path("audit/<uuid:entry_id>/entry.json", views.entry_json, name="entry_json"),
    path("log/<uuid:organisation>/checkpoint", log_views.checkpoint, name="log_checkpoint"),
    path("log/<uuid:organisation>/tile/<int:level>/<path:place>", log_views.tile, name="log_tile"),
    path("verify/", verify_views.verify, name="verify"),
    path("verify/<str:code>/", verify_views.verify_code, name="verify_code"),
]
