"""
Evidence, inbox and outbox: what must survive a crash, behind Protocols; SQLite and PostgreSQL.

Knows SQL, transactions, leases, migrations. Must not know: FHIR, HTTP, clinical rules.
"""
