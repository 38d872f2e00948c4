import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_sealed_factors"), ("generation", "0029_reservations")]

    operations = [
        migrations.CreateModel(
            name="Budget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "scope",
                    models.CharField(
                        choices=[("all", "Everybody together"), ("feature", "One feature"), ("user", "One person")],
                        max_length=7,
                        verbose_name="of",
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=64, verbose_name="which one")),
                (
                    "period",
                    models.CharField(
                        choices=[("day", "Day (UTC)"), ("month", "Month (UTC)")],
                        default="day",
                        max_length=5,
                        verbose_name="for each",
                    ),
                ),
                ("amount_usd_micros", models.PositiveBigIntegerField(verbose_name="amount in USD micros")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed at")),
            ],
            options={
                "verbose_name": "budget",
                "verbose_name_plural": "budgets",
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "subject", "period"), name="budget_once"),
                    models.CheckConstraint(
                        condition=models.Q(("scope__in", ["all", "feature", "user"])), name="budget_scope_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("period__in", ["day", "month"])), name="budget_period_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("scope", "user"), ("period", "day"), _connector="OR"),
                        name="budget_of_a_month_is_a_persons",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scope", "all"), ("subject", "")),
                            ("scope", "user"),
                            models.Q(("scope", "feature"), models.Q(("subject", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="budget_subject_fits_scope",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BudgetSlice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period_start", models.DateField(verbose_name="first day")),
                ("leased_usd_micros", models.PositiveBigIntegerField(verbose_name="leased, in USD micros")),
                (
                    "budget",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="slices",
                        to="generation.budget",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "verbose_name": "slice of a budget",
                "verbose_name_plural": "slices of budgets",
                "constraints": [
                    models.UniqueConstraint(fields=("budget", "period_start", "workspace"), name="budget_slice_once")
                ],
            },
        ),
    ]
