"""Mail services that fail."""

from django.core.mail.backends.base import BaseEmailBackend


class Broken(BaseEmailBackend):
    def send_messages(self, email_messages):
        raise ZeroDivisionError("the mail service is odd")
