"""The chain of hashes over the journal: see docs/ledger-seals.md."""
