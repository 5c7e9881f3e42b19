"""The beat's tables in a SQLite store. What each column means is stated at the head of sqlite.py.

`entries_due` holds what `due` answers, so that it looks at nothing but the entries that are due. The history of an
entry lies together, numbered from 1 without a gap at the end, so that its end and its oldest records are found
by their numbers and nothing is ever counted.
"""

from __future__ import annotations

BEAT_SCHEMA = """
CREATE TABLE IF NOT EXISTS leader (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    node TEXT NOT NULL,
    term INTEGER NOT NULL,
    until INTEGER NOT NULL,
    ttl INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS nodes (name TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    definition TEXT NOT NULL,
    revision INTEGER NOT NULL,
    anchor INTEGER NOT NULL,
    next_fire INTEGER NOT NULL,
    last_fire INTEGER NOT NULL DEFAULT 0,
    runs INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS entries_due ON entries (next_fire, name, revision) WHERE next_fire > 0;
CREATE INDEX IF NOT EXISTS entries_source ON entries (source);
CREATE TABLE IF NOT EXISTS history (
    entry TEXT NOT NULL,
    number INTEGER NOT NULL,
    fire_time INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (entry, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removed (entry TEXT PRIMARY KEY, removed_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
"""
