"""`manage.py migrate`, run as the database's owner: the app role may not change tables."""

from django.core.management.base import CommandParser
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Django's migrate, with the owner's connection (MIGRATION_DATABASE_URL) as its default."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")
