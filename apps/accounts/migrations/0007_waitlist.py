"""The waitlist: addresses, confirmed or not, and the invitations to make an account."""

import django.db.models.functions.text
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_privacy"),
    ]

    operations = [
        migrations.CreateModel(
            name="WaitlistEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail address")),
                ("digest", models.CharField(max_length=64, unique=True, verbose_name="digest of the link")),
                ("mailed_at", models.DateTimeField(verbose_name="last mail at")),
                ("confirmed_at", models.DateTimeField(blank=True, null=True, verbose_name="confirmed at")),
                (
                    "invitation_digest",
                    models.CharField(
                        blank=True,
                        max_length=64,
                        null=True,
                        unique=True,
                        verbose_name="digest of the invitation's link",
                    ),
                ),
                ("invited_at", models.DateTimeField(blank=True, null=True, verbose_name="invited at")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="invitation expires at")),
                ("signed_up_at", models.DateTimeField(blank=True, null=True, verbose_name="signed up at")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "waitlist entry",
                "verbose_name_plural": "waitlist",
                "permissions": [("invite_waitlistentry", "Can invite from the waitlist")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("confirmed_at__isnull", False), ("invited_at", None)),
                        fields=["confirmed_at", "id"],
                        name="waitlist_next",
                    ),
                    models.Index(
                        condition=models.Q(("confirmed_at", None)), fields=["mailed_at"], name="waitlist_purge_due"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="waitlist_email_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("expires_at", None), ("invited_at", None)),
                            models.Q(
                                ("expires_at__gt", models.F("invited_at")),
                                ("expires_at__isnull", False),
                                ("invited_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="waitlist_invitation_expires",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("invitation_digest", None),
                            models.Q(("invited_at__isnull", False), ("signed_up_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="waitlist_link_is_of_an_invitation",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("signed_up_at", None),
                            models.Q(("confirmed_at__isnull", False), ("invited_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="waitlist_signed_up_by_invitation",
                    ),
                ],
            },
        ),
    ]
