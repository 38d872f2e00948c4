"""What an API key may be made for: the one list of scopes, and how fast a key may be at most."""

from django.utils.translation import gettext_lazy as _

GENERATIONS_READ = "generations:read"
GENERATIONS_WRITE = "generations:write"
BILLING_READ = "billing:read"

# A new one needs a migration, too: the database knows the list.
SCOPES = {
    GENERATIONS_READ: _("Read generations, with their texts"),
    GENERATIONS_WRITE: _("Start and stop generations: spends credits"),
    BILLING_READ: _("Read the balance"),
}
REQUESTS_PER_MINUTE_DEFAULT = 60
REQUESTS_PER_MINUTE_MAX = 600
