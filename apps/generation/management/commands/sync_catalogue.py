"""`manage.py sync_catalogue`: part of every release."""

from django.core.management.base import BaseCommand

from apps.generation import prompts


class Command(BaseCommand):
    """Publishes what the files of the repository say about prompt templates."""

    help = "Publish changed prompt templates as new versions."

    def handle(self, *args: object, **options: object) -> None:
        for version in prompts.publish_all():
            self.stdout.write(f"published {version}")
