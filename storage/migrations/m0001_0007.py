"""Migrations 1 to 7: mentions, verdicts, cases, alerts, crawls, checkpoints, work on cases."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.numbered import migrations, run


@migrations(name="0001_mentions")
def _mentions(db: Database) -> None:
    # `seq` is the rowid under a name of its own: VACUUM renumbers an unnamed one, and the
    # full-text index points at it.
    run(
        db,
        """
        CREATE TABLE mentions (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            brand TEXT NOT NULL,
            source TEXT NOT NULL,
            native_id TEXT NOT NULL,
            url TEXT,
            author_id TEXT REFERENCES authors(id),
            title TEXT,
            text TEXT NOT NULL,
            rating REAL,
            rating_max REAL,
            language TEXT,
            created_at TEXT,
            fetched_at TEXT NOT NULL,
            reach INTEGER,
            parent_id TEXT,
            text_hash TEXT NOT NULL,
            edited_at TEXT,
            owner_reply TEXT,
            owner_replied_at TEXT,
            verdict_id INTEGER REFERENCES verdicts(id)
        );
        CREATE INDEX mentions_by_time ON mentions(brand, source, created_at);
        CREATE INDEX mentions_by_author ON mentions(author_id, brand, created_at);
        CREATE INDEX mentions_by_created ON mentions(created_at);
        CREATE INDEX mentions_unscored ON mentions(seq) WHERE verdict_id IS NULL;

        CREATE TABLE mention_versions (
            id INTEGER PRIMARY KEY,
            mention_id TEXT NOT NULL REFERENCES mentions(id) ON DELETE CASCADE,
            text_hash TEXT NOT NULL,
            title TEXT,
            text TEXT NOT NULL,
            rating REAL,
            rating_max REAL,
            replaced_at TEXT NOT NULL
        );
        CREATE INDEX mention_versions_by_mention ON mention_versions(mention_id);

        CREATE TABLE authors (
            id TEXT PRIMARY KEY,
            source TEXT NOT NULL,
            native_id TEXT NOT NULL,
            name TEXT,
            first_seen_at TEXT NOT NULL,
            last_seen_at TEXT NOT NULL,
            reach INTEGER
        );
        """,
    )
    db.table("mentions").enable_fts(
        ["title", "text"],
        fts_version="FTS5",
        tokenize="porter unicode61 remove_diacritics 2",
    )
    # Triggers of our own: sqlite-utils' would index a text again at every new verdict.
    for trigger in (
        """
        CREATE TRIGGER mentions_ai AFTER INSERT ON mentions BEGIN
            INSERT INTO mentions_fts (rowid, title, text) VALUES (new.seq, new.title, new.text);
        END
        """,
        """
        CREATE TRIGGER mentions_ad AFTER DELETE ON mentions BEGIN
            INSERT INTO mentions_fts (mentions_fts, rowid, title, text)
            VALUES ('delete', old.seq, old.title, old.text);
        END
        """,
        """
        CREATE TRIGGER mentions_au AFTER UPDATE OF title, text ON mentions BEGIN
            INSERT INTO mentions_fts (mentions_fts, rowid, title, text)
            VALUES ('delete', old.seq, old.title, old.text);
            INSERT INTO mentions_fts (rowid, title, text) VALUES (new.seq, new.title, new.text);
        END
        """,
    ):
        db.execute(trigger)


@migrations(name="0002_verdicts")
def _verdicts(db: Database) -> None:
    run(
        db,
        """
        CREATE TABLE verdicts (
            id INTEGER PRIMARY KEY,
            mention_id TEXT NOT NULL REFERENCES mentions(id) ON DELETE CASCADE,
            model TEXT NOT NULL,
            text_hash TEXT NOT NULL,
            experience TEXT NOT NULL
                CHECK (experience IN ('angry', 'mediocre', 'delighted', 'none')),
            stance TEXT NOT NULL CHECK (stance IN ('advocate', 'hater', 'neither')),
            p_angry REAL NOT NULL,
            p_mediocre REAL NOT NULL,
            p_delighted REAL NOT NULL,
            p_none REAL NOT NULL,
            p_advocate REAL NOT NULL,
            p_hater REAL NOT NULL,
            p_neither REAL NOT NULL,
            sure INTEGER NOT NULL CHECK (sure IN (0, 1)),
            scored_at TEXT NOT NULL,
            judged_at TEXT,
            UNIQUE (mention_id, model, text_hash)
        );
        CREATE INDEX verdicts_unjudged ON verdicts(id) WHERE judged_at IS NULL;

        CREATE TABLE corrections (
            id INTEGER PRIMARY KEY,
            mention_id TEXT NOT NULL REFERENCES mentions(id) ON DELETE CASCADE,
            text_hash TEXT NOT NULL,
            experience TEXT CHECK (experience IN ('angry', 'mediocre', 'delighted', 'none')),
            stance TEXT CHECK (stance IN ('advocate', 'hater', 'neither')),
            corrected_by TEXT NOT NULL,
            corrected_at TEXT NOT NULL,
            note TEXT
        );
        CREATE INDEX corrections_by_mention ON corrections(mention_id, text_hash);

        CREATE TABLE daily_counts (
            day TEXT NOT NULL,
            brand TEXT NOT NULL,
            source TEXT NOT NULL,
            mentions INTEGER NOT NULL,
            angry INTEGER NOT NULL,
            mediocre INTEGER NOT NULL,
            delighted INTEGER NOT NULL,
            none INTEGER NOT NULL,
            advocate INTEGER NOT NULL,
            hater INTEGER NOT NULL,
            PRIMARY KEY (day, brand, source)
        );
        """,
    )


@migrations(name="0003_cases_and_alerts")
def _cases_and_alerts(db: Database) -> None:
    run(
        db,
        """
        CREATE TABLE cases (
            id INTEGER PRIMARY KEY,
            mention_id TEXT NOT NULL UNIQUE REFERENCES mentions(id) ON DELETE CASCADE,
            brand TEXT NOT NULL,
            state TEXT NOT NULL
                CHECK (state IN ('open', 'claimed', 'responded', 'closed', 'dismissed')),
            opened_at TEXT NOT NULL,
            due_at TEXT NOT NULL,
            claimed_by TEXT,
            claimed_at TEXT,
            responded_at TEXT,
            closed_at TEXT
        );
        CREATE INDEX cases_by_state ON cases(state, due_at);

        CREATE TABLE case_events (
            id INTEGER PRIMARY KEY,
            case_id INTEGER NOT NULL REFERENCES cases(id) ON DELETE CASCADE,
            at TEXT NOT NULL,
            event TEXT NOT NULL,
            actor TEXT NOT NULL,
            note TEXT
        );
        CREATE INDEX case_events_by_case ON case_events(case_id);

        CREATE TABLE alerts (
            id INTEGER PRIMARY KEY,
            dedupe_key TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            brand TEXT NOT NULL,
            channel TEXT NOT NULL,
            payload TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'pending'
                CHECK (state IN ('pending', 'sending', 'sent', 'parked', 'dropped')),
            attempts INTEGER NOT NULL DEFAULT 0,
            created_at TEXT NOT NULL,
            next_attempt_at TEXT,
            claimed_at TEXT,
            slack_ts TEXT,
            sent_at TEXT,
            error TEXT,
            mention_id TEXT
        );
        CREATE INDEX alerts_unsent ON alerts(id) WHERE state IN ('pending', 'sending', 'parked');
        """,
    )


@migrations(name="0004_crawls_and_checkpoints")
def _crawls_and_checkpoints(db: Database) -> None:
    run(
        db,
        """
        CREATE TABLE crawl_runs (
            id INTEGER PRIMARY KEY,
            brand TEXT NOT NULL,
            source TEXT NOT NULL,
            target TEXT NOT NULL,
            started_at TEXT NOT NULL,
            finished_at TEXT,
            outcome TEXT,
            reason TEXT,
            seen INTEGER NOT NULL DEFAULT 0,
            new INTEGER NOT NULL DEFAULT 0,
            edited INTEGER NOT NULL DEFAULT 0,
            known INTEGER NOT NULL DEFAULT 0,
            irrelevant INTEGER NOT NULL DEFAULT 0,
            refused INTEGER NOT NULL DEFAULT 0,
            requests INTEGER NOT NULL DEFAULT 0,
            stats TEXT
        );
        CREATE INDEX crawl_runs_by_target ON crawl_runs(brand, source, target, id);

        CREATE TABLE http_validators (
            url TEXT PRIMARY KEY,
            etag TEXT,
            last_modified TEXT
        );

        CREATE TABLE checkpoints (
            id INTEGER PRIMARY KEY,
            brand TEXT NOT NULL,
            metric TEXT NOT NULL,
            target REAL NOT NULL,
            window_days INTEGER NOT NULL,
            set_at TEXT NOT NULL,
            reached_at TEXT,
            value REAL,
            UNIQUE (brand, metric, window_days, target)
        );
        """,
    )


@migrations(name="0005_daemon")
def _daemon(db: Database) -> None:
    run(
        db,
        """
        CREATE TABLE daemon_runs (
            id INTEGER PRIMARY KEY,
            pid INTEGER NOT NULL,
            version TEXT NOT NULL,
            started_at TEXT NOT NULL,
            heartbeat_at TEXT NOT NULL,
            stopped_at TEXT
        );
        """,
    )


@migrations(name="0006_case_work")
def _case_work(db: Database) -> None:
    run(
        db,
        """
        ALTER TABLE alerts ADD COLUMN operation TEXT NOT NULL DEFAULT 'post'
            CHECK (operation IN ('post', 'reply', 'update', 'upload'));
        ALTER TABLE alerts ADD COLUMN root_key TEXT;
        ALTER TABLE alerts ADD COLUMN not_before TEXT;
        ALTER TABLE alerts ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE alerts ADD COLUMN slack_channel TEXT;
        CREATE INDEX alerts_by_root ON alerts(root_key) WHERE root_key IS NOT NULL;
        CREATE INDEX alerts_by_channel ON alerts(channel, created_at);

        CREATE TABLE incidents (
            id INTEGER PRIMARY KEY,
            brand TEXT NOT NULL,
            channel TEXT NOT NULL,
            opened_at TEXT NOT NULL,
            last_at TEXT NOT NULL,
            closed_at TEXT,
            complaints INTEGER NOT NULL,
            about TEXT
        );

        ALTER TABLE cases ADD COLUMN kind TEXT NOT NULL DEFAULT 'complaint';
        ALTER TABLE cases ADD COLUMN claimed_by_id TEXT;
        ALTER TABLE cases ADD COLUMN outcome TEXT;
        ALTER TABLE cases ADD COLUMN reply_seen_at TEXT;
        ALTER TABLE cases ADD COLUMN due_from TEXT;
        ALTER TABLE cases ADD COLUMN reminded_at TEXT;
        ALTER TABLE cases ADD COLUMN overdue_told_at TEXT;
        ALTER TABLE cases ADD COLUMN incident_id INTEGER REFERENCES incidents(id);
        CREATE INDEX cases_by_incident ON cases(incident_id) WHERE incident_id IS NOT NULL;
        CREATE INDEX cases_by_opening ON cases(brand, opened_at);

        ALTER TABLE case_events ADD COLUMN actor_id TEXT;
        ALTER TABLE case_events ADD COLUMN click TEXT;
        CREATE UNIQUE INDEX case_events_by_click ON case_events(click) WHERE click IS NOT NULL;

        CREATE TABLE case_mentions (
            mention_id TEXT PRIMARY KEY REFERENCES mentions(id) ON DELETE CASCADE,
            case_id INTEGER NOT NULL REFERENCES cases(id) ON DELETE CASCADE,
            joined_at TEXT NOT NULL
        );
        CREATE INDEX case_mentions_by_case ON case_mentions(case_id);

        CREATE TABLE mutes (
            author_id TEXT NOT NULL REFERENCES authors(id) ON DELETE CASCADE,
            brand TEXT NOT NULL,
            muted_by TEXT NOT NULL,
            muted_by_id TEXT,
            muted_at TEXT NOT NULL,
            PRIMARY KEY (author_id, brand)
        );

        CREATE TABLE named_staff (
            mention_id TEXT NOT NULL REFERENCES mentions(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            PRIMARY KEY (mention_id, name)
        );
        """,
    )


@migrations(name="0007_unscored_by_time")
def _unscored_by_time(db: Database) -> None:
    # The newest are scored first: a complaint of today must not wait behind ten years of reviews.
    run(
        db,
        """
        DROP INDEX mentions_unscored;
        CREATE INDEX mentions_unscored ON mentions(created_at) WHERE verdict_id IS NULL;
        """,
    )
