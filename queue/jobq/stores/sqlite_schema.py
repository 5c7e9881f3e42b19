"""The tables of a SQLite store. What each column means is stated at the head of sqlite.py.

Every statement creates what is missing and leaves alone what exists. The partial indexes are what makes cost grow
with what is due: each holds the jobs of one state only, and a query uses it by naming that state literally.
"""

from __future__ import annotations

VERSION = 2
"""Of the whole file, in `PRAGMA user_version`. A file with a higher number is left untouched."""

MIGRATIONS = {
    1: (
        "ALTER TABLE jobs ADD COLUMN lease INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE jobs ADD COLUMN called INTEGER NOT NULL DEFAULT 0",
        """
UPDATE jobs SET lease = max(lease_until - CAST(strftime('%s', 'now') AS INTEGER) * 1000000, 10000000)
WHERE state = 'running'
""",
    ),
}
"""From a version to the next."""

QUEUE_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,
    message TEXT NOT NULL,
    token INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0,
    enqueued_at INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER NOT NULL DEFAULT 0,
    ended_at INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    lease INTEGER NOT NULL DEFAULT 0,
    called INTEGER NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    result TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    dead INTEGER NOT NULL DEFAULT 0,
    forget_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS jobs_available ON jobs (queue, priority) WHERE state = 'available';
CREATE INDEX IF NOT EXISTS jobs_scheduled ON jobs (queue, due) WHERE state = 'scheduled';
CREATE INDEX IF NOT EXISTS jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS jobs_dead ON jobs (ended_at) WHERE dead = 1;
CREATE INDEX IF NOT EXISTS jobs_forgettable ON jobs (forget_at) WHERE forget_at > 0;
CREATE TABLE IF NOT EXISTS queues (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clock (one INTEGER PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS workers (
    name TEXT PRIMARY KEY,
    info TEXT NOT NULL,
    believed_until INTEGER NOT NULL
) WITHOUT ROWID;
"""
