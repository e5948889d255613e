"""
Alembic revisions of the store's schema, shipped inside the package.

Each revision is numbered and declares `OLDEST_USABLE`: the oldest revision whose code may go on
working once this one is applied. It is kept in `schema_use` with the revision that says so. A
rolling upgrade then knows whether old processes may stay up.
"""
