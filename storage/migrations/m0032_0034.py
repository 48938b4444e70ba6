"""Migrations 32 to 34: control charts, topics, trust."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.numbered import migrations, run


@migrations(name="0032_charts")
def _charts(db: Database) -> None:
    # Brands whose counts changed are marked by triggers, whoever changes them: their metrics are
    # measured anew. `changes` tells whether more came while they were. Goals may come back to a
    # target that was one before, and tell how they were set.
    run(
        db,
        """
        CREATE TABLE measure_due (
            brand TEXT PRIMARY KEY,
            changes INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE control_points (
            brand TEXT NOT NULL,
            metric TEXT NOT NULL,
            day TEXT NOT NULL,
            until TEXT NOT NULL,
            n INTEGER NOT NULL,
            k INTEGER NOT NULL,
            value REAL NOT NULL,
            centre REAL NOT NULL,
            lower REAL NOT NULL,
            upper REAL NOT NULL,
            phase INTEGER NOT NULL,
            signal TEXT,
            side TEXT NOT NULL CHECK (side IN ('above', 'below')),
            act TEXT,
            PRIMARY KEY (brand, metric, day)
        ) WITHOUT ROWID;
        CREATE TABLE shifts (
            brand TEXT NOT NULL,
            metric TEXT NOT NULL,
            day TEXT NOT NULL,
            found_on TEXT NOT NULL,
            value_before REAL NOT NULL,
            value REAL NOT NULL,
            change_low REAL,
            change_high REAL,
            better INTEGER CHECK (better IN (0, 1)),
            PRIMARY KEY (brand, metric, day)
        ) WITHOUT ROWID;
        CREATE TABLE metric_periods (
            brand TEXT NOT NULL,
            period TEXT NOT NULL,
            metric TEXT NOT NULL,
            first_day TEXT NOT NULL,
            last_day TEXT NOT NULL,
            k INTEGER NOT NULL,
            n INTEGER NOT NULL,
            value REAL,
            low REAL,
            high REAL,
            value_before REAL,
            n_before INTEGER NOT NULL,
            change REAL,
            change_low REAL,
            change_high REAL,
            chance INTEGER CHECK (chance IN (0, 1)),
            PRIMARY KEY (brand, period, metric)
        ) WITHOUT ROWID;
        CREATE TABLE measured_error (
            brand TEXT NOT NULL,
            label TEXT NOT NULL,
            verdicts INTEGER NOT NULL,
            checked INTEGER NOT NULL,
            corrected INTEGER NOT NULL,
            error REAL,
            low REAL,
            high REAL,
            PRIMARY KEY (brand, label)
        ) WITHOUT ROWID;

        CREATE TABLE goals (
            id INTEGER PRIMARY KEY,
            brand TEXT NOT NULL,
            metric TEXT NOT NULL,
            target REAL NOT NULL,
            window_days INTEGER NOT NULL,
            set_at TEXT NOT NULL,
            reached_at TEXT,
            value REAL,
            set_by TEXT NOT NULL DEFAULT 'config'
                CHECK (set_by IN ('config', 'raised', 'lowered')),
            configured REAL,
            lowered_from REAL,
            left_at TEXT,
            n INTEGER,
            low REAL,
            high REAL,
            sure REAL,
            measured_at TEXT,
            next_target REAL
        );
        INSERT INTO goals
            (id, brand, metric, target, window_days, set_at, reached_at, value, set_by, configured)
            SELECT id, brand, metric, target, window_days, set_at, reached_at, value,
                iif(raised, 'raised', 'config'), (
                    SELECT g.target FROM checkpoints g
                    WHERE (g.brand, g.metric, g.window_days) = (c.brand, c.metric, c.window_days)
                        AND g.id <= c.id AND NOT EXISTS (
                            SELECT 1 FROM checkpoints p
                            WHERE p.reached_at = g.set_at AND p.id < g.id
                                AND (p.brand, p.metric, p.window_days)
                                    = (g.brand, g.metric, g.window_days)
                        )
                    ORDER BY g.id DESC LIMIT 1
                )
            FROM (
                SELECT *, EXISTS (
                    SELECT 1 FROM checkpoints p WHERE p.reached_at = g.set_at AND p.id < g.id
                    AND (p.brand, p.metric, p.window_days) = (g.brand, g.metric, g.window_days)
                ) AS raised
                FROM checkpoints g
            ) c;
        DROP TABLE checkpoints;
        ALTER TABLE goals RENAME TO checkpoints;
        CREATE INDEX mention_facts_undated ON mention_facts(brand, day, experience, stance)
            WHERE NOT dated AND counted AND experience IS NOT NULL;
        CREATE INDEX checkpoints_by_goal ON checkpoints(brand, metric, window_days, id);
        """,
    )
    counts = ("mentions", "angry", "mediocre", "delighted", "none", "advocate", "hater")
    old, new = (", ".join(f"{row}.{name}" for name in counts) for row in ("OLD", "NEW"))
    for name, event, brand in (
        ("counts_added", "INSERT ON cut_days WHEN NEW.dimension = 'all'", "NEW.brand"),
        ("counts_changed",
         f"UPDATE ON cut_days WHEN NEW.dimension = 'all' AND ({old}) IS NOT ({new})", "NEW.brand"),
        ("counts_gone", "DELETE ON cut_days WHEN OLD.dimension = 'all'", "OLD.brand"),
        ("cases_added", "INSERT ON cases", "NEW.brand"),
        ("cases_changed", "UPDATE OF state, responded_at ON cases", "NEW.brand"),
        ("cases_gone", "DELETE ON cases", "OLD.brand"),
        ("answers_added", "INSERT ON answer_times", "NEW.brand"),
        ("corrections_added", "INSERT ON corrections",
         "(SELECT brand FROM mentions WHERE id = NEW.mention_id)"),
    ):  # fmt: skip
        db.execute(
            f"CREATE TRIGGER measure_{name} AFTER {event} BEGIN "
            f"INSERT INTO measure_due (brand, changes) SELECT {brand}, 1 "
            f"WHERE {brand} IS NOT NULL ON CONFLICT (brand) DO UPDATE SET changes = changes + 1; "
            "END"
        )
    # What is there already is measured at the next occasion.
    db.execute(
        "INSERT INTO measure_due (brand, changes) "
        "SELECT DISTINCT brand, 1 FROM cut_days WHERE dimension = 'all'"
    )


@migrations(name="0033_topics")
def _topics(db: Database) -> None:
    # Vectors stand beside `relevance_vectors`, not in it: those are of the newest mentions alone
    # and as exact as learning wants them; these are of all mentions, and as small as topics bear.
    run(
        db,
        """
        CREATE TABLE mention_vectors (
            seq INTEGER PRIMARY KEY REFERENCES mentions(seq) ON DELETE CASCADE,
            encoder TEXT NOT NULL,
            text_hash TEXT NOT NULL,
            vector BLOB NOT NULL
        );

        CREATE TABLE topics (
            id INTEGER PRIMARY KEY,
            brand TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('found', 'own')),
            name TEXT NOT NULL,
            named_by TEXT,
            about TEXT,
            words TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('active', 'hidden', 'merged', 'retired')),
            merged_into INTEGER REFERENCES topics(id),
            merged_by TEXT,
            first_day TEXT NOT NULL,
            language TEXT,
            encoder TEXT NOT NULL,
            centre BLOB NOT NULL,
            floor REAL NOT NULL,
            usual REAL NOT NULL,
            size INTEGER NOT NULL
        );
        CREATE INDEX topics_by_brand ON topics(brand, state);
        CREATE UNIQUE INDEX topics_own ON topics(brand, name) WHERE kind = 'own';
        CREATE INDEX topics_merged ON topics(merged_into) WHERE merged_into IS NOT NULL;

        CREATE TABLE topic_events (
            id INTEGER PRIMARY KEY,
            topic_id INTEGER NOT NULL REFERENCES topics(id),
            at TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (
                kind IN ('born', 'merged', 'split', 'renamed', 'hidden', 'shown', 'retired')
            ),
            other_id INTEGER REFERENCES topics(id),
            name TEXT NOT NULL,
            by TEXT
        );
        CREATE INDEX topic_events_by_topic ON topic_events(topic_id);
        CREATE INDEX topic_events_by_other ON topic_events(other_id) WHERE other_id IS NOT NULL;

        CREATE TABLE mention_topics (
            seq INTEGER NOT NULL REFERENCES mentions(seq) ON DELETE CASCADE,
            topic_id INTEGER NOT NULL REFERENCES topics(id),
            brand TEXT NOT NULL,
            day TEXT NOT NULL,
            place INTEGER NOT NULL,
            similarity REAL NOT NULL,
            PRIMARY KEY (seq, topic_id)
        ) WITHOUT ROWID;
        CREATE INDEX mention_topics_by_topic ON mention_topics(topic_id, day, seq);

        CREATE TABLE topic_queue (
            seq INTEGER PRIMARY KEY REFERENCES mentions(seq) ON DELETE CASCADE,
            brand TEXT NOT NULL
        );
        CREATE INDEX topic_queue_by_brand ON topic_queue(brand);
        INSERT INTO topic_queue SELECT seq, brand FROM mentions ORDER BY seq;

        CREATE TABLE topic_fits (
            brand TEXT NOT NULL,
            language TEXT NOT NULL,
            fitted_at TEXT NOT NULL,
            encoder TEXT NOT NULL,
            mentions INTEGER NOT NULL,
            sample INTEGER NOT NULL,
            PRIMARY KEY (brand, language)
        ) WITHOUT ROWID;

        CREATE TABLE topic_quotes (
            topic_id INTEGER NOT NULL REFERENCES topics(id),
            place INTEGER NOT NULL,
            seq INTEGER NOT NULL REFERENCES mentions(seq) ON DELETE CASCADE,
            PRIMARY KEY (topic_id, place)
        ) WITHOUT ROWID;
        CREATE INDEX topic_quotes_by_mention ON topic_quotes(seq);

        -- A topic of 0 stands for the mentions that are about none.
        CREATE TABLE topic_periods (
            brand TEXT NOT NULL,
            days INTEGER NOT NULL,
            topic_id INTEGER NOT NULL,
            since TEXT NOT NULL,
            until TEXT NOT NULL,
            of_mentions INTEGER NOT NULL,
            mentions INTEGER NOT NULL,
            share REAL, share_low REAL, share_high REAL,
            angry INTEGER NOT NULL,
            mediocre INTEGER NOT NULL,
            delighted INTEGER NOT NULL,
            wow_rate REAL, wow_low REAL, wow_high REAL,
            complaint_rate REAL, complaint_low REAL, complaint_high REAL,
            before_of_mentions INTEGER NOT NULL,
            before_mentions INTEGER NOT NULL,
            before_share REAL,
            wow_mix REAL, wow_rate_effect REAL,
            wow_impact REAL, wow_impact_low REAL, wow_impact_high REAL,
            complaint_mix REAL, complaint_rate_effect REAL,
            complaint_impact REAL, complaint_impact_low REAL, complaint_impact_high REAL,
            usual REAL, upper_limit REAL,
            rising INTEGER NOT NULL,
            PRIMARY KEY (brand, days, topic_id)
        ) WITHOUT ROWID;

        CREATE TABLE topic_writings (
            brand TEXT PRIMARY KEY,
            made_of TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE topic_triggers (
            brand TEXT NOT NULL,
            place INTEGER NOT NULL,
            what TEXT NOT NULL,
            topic_id INTEGER REFERENCES topics(id),
            since TEXT NOT NULL,
            until TEXT NOT NULL,
            delighted INTEGER NOT NULL,
            of_delighted INTEGER NOT NULL,
            mediocre INTEGER NOT NULL,
            of_mediocre INTEGER NOT NULL,
            times_likelier REAL NOT NULL,
            low REAL NOT NULL,
            high REAL NOT NULL,
            quote_seq INTEGER REFERENCES mentions(seq) ON DELETE SET NULL,
            PRIMARY KEY (brand, place)
        ) WITHOUT ROWID;
        CREATE INDEX topic_triggers_by_quote ON topic_triggers(quote_seq)
            WHERE quote_seq IS NOT NULL;
        CREATE INDEX topic_triggers_by_topic ON topic_triggers(topic_id)
            WHERE topic_id IS NOT NULL;
        """,
    )
    # A text that has its first verdict waits to be sorted; a mention keeps its brand's own day.
    for trigger in (
        """
        CREATE TRIGGER topic_queue_of_judged AFTER UPDATE OF verdict_id ON mentions
        WHEN old.verdict_id IS NULL AND new.verdict_id IS NOT NULL BEGIN
            INSERT INTO topic_queue (seq, brand) VALUES (new.seq, new.brand)
                ON CONFLICT DO NOTHING;
        END
        """,
        """
        CREATE TRIGGER mention_topics_of_day AFTER UPDATE OF day ON mention_facts
        WHEN old.day <> new.day BEGIN
            UPDATE mention_topics SET day = new.day WHERE seq = new.seq;
        END
        """,
    ):
        db.execute(trigger)


@migrations(name="0034_trust")
def _trust(db: Database) -> None:
    # Who did what that people must answer for; who is signed in to the dashboards; which files
    # still hold what is erased later; and how texts and authors are stored. What `audit` says of a
    # mention or an author by id stands in `about`, which is emptied when they are erased.
    run(
        db,
        """
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            actor TEXT NOT NULL,
            role TEXT NOT NULL,
            act TEXT NOT NULL,
            what TEXT NOT NULL,
            about TEXT
        );
        CREATE INDEX audit_by_time ON audit(at);
        CREATE INDEX audit_by_subject ON audit(about) WHERE about IS NOT NULL;

        CREATE TABLE sessions (
            mark TEXT PRIMARY KEY,
            account TEXT NOT NULL,
            password_mark TEXT NOT NULL,
            began_at TEXT NOT NULL,
            ends_at TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE written_files (
            path TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            written_at TEXT NOT NULL,
            brand TEXT,
            since TEXT,
            until TEXT
        ) WITHOUT ROWID;

        CREATE TABLE privacy (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE pseudonym_key (key BLOB NOT NULL);
        INSERT INTO pseudonym_key (key) VALUES (randomblob(32));
        """,
    )
