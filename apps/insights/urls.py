"""Addresses of the cost pages: behind the admin's own door, in its scope and its clock."""

from django.contrib import admin
from django.urls import path

from apps.insights import views

app_name = "insights"
urlpatterns = [
    path("", admin.site.admin_view(views.overview), name="overview"),
    path("workspaces/", admin.site.admin_view(views.workspaces), name="workspaces"),
    path("users/", admin.site.admin_view(views.users), name="users"),
]
