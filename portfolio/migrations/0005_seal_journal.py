"""Seals over the journal, append-only as the journal is, and the order in which it is sealed."""

from django.db import migrations, models

# recorded_xid is no column of the model, see migration 0002.
INDEX = "CREATE INDEX journal_entry_by_xid ON portfolio_journalentry (recorded_xid, id)"
PROTECT = """
CREATE TRIGGER portfolio_journalseal_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON portfolio_journalseal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON portfolio_journalseal FROM PUBLIC, CURRENT_USER;
"""
EXPOSE = """
DROP TRIGGER portfolio_journalseal_append_only ON portfolio_journalseal;
GRANT UPDATE, DELETE, TRUNCATE ON portfolio_journalseal TO CURRENT_USER;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0004_probe_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerVerification",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("verified_at", models.DateTimeField()),
                ("seals", models.BigIntegerField()),
                ("entries", models.BigIntegerField()),
                ("problems", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="JournalSeal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("from_xid", models.BigIntegerField()),
                ("to_xid", models.BigIntegerField()),
                ("entries", models.PositiveIntegerField()),
                ("postings", models.PositiveIntegerField()),
                ("previous_hash", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("number__gte", 1), ("to_xid__gt", models.F("from_xid"))
                        ),
                        name="journal_seal_covers_something",
                    )
                ],
            },
        ),
        migrations.RunSQL(INDEX, "DROP INDEX journal_entry_by_xid"),
        migrations.RunSQL(PROTECT, EXPOSE),
    ]
