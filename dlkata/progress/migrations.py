"""The tables of the record, and how older ones are brought up to date."""

# Each script brings the file from the version of its index to the next one. Never edit one that was released.
MIGRATIONS = [
    """
    CREATE TABLE sources (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,               -- UTC, ISO 8601
        utc_offset INTEGER NOT NULL,    -- minutes east of UTC where the learner was
        kind TEXT NOT NULL,
        kata TEXT NOT NULL,
        passed INTEGER,                 -- of a check: 0 or 1
        source TEXT REFERENCES sources, -- what was checked
        detail TEXT NOT NULL            -- JSON: what this kind of event has to tell
    );
    CREATE INDEX events_by_kata ON events (kata, kind, passed, id);
    """,
    """
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        utc_offset INTEGER NOT NULL,
        day INTEGER NOT NULL,           -- the learner's study day, which ends at 4 a.m.
        seed INTEGER NOT NULL,
        wish TEXT NOT NULL,             -- JSON: what was asked for
        plan TEXT NOT NULL,             -- JSON: ids in the order in which they are asked
        holder INTEGER,                 -- the process that is asking now
        ended INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE answers (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,               -- UTC, ISO 8601
        utc_offset INTEGER NOT NULL,    -- minutes east of UTC where the learner was
        day INTEGER NOT NULL,
        session INTEGER REFERENCES sessions,
        question TEXT NOT NULL,         -- sqrt_dk.variance, bug:attention.wrong_axis, kata:attention
        seed INTEGER NOT NULL,          -- of its numbers and of the order of its options
        outcome TEXT NOT NULL,          -- right, wrong, skipped, undone
        rating INTEGER,                 -- 1 to 4, as the scheduler was told
        seconds REAL NOT NULL,
        content TEXT NOT NULL,          -- hash of what was asked
        undoes INTEGER,                 -- the answer that this row takes back
        detail TEXT NOT NULL            -- JSON: what was typed and chosen
    );
    CREATE INDEX answers_by_question ON answers (question, id);
    CREATE INDEX answers_by_session ON answers (session, id);
    CREATE INDEX answers_by_day ON answers (day, question);
    CREATE INDEX sessions_by_day ON sessions (day, ended, id);
    CREATE TABLE cards (                -- computed from answers, and can be computed again
        id TEXT PRIMARY KEY,
        stability REAL NOT NULL,
        difficulty REAL NOT NULL,
        due INTEGER NOT NULL,           -- days, as are the next two
        last INTEGER NOT NULL,
        first INTEGER NOT NULL,
        answers INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX cards_by_due ON cards (due, id);
    CREATE INDEX cards_by_last ON cards (last);
    CREATE INDEX cards_by_first ON cards (first);
    CREATE INDEX events_by_kata_in_time ON events (kata, id);
    """,
]
