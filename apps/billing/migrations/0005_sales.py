import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_user_preferences"),
        ("billing", "0004_event_processing"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="stripe_customer",
                        serialize=False,
                        to="accounts.workspace",
                    ),
                ),
                ("stripe_id", models.CharField(max_length=255, unique=True, verbose_name="Stripe's id")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "customer",
                "verbose_name_plural": "customers",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("stripe_id", ""), _negated=True), name="customer_id_given"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CheckoutSession",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("idempotency_key", models.CharField(max_length=200, verbose_name="idempotency key")),
                (
                    "kind",
                    models.CharField(choices=[("pack", "Pack"), ("plan", "Plan")], max_length=4, verbose_name="kind"),
                ),
                ("offer", models.CharField(max_length=64, verbose_name="offer")),
                ("price_amount", models.BigIntegerField(verbose_name="price")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("credits", models.BigIntegerField(verbose_name="credits")),
                ("return_path", models.CharField(blank=True, max_length=500, verbose_name="return path")),
                (
                    "stripe_id",
                    models.CharField(blank=True, max_length=255, null=True, unique=True, verbose_name="Stripe's id"),
                ),
                ("url", models.TextField(blank=True, verbose_name="address")),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("complete", "Complete"), ("expired", "Expired")],
                        default="open",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("is_paid", models.BooleanField(default=False, verbose_name="paid")),
                ("fetch_ticket", models.BigIntegerField(default=0, verbose_name="ticket of the fetch")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checkout_sessions",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "checkout session",
                "verbose_name_plural": "checkout sessions",
                "indexes": [models.Index(fields=["workspace", "-created_at"], name="checkout_session_of_workspace")],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "idempotency_key"), name="checkout_session_key_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "plan"), ("status", "open")),
                        fields=("workspace",),
                        name="checkout_session_one_open_plan",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["pack", "plan"])), name="checkout_session_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "complete", "expired"])),
                        name="checkout_session_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("credits__gte", 0), ("price_amount__gte", 0)),
                        name="checkout_session_amounts_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[a-z]{3}$")),
                        name="checkout_session_currency_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True), name="checkout_session_key_given"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_paid", False), ("status", "complete"), _connector="OR"),
                        name="checkout_session_paid_once_complete",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("stripe_id", models.CharField(max_length=255, unique=True, verbose_name="Stripe's id")),
                (
                    "stripe_subscription_id",
                    models.CharField(blank=True, max_length=255, verbose_name="Stripe's id of the subscription"),
                ),
                ("number", models.CharField(blank=True, max_length=100, verbose_name="number")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("open", "Open"),
                            ("paid", "Paid"),
                            ("uncollectible", "Uncollectible"),
                            ("void", "Void"),
                        ],
                        max_length=13,
                        verbose_name="status",
                    ),
                ),
                ("total", models.BigIntegerField(verbose_name="total")),
                ("amount_paid", models.BigIntegerField(default=0, verbose_name="amount paid")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("attempt_count", models.PositiveIntegerField(default=0, verbose_name="attempts to collect")),
                (
                    "next_payment_attempt_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="next attempt to collect"),
                ),
                ("hosted_url", models.TextField(blank=True, verbose_name="address of the page")),
                ("pdf_url", models.TextField(blank=True, verbose_name="address of the PDF")),
                ("issued_at", models.DateTimeField(verbose_name="issued at")),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid at")),
                ("fetch_ticket", models.BigIntegerField(verbose_name="ticket of the fetch")),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "invoice",
                "verbose_name_plural": "invoices",
                "indexes": [models.Index(fields=["workspace", "-issued_at"], name="invoice_of_workspace")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["draft", "open", "paid", "uncollectible", "void"])),
                        name="invoice_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stripe_id", ""), _negated=True), name="invoice_id_given"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_paid__gte", 0)), name="invoice_paid_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[a-z]{3}$")), name="invoice_currency_lower_case"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("pack", "Pack"), ("plan", "Plan"), ("top_up", "Auto top-up")],
                        max_length=6,
                        verbose_name="kind",
                    ),
                ),
                ("source_key", models.CharField(max_length=200, unique=True, verbose_name="what was paid")),
                (
                    "stripe_subscription_id",
                    models.CharField(blank=True, max_length=255, verbose_name="Stripe's id of the subscription"),
                ),
                (
                    "stripe_payment_intent_id",
                    models.CharField(
                        blank=True, max_length=255, null=True, unique=True, verbose_name="Stripe's id of the payment"
                    ),
                ),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount_refunded", models.BigIntegerField(default=0, verbose_name="refunded")),
                ("amount_disputed", models.BigIntegerField(default=0, verbose_name="disputed")),
                (
                    "dispute_status",
                    models.CharField(
                        choices=[("none", "None"), ("open", "Open"), ("won", "Won"), ("lost", "Lost")],
                        default="none",
                        max_length=4,
                        verbose_name="dispute",
                    ),
                ),
                ("credits", models.BigIntegerField(verbose_name="credits")),
                ("credits_taken_back", models.BigIntegerField(default=0, verbose_name="credits taken back")),
                ("receipt_url", models.TextField(blank=True, verbose_name="address of the receipt")),
                ("paid_at", models.DateTimeField(verbose_name="paid at")),
                ("correction_count", models.PositiveIntegerField(default=0, verbose_name="corrections")),
                ("fetch_ticket", models.BigIntegerField(default=0, verbose_name="ticket of the fetch")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "grant_entry",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment",
                        to="billing.ledgerentry",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment",
                "verbose_name_plural": "payments",
                "permissions": [("refund_payment", "Can refund a payment")],
                "indexes": [
                    models.Index(fields=["workspace", "-paid_at"], name="payment_of_workspace"),
                    models.Index(
                        condition=models.Q(("stripe_subscription_id", ""), _negated=True),
                        fields=["stripe_subscription_id", "-paid_at"],
                        name="payment_of_subscription",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["pack", "plan", "top_up"])), name="payment_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("dispute_status__in", ["none", "open", "won", "lost"])),
                        name="payment_dispute_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source_key", ""), _negated=True), name="payment_source_given"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gte", 0), ("amount_disputed__gte", 0), ("amount_refunded__gte", 0)
                        ),
                        name="payment_amounts_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_refunded__lte", models.F("amount"))),
                        name="payment_refunded_within_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("credits_taken_back", 0),
                            models.Q(("credits_taken_back__gt", 0), ("credits_taken_back__lte", models.F("credits"))),
                            _connector="OR",
                        ),
                        name="payment_taken_back_within_credits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[a-z]{3}$")), name="payment_currency_lower_case"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("credits__lte", 0), ("grant_entry__isnull", False), _connector="OR"),
                        name="payment_credits_granted",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("stripe_id", models.CharField(max_length=255, unique=True, verbose_name="Stripe's id")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("incomplete", "Incomplete"),
                            ("incomplete_expired", "Never paid"),
                            ("trialing", "On trial"),
                            ("active", "Active"),
                            ("past_due", "Payment overdue"),
                            ("unpaid", "Unpaid"),
                            ("paused", "Paused"),
                            ("canceled", "Canceled"),
                        ],
                        max_length=18,
                        verbose_name="status",
                    ),
                ),
                ("plan", models.CharField(max_length=40, verbose_name="plan")),
                ("interval", models.CharField(max_length=5, verbose_name="interval")),
                (
                    "stripe_item_id",
                    models.CharField(blank=True, max_length=255, verbose_name="Stripe's id of the item"),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("current_period_start", models.DateTimeField(verbose_name="period start")),
                ("current_period_end", models.DateTimeField(verbose_name="period end")),
                ("trial_end", models.DateTimeField(blank=True, null=True, verbose_name="trial end")),
                ("cancel_at", models.DateTimeField(blank=True, null=True, verbose_name="cancels at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                ("past_due_since", models.DateTimeField(blank=True, null=True, verbose_name="overdue since")),
                ("fetch_ticket", models.BigIntegerField(verbose_name="ticket of the fetch")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "subscription",
                "verbose_name_plural": "subscriptions",
                "indexes": [
                    models.Index(fields=["workspace", "-started_at"], name="subscription_of_workspace"),
                    models.Index(
                        condition=models.Q(("status", "past_due")),
                        fields=["past_due_since"],
                        name="subscription_past_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "incomplete",
                                    "incomplete_expired",
                                    "trialing",
                                    "active",
                                    "past_due",
                                    "unpaid",
                                    "paused",
                                    "canceled",
                                ],
                            )
                        ),
                        name="subscription_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stripe_id", ""), _negated=True), name="subscription_id_given"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("plan", ""), _negated=True), name="subscription_plan_given"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("current_period_start__lte", models.F("current_period_end"))),
                        name="subscription_period_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "past_due"), _negated=True),
                            ("past_due_since__isnull", False),
                            _connector="OR",
                        ),
                        name="subscription_past_due_dated",
                    ),
                ],
            },
        ),
    ]
