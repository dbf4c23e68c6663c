"""The horizon of this database alone.

Transactions are numbered for the whole server, so tests beside this one in databases of their own
would hold back what this database has finished until they end.
"""

OWN_HORIZON = """
SELECT coalesce(min(activity.backend_xid::text::bigint), newest.xid), newest.xid
FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xid) AS newest
LEFT JOIN pg_stat_activity AS activity
  ON activity.datname = current_database() AND activity.backend_xid IS NOT NULL
 AND activity.pid <> pg_backend_pid()
GROUP BY newest.xid
"""
