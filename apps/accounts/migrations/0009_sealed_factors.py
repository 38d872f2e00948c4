"""The secrets of authenticator apps and recovery codes, stored in the clear until now, are sealed."""

from collections.abc import Callable
from typing import Any

from django.db import migrations

from apps.core.sealing import seal, unseal

SECRETS = {"totp": "secret", "recovery_codes": "seed"}


def seal_all(apps: Any, schema_editor: Any) -> None:
    """Seal every secret."""
    _change_all(apps, schema_editor, seal)


def unseal_all(apps: Any, schema_editor: Any) -> None:
    """Store every secret in the clear again."""
    _change_all(apps, schema_editor, unseal)


def _change_all(apps: Any, schema_editor: Any, change: Callable[[str], str]) -> None:
    factors = apps.get_model("mfa", "Authenticator").objects.using(schema_editor.connection.alias)
    for factor in factors.filter(type__in=SECRETS):
        name = SECRETS[factor.type]
        factor.data = factor.data | {name: change(factor.data[name])}
        factor.save(update_fields=["data"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_key_budget"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [migrations.RunPython(seal_all, unseal_all)]
