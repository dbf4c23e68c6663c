"""A dividend is a claim from its ex-date until it is paid: see docs/ledger.md."""

from decimal import Decimal

from django.db import migrations, models

ENTRY_KINDS = [
    ("deposit", "Deposit"),
    ("withdrawal", "Withdrawal"),
    ("buy", "Buy"),
    ("sell", "Sell"),
    ("dividend", "Dividend"),
    ("interest", "Interest"),
    ("fee", "Fee"),
    ("tax", "Tax"),
    ("split", "Split"),
    ("transfer_in", "Transfer in"),
    ("transfer_out", "Transfer out"),
    ("spin_off", "Spin off"),
    ("adjustment", "Adjustment"),
    ("settlement", "Settlement"),
    ("reversal", "Reversal"),
    ("restatement", "Restatement"),
    ("accrual", "Accrual"),
    ("accrual_paid", "Accrual paid"),
]
ACCOUNT_KINDS = [
    ("settled", "Settled"),
    ("to_receive", "To receive"),
    ("to_deliver", "To deliver"),
    ("accrued", "Accrued"),
    ("street", "Street"),
    ("fees", "Fees"),
    ("taxes", "Taxes"),
    ("income", "Income"),
    ("unpaid", "Unpaid"),
    ("equity", "Equity"),
    ("reset", "Reset"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0021_room_for_entries_of_import_rows"),
    ]

    operations = [
        migrations.AddField(
            model_name="ledgerbalance",
            name="accrued",
            field=models.DecimalField(
                db_default=Decimal(0), decimal_places=10, default=Decimal(0), max_digits=28
            ),
        ),
        migrations.AlterField(
            model_name="journalentry",
            name="kind",
            field=models.CharField(choices=ENTRY_KINDS, max_length=12),
        ),
        migrations.AlterField(
            model_name="ledgeraccount",
            name="kind",
            field=models.CharField(choices=ACCOUNT_KINDS, max_length=12),
        ),
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(
                condition=models.Q(("kind__in", ["split", "dividend", "accrual", "accrual_paid"])),
                fields=["portfolio", "instrument", "occurred_at", "id"],
                name="journal_entry_of_the_market",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerbalance",
            constraint=models.CheckConstraint(
                condition=models.Q(("accrued__gte", 0)), name="ledger_balance_accrued_positive"
            ),
        ),
    ]
