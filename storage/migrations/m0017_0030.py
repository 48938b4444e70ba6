"""Migrations 17 to 30: relevance, destinations, ladder, replies, incidents, what is forgotten."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.numbered import migrations, run
from storage.old_hashes import rehashed


@migrations(name="0017_relevance")
def _relevance(db: Database) -> None:
    # `not_about` says who holds that a mention is not about the brand: a person, or the model
    # where the config lets it. Vectors and probabilities are worked out anew from the labels and
    # the texts whenever they are missing.
    run(
        db,
        """
        ALTER TABLE mentions ADD COLUMN not_about TEXT
            CHECK (not_about IN ('person', 'model'));

        CREATE TABLE relevance_labels (
            id INTEGER PRIMARY KEY,
            mention_id TEXT NOT NULL REFERENCES mentions(id) ON DELETE CASCADE,
            about INTEGER NOT NULL CHECK (about IN (0, 1)),
            said_by TEXT NOT NULL,
            said_by_id TEXT,
            said_at TEXT NOT NULL
        );
        CREATE INDEX relevance_labels_by_mention ON relevance_labels(mention_id);

        CREATE TABLE relevance_models (
            brand TEXT PRIMARY KEY,
            trained_at TEXT NOT NULL,
            learnt_from TEXT NOT NULL,
            model TEXT NOT NULL
        );

        CREATE TABLE relevance_vectors (
            mention_id TEXT PRIMARY KEY REFERENCES mentions(id) ON DELETE CASCADE,
            text_hash TEXT NOT NULL,
            encoder TEXT NOT NULL,
            vector BLOB,
            weighed INTEGER NOT NULL CHECK (weighed IN (0, 1)),
            p_about REAL
        );
        """,
    )


@migrations(name="0018_via")
def _via(db: Database) -> None:
    # Empty: the config says by which way its channel is reached.
    db.execute("ALTER TABLE alerts ADD COLUMN via TEXT")


@migrations(name="0019_places_of_alerts")
def _places_of_alerts(db: Database) -> None:
    # `slack_channels` is the id that a channel's name last led to; `channel_roles` is what the
    # config named each channel for, `until` empty while it does. `alert_mentions` are the mentions
    # that a message quotes or names; of older messages, as far as the store can tell.
    run(
        db,
        """
        ALTER TABLE alerts ADD COLUMN look_at TEXT;
        ALTER TABLE alerts ADD COLUMN posted_anew_at TEXT;
        CREATE INDEX alerts_to_look_at ON alerts(look_at) WHERE look_at IS NOT NULL;

        CREATE TABLE slack_channels (
            channel TEXT PRIMARY KEY,
            slack_channel TEXT NOT NULL,
            seen_at TEXT NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO slack_channels (channel, slack_channel, seen_at)
            SELECT channel, slack_channel, max(sent_at) FROM alerts
            WHERE operation = 'post' AND state = 'sent' AND slack_channel IS NOT NULL
                AND sent_at IS NOT NULL
            GROUP BY channel;

        CREATE TABLE channel_roles (
            role TEXT NOT NULL,
            channel TEXT NOT NULL,
            since TEXT NOT NULL,
            until TEXT,
            PRIMARY KEY (role, channel)
        ) WITHOUT ROWID;

        CREATE TABLE alert_mentions (
            alert_id INTEGER NOT NULL REFERENCES alerts(id) ON DELETE CASCADE,
            mention_id TEXT NOT NULL REFERENCES mentions(id) ON DELETE CASCADE,
            PRIMARY KEY (alert_id, mention_id)
        ) WITHOUT ROWID;
        CREATE INDEX alert_mentions_by_mention ON alert_mentions(mention_id);
        INSERT OR IGNORE INTO alert_mentions (alert_id, mention_id)
            SELECT a.id, m.id FROM alerts a JOIN mentions m ON m.id = a.mention_id;
        INSERT OR IGNORE INTO alert_mentions (alert_id, mention_id)
            SELECT a.id, k.mention_id FROM incidents i
            JOIN cases k ON k.incident_id = i.id
            JOIN alerts a ON coalesce(a.root_key, a.dedupe_key)
                = 'incident:' || i.brand || ':' || i.opened_at
            WHERE a.kind = 'incident';
        INSERT OR IGNORE INTO alert_mentions (alert_id, mention_id)
            SELECT a.id, m.id FROM alerts a
            JOIN mentions m ON m.brand = a.brand AND m.url IS NOT NULL
                AND m.created_at < a.created_at AND m.created_at > strftime(
                    '%Y-%m-%dT%H:%M:%S', a.created_at,
                    iif(a.dedupe_key LIKE 'digest:week:%', '-8 days', '-2 days'))
            WHERE a.kind = 'digest' AND a.operation = 'post'
                AND instr(a.payload, replace(m.url, '&', '&amp;')) > 0;
        """,
    )


@migrations(name="0020_answer_times")
def _answer_times(db: Database) -> None:
    # What SQL cannot reckon: business time, and days of a brand's own time zone. Both tables are
    # filled by a stage, from the cases that are there already too.
    run(
        db,
        """
        CREATE TABLE answer_times (
            case_id INTEGER PRIMARY KEY REFERENCES cases(id) ON DELETE CASCADE,
            brand TEXT NOT NULL,
            team TEXT NOT NULL,
            answered_by TEXT,
            answered_by_id TEXT,
            answered_at TEXT NOT NULL,
            answered_on TEXT NOT NULL,
            business_s INTEGER NOT NULL,
            in_time INTEGER NOT NULL CHECK (in_time IN (0, 1))
        );
        CREATE INDEX answer_times_by_answer ON answer_times(brand, answered_at);
        CREATE TABLE case_takes (
            case_id INTEGER NOT NULL REFERENCES cases(id) ON DELETE CASCADE,
            brand TEXT NOT NULL,
            team TEXT NOT NULL,
            taken_by TEXT NOT NULL,
            taken_by_id TEXT,
            taken_at TEXT NOT NULL,
            taken_on TEXT NOT NULL,
            PRIMARY KEY (case_id, taken_at)
        ) WITHOUT ROWID;
        CREATE INDEX case_takes_by_time ON case_takes(brand, taken_at);
        """,
    )


@migrations(name="0021_ladder")
def _ladder(db: Database) -> None:
    # What was said of a case before counts: its reminder and its overdue line do not come again.
    run(
        db,
        """
        CREATE TABLE ladder_steps (
            id INTEGER PRIMARY KEY,
            case_id INTEGER NOT NULL REFERENCES cases(id) ON DELETE CASCADE,
            due_at TEXT NOT NULL,
            step TEXT NOT NULL,
            owner TEXT NOT NULL,
            place TEXT NOT NULL,
            at TEXT NOT NULL,
            line TEXT,
            message TEXT NOT NULL,
            UNIQUE (case_id, due_at, step, owner, place)
        );
        CREATE INDEX ladder_steps_by_message ON ladder_steps(message);
        CREATE INDEX ladder_steps_of_lines ON ladder_steps(at) WHERE line IS NOT NULL;
        INSERT INTO ladder_steps (case_id, due_at, step, owner, place, at, message)
            SELECT id, due_at, 'before',
                CASE state WHEN 'claimed' THEN coalesce(claimed_by_id, claimed_by, '')
                    ELSE '' END,
                '', max(coalesce(reminded_at, ''), coalesce(overdue_told_at, '')), ''
            FROM cases WHERE state IN ('open', 'claimed')
                AND coalesce(reminded_at, overdue_told_at) IS NOT NULL;
        """,
    )


@migrations(name="0022_slack_homes")
def _slack_homes(db: Database) -> None:
    # Who opened the app's Home in Slack: it is kept up to date for them alone.
    db.execute("CREATE TABLE slack_homes (user_id TEXT PRIMARY KEY, opened_at TEXT NOT NULL)")


@migrations(name="0023_desk")
def _desk(db: Database) -> None:
    # Who assigned a case to whoever has it, and until when it waits for the customer, and why. An
    # event says whom a case was assigned to (`owner`), and until when it was to wait (`until`).
    run(
        db,
        """
        ALTER TABLE cases ADD COLUMN assigned_by TEXT;
        ALTER TABLE cases ADD COLUMN snoozed_until TEXT;
        ALTER TABLE cases ADD COLUMN snooze_note TEXT;
        ALTER TABLE case_events ADD COLUMN owner TEXT;
        ALTER TABLE case_events ADD COLUMN owner_id TEXT;
        ALTER TABLE case_events ADD COLUMN until TEXT;
        CREATE INDEX cases_by_snooze ON cases(snoozed_until) WHERE snoozed_until IS NOT NULL;
        """,
    )


@migrations(name="0024_replies")
def _replies(db: Database) -> None:
    # The words of the team, with their case: who forgets a mention forgets its answers too. Only
    # one answer of a case is on its way at a time.
    run(
        db,
        """
        CREATE TABLE replies (
            id INTEGER PRIMARY KEY,
            case_id INTEGER NOT NULL REFERENCES cases(id) ON DELETE CASCADE,
            mention_id TEXT NOT NULL,
            text TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN (
                'draft', 'waiting', 'sending', 'copied', 'sent', 'failed', 'dropped'
            )),
            author TEXT NOT NULL,
            author_id TEXT,
            written_at TEXT NOT NULL,
            text_hash TEXT NOT NULL,
            decided_by TEXT,
            decided_by_id TEXT,
            note TEXT,
            alert_key TEXT UNIQUE,
            url TEXT,
            sent_at TEXT,
            error TEXT
        );
        CREATE INDEX replies_by_case ON replies(case_id);
        CREATE UNIQUE INDEX replies_under_way ON replies(case_id) WHERE state = 'sending';
        """,
    )


@migrations(name="0025_destinations")
def _destinations(db: Database) -> None:
    # By which way an alert was tried last: all that went before this went to Slack. Who is told of
    # what happens to cases stands in the store, so that it is written with the event itself; and
    # where a case's message offers to make an issue, so that each message is built alike.
    run(
        db,
        """
        ALTER TABLE alerts ADD COLUMN tried_via TEXT;
        UPDATE alerts SET tried_via = coalesce(via, 'slack')
            WHERE state IN ('sending', 'sent') OR may_be_posted;

        CREATE TABLE case_destinations (
            via TEXT NOT NULL,
            brand TEXT NOT NULL,
            takes TEXT NOT NULL CHECK (takes IN ('events', 'issues')),
            PRIMARY KEY (via, brand)
        ) WITHOUT ROWID;
        CREATE INDEX alerts_issues ON alerts(id) WHERE kind = 'issue';
        """,
    )


@migrations(name="0026_incidents")
def _incidents(db: Database) -> None:
    run(
        db,
        """
        ALTER TABLE mentions ADD COLUMN country TEXT;
        ALTER TABLE mentions ADD COLUMN product_version TEXT;

        -- `shown` is what its message last said of its cases: only what changed is sent again.
        ALTER TABLE incidents ADD COLUMN kind TEXT NOT NULL DEFAULT 'complaints'
            CHECK (kind IN ('complaints', 'volume', 'anger'));
        ALTER TABLE incidents ADD COLUMN back_at TEXT;
        ALTER TABLE incidents ADD COLUMN shown TEXT;
        """,
    )


@migrations(name="0027_translations")
def _translations(db: Database) -> None:
    run(
        db,
        """
        CREATE TABLE translations (
            mention_id TEXT PRIMARY KEY REFERENCES mentions(id) ON DELETE CASCADE,
            text_hash TEXT NOT NULL,
            language TEXT NOT NULL,
            text TEXT NOT NULL,
            translator TEXT NOT NULL,
            at TEXT NOT NULL
        ) WITHOUT ROWID
        """,
    )


@migrations(name="0028_public_replies")
def _public_replies(db: Database) -> None:
    # Which complaints have the brand's answer, without reading all that have none.
    db.execute(
        "CREATE INDEX mentions_replied ON mentions(created_at) WHERE owner_reply IS NOT NULL"
    )


@migrations(name="0029_lookups")
def _lookups(db: Database) -> None:
    # Each is what something looks up one by one, or for a page: without it a whole table is read.
    run(
        db,
        """
        CREATE INDEX mentions_by_verdict ON mentions(verdict_id) WHERE verdict_id IS NOT NULL;
        CREATE INDEX mentions_by_brand ON mentions(brand, created_at);
        CREATE INDEX mentions_deleted ON mentions(deleted_at) WHERE deleted_at IS NOT NULL;
        CREATE INDEX verdicts_unread ON verdicts(mention_id) WHERE unread;
        CREATE INDEX alerts_by_mention ON alerts(mention_id) WHERE mention_id IS NOT NULL;
        CREATE INDEX authors_by_name ON authors(source || ':' || name)
            WHERE substr(native_id, 1, 3) = 'by/';
        CREATE INDEX crawl_runs_running ON crawl_runs(brand, source, started_at)
            WHERE finished_at IS NULL;
        CREATE INDEX crawl_runs_finished ON crawl_runs(brand, source, target, id)
            WHERE outcome IS NOT NULL;
        CREATE INDEX crawl_runs_by_outcome
            ON crawl_runs(brand, source, target, outcome, started_at);
        """,
    )
    # Stars that a spider gave as whole numbers were hashed as such, and come back as 5.0: their
    # verdicts were never current. Only what waits for one can be such a mention.
    rows = db.execute(
        "SELECT seq, title, text, rating, rating_max, text_hash FROM mentions "
        "WHERE verdict_id IS NULL AND rating IS NOT NULL"
    ).fetchall()
    for seq, title, text, rating, rating_max, text_hash in rows:
        if (now := rehashed(title, text, rating, rating_max, text_hash)) is not None:
            db.execute(
                "UPDATE mentions SET linked_hash = iif(linked_hash = text_hash, ?1, linked_hash), "
                "text_hash = ?1 WHERE seq = ?2",
                (now, seq),
            )


@migrations(name="0030_forgotten")
def _forgotten(db: Database) -> None:
    # Erased mentions leave a mark that keeps them out, and what the daily counts had of them. Days
    # that were erased before have more than can be counted anew: the difference is theirs. A text
    # that waits for a verdict again is still counted by the verdict it had.
    run(
        db,
        """
        CREATE TABLE tombstone_key (key BLOB NOT NULL);
        INSERT INTO tombstone_key (key) VALUES (randomblob(32));
        CREATE TABLE tombstones (
            mark BLOB PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('mention', 'author'))
        ) WITHOUT ROWID;

        CREATE TABLE erased_counts (
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
        ) WITHOUT ROWID;
        CREATE TEMP TABLE still_there AS
            SELECT substr(coalesce(m.created_at, m.fetched_at), 1, 10) AS day, m.brand, m.source,
                m.created_at IS NULL AS undated, count(*) AS mentions,
                sum(coalesce(c.experience, v.experience) = 'angry') AS angry,
                sum(coalesce(c.experience, v.experience) = 'mediocre') AS mediocre,
                sum(coalesce(c.experience, v.experience) = 'delighted') AS delighted,
                sum(coalesce(c.experience, v.experience) = 'none') AS none,
                sum(coalesce(c.stance, v.stance) = 'advocate') AS advocate,
                sum(coalesce(c.stance, v.stance) = 'hater') AS hater
            FROM mentions m
            JOIN verdicts v ON v.id = coalesce(
                m.verdict_id, (SELECT max(k.id) FROM verdicts k WHERE k.mention_id = m.id)
            )
            LEFT JOIN corrections c ON c.id = (
                SELECT max(k.id) FROM corrections k
                WHERE k.mention_id = m.id AND k.text_hash = m.text_hash
            )
            WHERE m.duplicate_of IS NULL AND m.not_about IS NULL
            GROUP BY 1, 2, 3, 4;
        INSERT INTO erased_counts
            SELECT d.day, d.brand, d.source, d.mentions - coalesce(s.mentions, 0),
                max(0, d.angry - coalesce(s.angry, 0)),
                max(0, d.mediocre - coalesce(s.mediocre, 0)),
                max(0, d.delighted - coalesce(s.delighted, 0)),
                max(0, d.none - coalesce(s.none, 0)),
                max(0, d.advocate - coalesce(s.advocate, 0)),
                max(0, d.hater - coalesce(s.hater, 0))
            FROM daily_counts d LEFT JOIN still_there s
                ON s.day = d.day AND s.brand = d.brand AND s.source = d.source AND NOT s.undated
            WHERE d.mentions > coalesce(s.mentions, 0);

        -- What has no date is counted under the day on which the store first got it.
        ALTER TABLE mentions ADD COLUMN first_fetched_at TEXT;
        CREATE INDEX mentions_by_counted ON mentions(
            coalesce(created_at, first_fetched_at, fetched_at)
        );
        CREATE INDEX mentions_by_brand_counted ON mentions(
            brand, coalesce(created_at, first_fetched_at, fetched_at)
        );
        CREATE INDEX mentions_undated ON mentions(
            brand, source, coalesce(created_at, first_fetched_at, fetched_at)
        ) WHERE created_at IS NULL;
        INSERT INTO daily_counts
            SELECT day, brand, source, mentions, angry, mediocre, delighted, none, advocate, hater
            FROM still_there WHERE undated
            ON CONFLICT (day, brand, source) DO UPDATE SET
                mentions = mentions + excluded.mentions, angry = angry + excluded.angry,
                mediocre = mediocre + excluded.mediocre,
                delighted = delighted + excluded.delighted, none = none + excluded.none,
                advocate = advocate + excluded.advocate, hater = hater + excluded.hater;
        DROP TABLE still_there;
        """,
    )
