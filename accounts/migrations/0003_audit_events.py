"""What was done, by whom and from where; rows are added and never changed: see docs/audit.md."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.identifiers

# Per statement, so that even a change of no rows is told that it is none.
REFUSE_CHANGE = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only, % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER accounts_auditevent_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON accounts_auditevent FROM PUBLIC, CURRENT_USER;
"""
ALLOW_CHANGE = """
GRANT UPDATE, DELETE, TRUNCATE ON accounts_auditevent TO CURRENT_USER;
DROP TRIGGER accounts_auditevent_append_only ON accounts_auditevent;
DROP FUNCTION audit_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_refresh_tokens"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("occurred_at", models.DateTimeField()),
                ("action", models.CharField(max_length=60)),
                ("actor_key_id", models.UUIDField(null=True)),
                ("target", models.CharField(max_length=40)),
                ("target_id", models.CharField(max_length=80)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("via", models.CharField(max_length=10)),
                ("address", models.CharField(blank=True, max_length=64)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                (
                    "actor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="audit_events",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["owner", "-occurred_at", "-id"], name="audit_event_of_owner"
                    ),
                    models.Index(fields=["-occurred_at", "-id"], name="audit_event_newest"),
                    models.Index(
                        fields=["action", "-occurred_at", "-id"], name="audit_event_of_action"
                    ),
                ],
            },
        ),
        migrations.RunSQL(REFUSE_CHANGE, ALLOW_CHANGE),
    ]
