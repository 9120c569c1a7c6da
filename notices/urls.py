from django.urls import path

from notices import views

urlpatterns = [
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.read, name="notices_read"),
    path("notices/daily/", views.daily_mail, name="notices_daily"),
]
