"""`python -m tests.faults.crowd 100`, in a product's environment: that many people, each on Stripe's page of a pack.

Prints the Stripe ids of their checkout sessions, one a line.
"""

import os
import sys
import uuid

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
django.setup()

from apps.accounts import consent  # noqa: E402
from apps.accounts.models import User  # noqa: E402
from apps.accounts.services import create_personal_workspace  # noqa: E402
from apps.billing import checkout  # noqa: E402
from apps.core.db import system_scope  # noqa: E402


def main(number: int) -> None:
    for _person in range(number):
        key = str(uuid.uuid4())
        with system_scope():
            user = User.objects.create_user(f"{key}@example.com", consent_version=consent.VERSION)
            workspace = create_personal_workspace(user=user)
        session = checkout.start_pack_checkout(
            user=user, workspace=workspace, pack="small", idempotency_key=key, return_path=""
        )
        print(session.stripe_id)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
