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
    """
    CREATE TABLE days (                 -- this and the next two: sums of answers and events, kept by the triggers
        day INTEGER PRIMARY KEY,        -- of an event: the day that ends at 4 a.m.
        correct INTEGER NOT NULL DEFAULT 0,
        missed INTEGER NOT NULL DEFAULT 0,
        seconds REAL NOT NULL DEFAULT 0,        -- on questions; ten minutes for one at most: somebody left the desk
        checks INTEGER NOT NULL DEFAULT 0,
        passes INTEGER NOT NULL DEFAULT 0,
        kata_seconds REAL NOT NULL DEFAULT 0    -- between events; 20 minutes for a gap at most, none for a long break
    );
    CREATE TABLE traps (                -- how often each option was taken in a wrong answer
        question TEXT NOT NULL,
        content TEXT NOT NULL,          -- hash of what was asked: another text has other options
        option INTEGER NOT NULL,
        times INTEGER NOT NULL,
        PRIMARY KEY (question, content, option)
    ) WITHOUT ROWID;
    CREATE TABLE efforts (
        kata TEXT PRIMARY KEY,
        checks INTEGER NOT NULL DEFAULT 0,
        passes INTEGER NOT NULL DEFAULT 0,
        hints INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX traps_by_times ON traps (times);
    CREATE VIEW answered AS
        SELECT id, day, question, content, detail, 1 AS sign, outcome = 'right' AS correct,
               outcome = 'wrong' AS missed, MIN(seconds, 600) AS seconds
        FROM answers WHERE undoes IS NULL AND question NOT LIKE 'kata:%'
        UNION ALL                       -- what was taken back; the time was spent all the same
        SELECT undone.id, gone.day, gone.question, gone.content, gone.detail, -1, -(gone.outcome = 'right'),
               -(gone.outcome = 'wrong'), 0
        FROM answers undone JOIN answers gone ON gone.id = undone.undoes WHERE gone.question NOT LIKE 'kata:%';
    CREATE VIEW fallen AS
        SELECT answered.id, question, content, json_each.value AS option, sign
        FROM answered, json_each(detail, '$.chosen')
        WHERE missed <> 0 AND question NOT LIKE 'bug:%' AND COALESCE(json_extract(detail, '$.kind'), '') <> 'order';
    CREATE VIEW happened AS
        SELECT id, kata, kind = 'checked' AS checks, kind = 'checked' AND passed = 1 AS passes, kind = 'hinted' AS hints,
               CAST(julianday(date(at, utc_offset || ' minutes', '-4 hours')) - 1721424.5 AS INTEGER) AS day,
               (julianday(at) - (SELECT julianday(at) FROM events before WHERE before.id < events.id
                                 ORDER BY id DESC LIMIT 1)) * 86400 AS gap
        FROM events;
    INSERT INTO days (day, correct, missed, seconds)
        SELECT day, SUM(correct), SUM(missed), SUM(seconds) FROM answered GROUP BY day;
    INSERT INTO traps SELECT question, content, option, SUM(sign) FROM fallen GROUP BY 1, 2, 3;
    INSERT INTO efforts SELECT kata, SUM(checks), SUM(passes), SUM(hints) FROM happened GROUP BY kata;
    INSERT INTO days (day, checks, passes, kata_seconds)
        SELECT day, SUM(checks), SUM(passes), TOTAL(CASE WHEN gap BETWEEN 0 AND 7200 THEN MIN(gap, 1200) ELSE 0 END)
        FROM happened WHERE day IS NOT NULL GROUP BY day
        ON CONFLICT (day) DO UPDATE SET checks = excluded.checks, passes = excluded.passes,
            kata_seconds = excluded.kata_seconds;
    CREATE TRIGGER answers_count AFTER INSERT ON answers BEGIN
        INSERT INTO days (day, correct, missed, seconds)
            SELECT day, correct, missed, seconds FROM answered WHERE id = NEW.id
            ON CONFLICT (day) DO UPDATE SET correct = correct + excluded.correct, missed = missed + excluded.missed,
                seconds = seconds + excluded.seconds; END;
    CREATE TRIGGER traps_count AFTER INSERT ON answers BEGIN
        INSERT INTO traps SELECT question, content, option, sign FROM fallen WHERE id = NEW.id
            ON CONFLICT (question, content, option) DO UPDATE SET times = times + excluded.times; END;
    CREATE TRIGGER efforts_count AFTER INSERT ON events BEGIN
        INSERT INTO efforts SELECT kata, checks, passes, hints FROM happened WHERE id = NEW.id
            ON CONFLICT (kata) DO UPDATE SET checks = checks + excluded.checks, passes = passes + excluded.passes,
                hints = hints + excluded.hints; END;
    CREATE TRIGGER events_count AFTER INSERT ON events BEGIN
        INSERT INTO days (day, checks, passes, kata_seconds)
            SELECT day, checks, passes, CASE WHEN gap BETWEEN 0 AND 7200 THEN MIN(gap, 1200) ELSE 0 END
            FROM happened WHERE id = NEW.id AND day IS NOT NULL
            ON CONFLICT (day) DO UPDATE SET checks = checks + excluded.checks, passes = passes + excluded.passes,
                kata_seconds = kata_seconds + excluded.kata_seconds; END;
    """,
    """
    CREATE TABLE remarks (              -- bookmarks and notes; of each kind, the newest row of a thing counts
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,               -- UTC, ISO 8601
        utc_offset INTEGER NOT NULL,    -- minutes east of UTC where the learner was
        thing TEXT NOT NULL,            -- kata:attention, concept:sqrt_dk, question:sqrt_dk.variance, path:vision
        sort TEXT NOT NULL,             -- bookmark, note
        text TEXT NOT NULL              -- '' takes it away
    );
    CREATE INDEX remarks_by_thing ON remarks (sort, thing, id);
    """,
    """
    CREATE TABLE plans (                -- the newest one counts
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,               -- UTC, ISO 8601
        utc_offset INTEGER NOT NULL,    -- minutes east of UTC where the learner was
        day INTEGER NOT NULL,           -- on which it was made
        until INTEGER,                  -- the day of the interview; NULL: no plan any more
        minutes INTEGER NOT NULL,       -- a day
        path TEXT NOT NULL              -- '' for all there is
    );
    """,
    """
    CREATE TABLE interview_steps (
        id INTEGER PRIMARY KEY,
        interview TEXT NOT NULL,        -- its name, which is the same in every copy of the record
        at TEXT NOT NULL,               -- UTC, ISO 8601
        utc_offset INTEGER NOT NULL,    -- minutes east of UTC where the learner was
        did TEXT NOT NULL,              -- begun, asked, hinted, said, done, ended
        detail TEXT NOT NULL            -- JSON: what this step has to tell
    );
    CREATE INDEX interview_steps_by_interview ON interview_steps (interview, did, id);
    CREATE INDEX interview_steps_by_did ON interview_steps (did, id);
    """,
    """
    -- what an answer's day is; NULL in older rows, whose day ended at 4 a.m.
    ALTER TABLE events ADD COLUMN study_day INTEGER;
    DROP VIEW happened;
    CREATE VIEW happened AS
        SELECT id, kata, kind = 'checked' AS checks, kind = 'checked' AND passed = 1 AS passes, kind = 'hinted' AS hints,
               COALESCE(study_day, CAST(julianday(date(at, utc_offset || ' minutes', '-4 hours')) - 1721424.5 AS INTEGER))
                   AS day,
               (julianday(at) - (SELECT julianday(at) FROM events before WHERE before.id < events.id
                                 ORDER BY id DESC LIMIT 1)) * 86400 AS gap
        FROM events;
    """,
]
