"""Addresses of conversations: what belongs to several generations together."""

from django.urls import path

from apps.generation import conversation_views, export_views

app_name = "conversation"
urlpatterns = [
    path("<uuid:conversation_id>/", conversation_views.conversation, name="detail"),
    path("<uuid:conversation_id>/label/", conversation_views.label, name="label"),
    path("<uuid:conversation_id>/pin/", conversation_views.pin, name="pin"),
    path("<uuid:conversation_id>/archive/", conversation_views.archive, name="archive"),
    path("<uuid:conversation_id>/deletion/", conversation_views.deletion, name="deletion"),
    path("<uuid:conversation_id>/markdown/", export_views.conversation_markdown, name="markdown"),
    path("<uuid:conversation_id>/html/", export_views.conversation_html, name="html"),
]
