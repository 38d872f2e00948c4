"""Deletion with a grace, data exports, and what people agreed to."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_made_for_whom"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="DataExport",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("slug", models.CharField(max_length=64, unique=True, verbose_name="name")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=7,
                        verbose_name="status",
                    ),
                ),
                ("attempt", models.PositiveSmallIntegerField(default=0, verbose_name="attempt")),
                ("claimed_until", models.DateTimeField(verbose_name="claimed until")),
                ("size_bytes", models.PositiveBigIntegerField(default=0, verbose_name="size (bytes)")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished at")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires at")),
            ],
            options={
                "verbose_name": "data export",
                "verbose_name_plural": "data exports",
            },
        ),
        migrations.CreateModel(
            name="DataExportChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("attempt", models.PositiveSmallIntegerField(verbose_name="attempt")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("content", models.BinaryField(verbose_name="content")),
            ],
            options={
                "verbose_name": "piece of a data export",
                "verbose_name_plural": "pieces of data exports",
            },
        ),
        migrations.CreateModel(
            name="ProviderConsent",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                ("given_at", models.DateTimeField(verbose_name="given at")),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="withdrawn at")),
            ],
            options={
                "verbose_name": "consent to the provider",
                "verbose_name_plural": "consents to the provider",
            },
        ),
        migrations.AddField(
            model_name="user",
            name="consent_version",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, editable=False, verbose_name="agreed to send text to the provider"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="deletion_due_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="to be deleted at"),
        ),
        migrations.AddField(
            model_name="user",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="erased at"),
        ),
        migrations.AddField(
            model_name="workspace",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="erased at"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("deletion_due_at__isnull", False)),
                fields=["deletion_due_at"],
                name="user_deletion_due",
            ),
        ),
        migrations.AddIndex(
            model_name="workspace",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False), ("erased_at", None)),
                fields=["deleted_at"],
                name="workspace_erasure_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at", None),
                    models.Q(("consent_version", 0), ("deletion_due_at", None), ("is_active", False), ("name", "")),
                    _connector="OR",
                ),
                name="user_erased_is_nobody",
            ),
        ),
        migrations.AddField(
            model_name="dataexport",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="data_exports", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="dataexportchunk",
            name="export",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chunks",
                to="accounts.dataexport",
            ),
        ),
        migrations.AddField(
            model_name="providerconsent",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="provider_consents",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="dataexport",
            index=models.Index(
                condition=models.Q(("status__in", ["queued", "running"])),
                fields=["claimed_until"],
                name="data_export_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataexport",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["queued", "running", "ready", "failed"])),
                name="data_export_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataexport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at", None), ("status__in", ["queued", "running"])),
                    models.Q(("finished_at__isnull", False), ("status__in", ["ready", "failed"])),
                    _connector="OR",
                ),
                name="data_export_finished_when_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataexport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("expires_at__isnull", False), ("status", "ready")),
                    models.Q(models.Q(("status", "ready"), _negated=True), ("expires_at", None)),
                    _connector="OR",
                ),
                name="data_export_expires_when_ready",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataexport",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["queued", "running"])),
                fields=("user",),
                name="data_export_one_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataexportchunk",
            constraint=models.UniqueConstraint(fields=("export", "attempt", "number"), name="data_export_chunk_once"),
        ),
        migrations.AddConstraint(
            model_name="providerconsent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at", None)),
                fields=("user", "version"),
                name="provider_consent_stands_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)), name="provider_consent_has_a_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="providerconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("withdrawn_at", None), ("withdrawn_at__gte", models.F("given_at")), _connector="OR"
                ),
                name="provider_consent_withdrawn_after_it_was_given",
            ),
        ),
    ]
