"""Addresses of the workshop. The stream itself is an ASGI door (see sse.py); its URL name lives here for templates."""

from django.urls import path

from apps.generation import views

app_name = "generation"
urlpatterns = [
    path("", views.generations, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:generation_id>/", views.detail, name="detail"),
    path("<uuid:generation_id>/cancellation/", views.cancellation, name="cancellation"),
    path("<uuid:generation_id>/markdown/", views.markdown, name="markdown"),
]
