import django.db.models.deletion
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_user_preferences"),
        ("billing", "0005_sales"),
    ]

    operations = [
        migrations.CreateModel(
            name="SpendingRules",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="spending_rules",
                        serialize=False,
                        to="accounts.workspace",
                    ),
                ),
                (
                    "monthly_cap_credits",
                    models.BigIntegerField(blank=True, null=True, verbose_name="monthly spend cap"),
                ),
                ("overage_cap_credits", models.BigIntegerField(default=0, verbose_name="overage cap")),
                ("tops_up", models.BooleanField(default=False, verbose_name="auto top-up")),
                ("top_up_pack", models.CharField(blank=True, max_length=40, verbose_name="pack to buy")),
                ("top_up_threshold_credits", models.BigIntegerField(default=0, verbose_name="top up below")),
                ("top_up_monthly_cap_amount", models.BigIntegerField(default=0, verbose_name="monthly cap of top-ups")),
                ("top_up_paused_reason", models.CharField(blank=True, max_length=40, verbose_name="paused because")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
            ],
            options={
                "verbose_name": "spending rules",
                "verbose_name_plural": "spending rules",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("monthly_cap_credits__isnull", True), ("monthly_cap_credits__gte", 0), _connector="OR"
                        ),
                        name="spending_cap_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("overage_cap_credits__gte", 0),
                            ("top_up_monthly_cap_amount__gte", 0),
                            ("top_up_threshold_credits__gte", 0),
                        ),
                        name="spending_amounts_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("tops_up", False), models.Q(("top_up_pack", ""), _negated=True), _connector="OR"
                        ),
                        name="spending_top_up_has_pack",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OverageReport",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="overage_report",
                        serialize=False,
                        to="billing.ledgerentry",
                    ),
                ),
                (
                    "stripe_subscription_id",
                    models.CharField(max_length=255, verbose_name="Stripe's id of the subscription"),
                ),
                ("credits", models.BigIntegerField(verbose_name="credits")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("reported_at", models.DateTimeField(blank=True, null=True, verbose_name="reported at")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("error", models.CharField(blank=True, max_length=250, verbose_name="last error")),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="overage_reports",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "overage report",
                "verbose_name_plural": "overage reports",
                "indexes": [
                    models.Index(fields=["workspace", "created_at"], name="overage_of_workspace"),
                    models.Index(
                        condition=models.Q(("reported_at__isnull", True)),
                        fields=["created_at"],
                        name="overage_unreported",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("credits__gt", 0)), name="overage_credits_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reported_at__isnull", True), ("reported_at__gte", models.F("created_at")), _connector="OR"
                        ),
                        name="overage_reported_later",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TopUp",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("pack", models.CharField(max_length=40, verbose_name="pack")),
                ("price_amount", models.BigIntegerField(verbose_name="price")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("credits", models.BigIntegerField(verbose_name="credits")),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Pending"), ("succeeded", "Succeeded"), ("failed", "Failed")],
                        default="pending",
                        max_length=9,
                        verbose_name="status",
                    ),
                ),
                (
                    "stripe_payment_intent_id",
                    models.CharField(
                        blank=True, max_length=255, null=True, unique=True, verbose_name="Stripe's id of the payment"
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=250, verbose_name="why it failed")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="top_ups",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "top-up",
                "verbose_name_plural": "top-ups",
                "indexes": [models.Index(fields=["workspace", "created_at"], name="top_up_of_workspace")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "pending")), fields=("workspace",), name="top_up_one_pending"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "succeeded", "failed"])),
                        name="top_up_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("credits__gt", 0), ("price_amount__gt", 0)), name="top_up_amounts_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[a-z]{3}$")), name="top_up_currency_lower_case"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("status", "pending")),
                            models.Q(models.Q(("status", "pending"), _negated=True), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="top_up_ended_unless_pending",
                    ),
                ],
            },
        ),
    ]
