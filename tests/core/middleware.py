"""Middleware that fails, outside of any view."""

from django.db import OperationalError


def losing_the_database(get_response):
    def middleware(request):
        get_response(request)
        raise OperationalError("the session could not be saved")

    return middleware
