"""The address of the retention policy, among a person's settings: accounts does not know about texts."""

from django.urls import path

from apps.generation import retention_views

app_name = "retention"
urlpatterns = [path("", retention_views.retention_policy, name="policy")]
