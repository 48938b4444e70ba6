"""Numbered migrations of the store; a landed one never changes, a new one is appended."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from storage.old_hashes import rehashed
from storage.old_troubles import trouble_in

migrations = Migrations("earful")

GENTLE = frozenset({"0043_values"})
"""Migrations that leave each table, trigger and column as it was: an older Earful goes on."""


def number_of(name: str) -> int:
    """Give the number that a migration's name begins with."""
    return int(name.partition("_")[0])


@migrations(name="0001_mentions")
def _mentions(db: Database) -> None:
    # `seq` is the rowid under a name of its own: VACUUM renumbers an unnamed one, and the
    # full-text index points at it.
    _run(
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
    _run(
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
    _run(
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
    _run(
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
    _run(
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
    _run(
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
    _run(
        db,
        """
        DROP INDEX mentions_unscored;
        CREATE INDEX mentions_unscored ON mentions(created_at) WHERE verdict_id IS NULL;
        """,
    )


@migrations(name="0008_public_places")
def _public_places(db: Database) -> None:
    # `linked_hash` is the version of the text that copies were looked for; `copy_bands` is where
    # they are found: two texts that share a band may be one.
    _run(
        db,
        """
        ALTER TABLE mentions ADD COLUMN deleted_at TEXT;
        ALTER TABLE mentions ADD COLUMN duplicate_of TEXT
            REFERENCES mentions(id) ON DELETE SET NULL;
        ALTER TABLE mentions ADD COLUMN linked_hash TEXT;
        CREATE INDEX mentions_by_original ON mentions(duplicate_of)
            WHERE duplicate_of IS NOT NULL;
        CREATE INDEX mentions_unlinked ON mentions(seq) WHERE linked_hash IS NOT text_hash;

        CREATE TABLE copy_bands (
            band INTEGER NOT NULL,
            seq INTEGER NOT NULL REFERENCES mentions(seq) ON DELETE CASCADE,
            PRIMARY KEY (band, seq)
        ) WITHOUT ROWID;
        CREATE INDEX copy_bands_by_mention ON copy_bands(seq);

        CREATE TABLE quotas (
            account TEXT NOT NULL,
            day TEXT NOT NULL,
            spent INTEGER NOT NULL,
            PRIMARY KEY (account, day)
        );

        CREATE TABLE source_states (
            brand TEXT NOT NULL,
            source TEXT NOT NULL,
            target TEXT NOT NULL,
            state TEXT NOT NULL,
            reason TEXT,
            since TEXT NOT NULL,
            failures INTEGER NOT NULL DEFAULT 0,
            opens_at TEXT,
            PRIMARY KEY (brand, source, target)
        );
        """,
    )


@migrations(name="0009_clicks")
def _clicks(db: Database) -> None:
    # Every click that was carried out or came to nothing: Slack may deliver one again.
    db.execute("CREATE TABLE clicks (key TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID")


@migrations(name="0010_failures")
def _failures(db: Database) -> None:
    # `failures` counts what goes wrong in a row, by stage and by what it went wrong with (empty:
    # the stage as a whole); `problems` are what ops know of; `routines` is the calendar as the
    # daemon last saw it.
    _run(
        db,
        """
        CREATE TABLE failures (
            stage TEXT NOT NULL,
            subject TEXT NOT NULL,
            failures INTEGER NOT NULL,
            total INTEGER NOT NULL,
            error TEXT NOT NULL,
            first_at TEXT NOT NULL,
            last_at TEXT NOT NULL,
            PRIMARY KEY (stage, subject)
        ) WITHOUT ROWID;

        CREATE TABLE stages (
            stage TEXT PRIMARY KEY,
            worked_at TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE problems (
            key TEXT PRIMARY KEY,
            about TEXT NOT NULL,
            sentence TEXT NOT NULL,
            since TEXT NOT NULL,
            seen INTEGER NOT NULL,
            missed INTEGER NOT NULL,
            told_at TEXT
        ) WITHOUT ROWID;

        CREATE TABLE routines (
            name TEXT PRIMARY KEY,
            next_at TEXT,
            last_at TEXT
        ) WITHOUT ROWID;
        """,
    )


@migrations(name="0011_waits_since")
def _waits_since(db: Database) -> None:
    # Only of a text that was edited before any rule saw it: since when the store has had an older
    # text of it. What waits is as old as it was then.
    db.execute("ALTER TABLE mentions ADD COLUMN waits_since TEXT")


@migrations(name="0012_typed_state")
def _typed_state(db: Database) -> None:
    # What stood in a sentence or in numbers stands in columns: that Slack may have an alert, that
    # no model could read a text. The first stores called a case that opened again just `open`.
    _run(
        db,
        """
        ALTER TABLE alerts ADD COLUMN may_be_posted INTEGER NOT NULL DEFAULT 0
            CHECK (may_be_posted IN (0, 1));
        UPDATE alerts SET may_be_posted = 1, error = substr(error, 26)
            WHERE substr(error, 1, 25) = 'May be at Slack already: ';
        ALTER TABLE verdicts ADD COLUMN unread INTEGER NOT NULL DEFAULT 0
            CHECK (unread IN (0, 1));
        UPDATE verdicts SET unread = 1 WHERE p_none = 1 AND sure = 0;
        UPDATE case_events SET event = 'reopened' WHERE event = 'open';
        """,
    )


@migrations(name="0013_webhook_receipts")
def _webhook_receipts(db: Database) -> None:
    # What the webhook has taken in, by the sender's id for it: the same delivery sent again gets
    # the same answer and changes nothing. No words of people stand here.
    _run(
        db,
        """
        CREATE TABLE webhook_receipts (
            door TEXT NOT NULL,
            delivery_id TEXT NOT NULL,
            body_hash TEXT NOT NULL,
            at TEXT NOT NULL,
            new INTEGER NOT NULL,
            edited INTEGER NOT NULL,
            known INTEGER NOT NULL,
            same INTEGER NOT NULL,
            refused INTEGER NOT NULL,
            PRIMARY KEY (door, delivery_id)
        ) WITHOUT ROWID;

        CREATE INDEX webhook_receipts_at ON webhook_receipts (at);
        """,
    )


# Sources whose user names are ids, when this landed.
_NAMES_ARE_IDS = (
    "bluesky", "devto", "discourse", "gdelt", "github", "hackernews", "lemmy", "lobsters",
    "mastodon", "reddit", "x", "youtube",
)  # fmt: skip


@migrations(name="0014_nobody")
def _nobody(db: Database) -> None:
    # Whom only a name told was one author with all others of that name, in one place
    # (`host:name`) or in the whole source. Each becomes the author of their one mention; a mute of
    # such a name silenced strangers, and goes with it.
    shared = f"""
        SELECT id FROM authors
        WHERE (native_id = name OR substr(native_id, -length(name) - 1) = ':' || name)
            AND source NOT IN ({", ".join(f"'{source}'" for source in _NAMES_ARE_IDS)})
    """
    _run(
        db,
        f"""
        CREATE TEMP TABLE nobodies AS {shared};
        INSERT OR IGNORE INTO authors
            (id, source, native_id, name, first_seen_at, last_seen_at, reach)
        SELECT m.source || ':by/' || m.native_id, m.source, 'by/' || m.native_id, a.name,
            coalesce(m.created_at, m.fetched_at), coalesce(m.created_at, m.fetched_at), m.reach
        FROM mentions m JOIN authors a ON a.id = m.author_id
        WHERE m.author_id IN (SELECT id FROM nobodies);
        UPDATE mentions SET author_id = source || ':by/' || native_id
        WHERE author_id IN (SELECT id FROM nobodies);
        DELETE FROM authors WHERE id IN (SELECT id FROM nobodies);
        DROP TABLE nobodies;
        """,
    )


@migrations(name="0015_ledger")
def _ledger(db: Database) -> None:
    # `ledger_lines` counts what entries came to, by the day they were seen on: `seen_on`, where it
    # is empty the day they were fetched on. `fate` is what the rules made of a text. What waits
    # here now was seen, and is judged later: it is counted too.
    _run(
        db,
        """
        CREATE TABLE ledger_lines (
            day TEXT NOT NULL,
            brand TEXT NOT NULL,
            source TEXT NOT NULL,
            fate TEXT NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            entries INTEGER NOT NULL,
            PRIMARY KEY (day, brand, source, fate, reason)
        ) WITHOUT ROWID;
        ALTER TABLE verdicts ADD COLUMN fate TEXT;
        ALTER TABLE mentions ADD COLUMN seen_on TEXT;
        ALTER TABLE mention_versions ADD COLUMN seen_on TEXT;
        INSERT INTO ledger_lines (day, brand, source, fate, entries)
            SELECT substr(m.fetched_at, 1, 10), m.brand, m.source, 'new', count(*)
            FROM mentions m LEFT JOIN verdicts v ON v.id = m.verdict_id
            WHERE v.judged_at IS NULL GROUP BY 1, 2, 3;
        """,
    )


@migrations(name="0016_alert_trouble")
def _alert_trouble(db: Database) -> None:
    # What can be done about an alert stood in its error, as a code of Slack's or as words.
    db.execute(
        "ALTER TABLE alerts ADD COLUMN trouble TEXT "
        "CHECK (trouble IN ('channel', 'account', 'message', 'by_eye', 'passing'))"
    )
    rows = db.execute(
        "SELECT id, error, state FROM alerts "
        "WHERE state IN ('pending', 'sending', 'parked') AND error IS NOT NULL"
    ).fetchall()
    for number, error, state in rows:
        trouble = trouble_in(error, state)
        db.execute("UPDATE alerts SET trouble = ? WHERE id = ?", (trouble, number))


@migrations(name="0017_relevance")
def _relevance(db: Database) -> None:
    # `not_about` says who holds that a mention is not about the brand: a person, or the model
    # where the config lets it. Vectors and probabilities are worked out anew from the labels and
    # the texts whenever they are missing.
    _run(
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
    _run(
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
    _run(
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
    _run(
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
    _run(
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
    _run(
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
    _run(
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
    _run(
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
    _run(
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
    _run(
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
    _run(
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


@migrations(name="0031_facts")
def _facts(db: Database) -> None:
    # What can be asked of a mention without its words, in one narrow row, by its brand's own day;
    # what those rows come to by day and cut; where each author stands. Triggers keep rows and
    # cuts, so that no way of writing can forget them; `standing_due` names the authors whose
    # standing is worked out before the commit. SQLite knows no zones: `zone_offsets` tells them.
    counted_at = "coalesce({m}.created_at, {m}.first_fetched_at, {m}.fetched_at)"
    day = """coalesce(date({at}, (
            SELECT o.seconds || ' seconds' FROM brands b
            JOIN zone_offsets o ON o.time_zone = b.time_zone
            WHERE b.name = {brand} AND o.since <= {at} ORDER BY o.since DESC LIMIT 1
        )), date({at}), date(m.fetched_at), '0001-01-01')"""
    at = counted_at.format(m="m")
    told = (
        "language", "experience", "stance", "sure", "corrected",
    )  # fmt: skip
    stated = (
        "brand", "source", "day", "counted_at", "dated", "country", "product_version", "author_id",
        "stars", "reach", "wordless", "answered", "counted", "deleted",
    )  # fmt: skip
    values = {
        "brand": "m.brand",
        "source": "m.source",
        "day": day.format(at=at, brand="m.brand"),
        "counted_at": at,
        "dated": "m.created_at IS NOT NULL",
        "country": "m.country",
        "product_version": "m.product_version",
        "author_id": "m.author_id",
        "stars": "5.0 * m.rating / nullif(m.rating_max, 0)",
        "reach": "m.reach",
        "wordless": "coalesce(m.title, '') || m.text = ''",
        "answered": "m.owner_reply IS NOT NULL",
        "counted": "m.duplicate_of IS NULL AND m.not_about IS NULL",
        "deleted": "m.deleted_at IS NOT NULL",
        "language": "m.language",
        "experience": "coalesce(c.experience, v.experience)",
        "stance": "coalesce(c.stance, v.stance)",
        "sure": "CASE WHEN c.id IS NOT NULL THEN 1 ELSE v.sure END",
        "corrected": "c.id IS NOT NULL",
    }
    judged = """
        LEFT JOIN verdicts v ON v.id = m.verdict_id
        LEFT JOIN corrections c ON c.id = (
            SELECT max(k.id) FROM corrections k
            WHERE k.mention_id = m.id AND k.text_hash = m.text_hash
        )
    """

    def of_mention(columns: tuple[str, ...], joined: str = "") -> str:
        return f"SELECT {', '.join(values[one] for one in columns)} FROM mentions m {joined}"

    of_statement = (
        "brand", "source", "created_at", "first_fetched_at", "fetched_at", "country",
        "product_version", "author_id", "rating", "rating_max", "reach", "title", "text",
        "owner_reply", "duplicate_of", "not_about", "deleted_at",
    )  # fmt: skip
    differs = " OR ".join(f"old.{one} IS NOT new.{one}" for one in of_statement)
    cells = (
        ("all", "''"),
        ("source", "{f}.source"),
        ("country", "coalesce({f}.country, '')"),
        ("language", "coalesce({f}.language, '')"),
        ("version", "coalesce({f}.product_version, '')"),
    )
    kinds = {
        "angry": "experience", "mediocre": "experience", "delighted": "experience",
        "none": "experience", "advocate": "stance", "hater": "stance",
    }  # fmt: skip

    def ones(f: str) -> str:
        return ", ".join(f"coalesce({f}.{column} = '{one}', 0)" for one, column in kinds.items())

    more = ", ".join(f"{one} = {one} + excluded.{one}" for one in ("mentions", *kinds))
    less = ", ".join(
        f"{one} = {one} - coalesce({{f}}.{c} = '{one}', 0)" for one, c in kinds.items()
    )

    def added(f: str) -> str:
        rows = ", ".join(
            f"({f}.brand, {f}.day, '{dimension}', {value.format(f=f)}, 1, {ones(f)})"
            for dimension, value in cells
        )
        return f"""
            INSERT INTO cut_days SELECT * FROM (VALUES {rows}) WHERE {is_counted.format(f=f)}
            UNION ALL
            SELECT {f}.brand, {f}.day, k.dimension, k.value, 1, {ones(f)} FROM mention_cuts k
            WHERE k.seq = {f}.seq AND {is_counted.format(f=f)}
            ON CONFLICT (dimension, day, brand, value) DO UPDATE SET {more};
        """

    def taken(f: str) -> str:
        rows = ", ".join(f"('{dimension}', {value.format(f=f)})" for dimension, value in cells)
        own = f"SELECT k.dimension, k.value FROM mention_cuts k WHERE k.seq = {f}.seq"
        place = f"brand = {f}.brand AND day = {f}.day AND {is_counted.format(f=f)}"
        these = f"(dimension, value) IN (VALUES {rows} UNION ALL {own})"
        return f"""
            UPDATE cut_days SET mentions = mentions - 1, {less.format(f=f)}
            WHERE {these} AND {place};
            DELETE FROM cut_days WHERE mentions <= 0 AND {these} AND {place};
        """

    is_counted = "{f}.counted AND {f}.experience IS NOT NULL"
    of_cells = (
        "brand", "source", "day", "country", "language", "product_version", "experience", "stance",
        "counted",
    )  # fmt: skip
    of_standing = (
        "brand", "author_id", "counted_at", "dated", "reach", "experience", "stance", "counted",
    )  # fmt: skip

    def due(f: str) -> str:
        return f"""
            INSERT INTO standing_due (author_id, brand)
            SELECT {f}.author_id, {f}.brand WHERE {f}.author_id IS NOT NULL
            ON CONFLICT DO NOTHING;
        """

    def moved(columns: tuple[str, ...]) -> str:
        return " OR ".join(f"old.{one} IS NOT new.{one}" for one in columns)

    _run(
        db,
        """
        CREATE TABLE brands (
            name TEXT PRIMARY KEY,
            time_zone TEXT NOT NULL,
            competitor INTEGER NOT NULL DEFAULT 0 CHECK (competitor IN (0, 1))
        ) WITHOUT ROWID;
        CREATE TABLE zone_offsets (
            time_zone TEXT NOT NULL,
            since TEXT NOT NULL,
            seconds INTEGER NOT NULL,
            PRIMARY KEY (time_zone, since)
        ) WITHOUT ROWID;
        CREATE TABLE mention_facts (
            seq INTEGER PRIMARY KEY,
            brand TEXT NOT NULL,
            source TEXT NOT NULL,
            day TEXT NOT NULL,
            counted_at TEXT NOT NULL,
            dated INTEGER NOT NULL,
            language TEXT,
            country TEXT,
            product_version TEXT,
            author_id TEXT,
            stars REAL,
            reach INTEGER,
            wordless INTEGER NOT NULL,
            answered INTEGER NOT NULL,
            experience TEXT,
            stance TEXT,
            sure INTEGER,
            corrected INTEGER NOT NULL,
            counted INTEGER NOT NULL,
            deleted INTEGER NOT NULL
        );
        CREATE TABLE mention_cuts (
            seq INTEGER NOT NULL,
            dimension TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (seq, dimension, value)
        ) WITHOUT ROWID;
        CREATE INDEX mention_cuts_by_value ON mention_cuts(dimension, value, seq);
        CREATE TABLE cut_days (
            brand TEXT NOT NULL,
            day TEXT NOT NULL,
            dimension TEXT NOT NULL,
            value TEXT NOT NULL,
            mentions INTEGER NOT NULL,
            angry INTEGER NOT NULL,
            mediocre INTEGER NOT NULL,
            delighted INTEGER NOT NULL,
            none INTEGER NOT NULL,
            advocate INTEGER NOT NULL,
            hater INTEGER NOT NULL,
            PRIMARY KEY (dimension, day, brand, value)
        ) WITHOUT ROWID;
        CREATE INDEX cut_days_by_value ON cut_days(dimension, value, brand, day);
        CREATE TABLE author_standing (
            author_id TEXT NOT NULL,
            brand TEXT NOT NULL,
            mentions INTEGER NOT NULL,
            angry INTEGER NOT NULL,
            mediocre INTEGER NOT NULL,
            delighted INTEGER NOT NULL,
            none INTEGER NOT NULL,
            advocacy INTEGER NOT NULL,
            warnings INTEGER NOT NULL,
            first_seen_at TEXT,
            last_seen_at TEXT,
            advocate_since TEXT,
            last_advocacy_at TEXT,
            hater_since TEXT,
            last_warning_at TEXT,
            reach INTEGER,
            is_advocate INTEGER NOT NULL,
            is_hater INTEGER NOT NULL,
            PRIMARY KEY (author_id, brand)
        ) WITHOUT ROWID;
        CREATE INDEX author_standing_advocates
            ON author_standing(advocacy DESC, last_seen_at DESC) WHERE is_advocate;
        CREATE INDEX author_standing_advocates_by_brand
            ON author_standing(brand, advocacy DESC, last_seen_at DESC) WHERE is_advocate;
        CREATE INDEX author_standing_haters
            ON author_standing(warnings DESC, last_seen_at DESC) WHERE is_hater;
        CREATE INDEX author_standing_haters_by_brand
            ON author_standing(brand, warnings DESC, last_seen_at DESC) WHERE is_hater;
        CREATE TABLE author_flips (
            seq INTEGER PRIMARY KEY,
            author_id TEXT NOT NULL,
            brand TEXT NOT NULL,
            source TEXT NOT NULL,
            counted_at TEXT NOT NULL,
            flip TEXT NOT NULL CHECK (flip IN ('lost_advocate', 'won_back')),
            was_since TEXT NOT NULL
        );
        CREATE INDEX author_flips_by_author ON author_flips(author_id, brand);
        CREATE INDEX author_flips_by_time ON author_flips(counted_at);
        CREATE INDEX author_flips_by_brand ON author_flips(brand, counted_at);
        CREATE TABLE standing_due (
            author_id TEXT NOT NULL,
            brand TEXT NOT NULL,
            PRIMARY KEY (author_id, brand)
        ) WITHOUT ROWID;
        """,
    )
    columns = ("seq", *stated, *told)
    values["seq"] = "m.seq"
    db.execute(
        f"INSERT INTO mention_facts ({', '.join(columns)}) "
        f"{of_mention(columns, judged)} ORDER BY m.seq"
    )
    _run(
        db,
        """
        CREATE INDEX mention_facts_by_author
            ON mention_facts(author_id, brand, counted_at) WHERE author_id IS NOT NULL;
        CREATE INDEX mention_facts_by_day ON mention_facts(brand, day);
        """,
    )
    # Erased mentions are known by day, brand and source alone.
    sums = ", ".join(f"sum({one}) AS {one}" for one in ("mentions", *kinds))
    for dimension, value in cells:
        # Where nobody's stance is known its sum is unknown, and the migration would end there.
        counted = ", ".join(
            f"coalesce(sum({column} = '{one}'), 0) AS {one}" for one, column in kinds.items()
        )
        erased = "source" if dimension == "source" else "''"
        db.execute(
            f"""
            INSERT INTO cut_days
            SELECT brand, day, '{dimension}', value, {sums} FROM (
                SELECT brand, day, {value.format(f="f")} AS value, count(*) AS mentions, {counted}
                FROM mention_facts f WHERE {is_counted.format(f="f")} GROUP BY 1, 2, 3
                UNION ALL
                SELECT brand, day, {erased}, mentions, {", ".join(kinds)} FROM erased_counts
            )
            GROUP BY 1, 2, 4 ORDER BY 2, 1, 4
            """
        )
    db.execute("DROP TABLE daily_counts")
    db.execute("DROP TABLE erased_counts")
    # Whoever commits next works their standing out.
    db.execute(
        "INSERT INTO standing_due SELECT DISTINCT author_id, brand FROM mention_facts "
        "WHERE author_id IS NOT NULL"
    )
    for trigger in (
        f"""
        CREATE TRIGGER mention_facts_of_new AFTER INSERT ON mentions BEGIN
            INSERT INTO mention_facts ({", ".join(columns)})
            {of_mention(columns, judged)} WHERE m.seq = new.seq;
        END
        """,
        f"""
        CREATE TRIGGER mention_facts_of_changed AFTER UPDATE OF {", ".join(of_statement)}
        ON mentions WHEN {differs} BEGIN
            UPDATE mention_facts SET ({", ".join(stated)}) = (
                {of_mention(stated)} WHERE m.seq = new.seq
            ) WHERE seq = new.seq;
        END
        """,
        f"""
        CREATE TRIGGER mention_facts_of_judged AFTER UPDATE OF verdict_id, text_hash, language
        ON mentions BEGIN
            UPDATE mention_facts SET ({", ".join(told)}) = (
                {of_mention(told, judged)} WHERE m.seq = new.seq
            ) WHERE seq = new.seq;
        END
        """,
        f"""
        CREATE TRIGGER mention_facts_of_verdict AFTER UPDATE OF experience, stance, sure
        ON verdicts BEGIN
            UPDATE mention_facts SET ({", ".join(told)}) = (
                {of_mention(told, judged)} WHERE m.seq = mention_facts.seq
            ) WHERE seq = (
                SELECT seq FROM mentions WHERE id = new.mention_id AND verdict_id = new.id
            );
        END
        """,
        f"""
        CREATE TRIGGER mention_facts_of_corrected AFTER INSERT ON corrections BEGIN
            UPDATE mention_facts SET ({", ".join(told)}) = (
                {of_mention(told, judged)} WHERE m.seq = mention_facts.seq
            ) WHERE seq = (SELECT seq FROM mentions WHERE id = new.mention_id);
        END
        """,
        """
        CREATE TRIGGER mention_facts_of_erased AFTER DELETE ON mentions BEGIN
            DELETE FROM mention_facts WHERE seq = old.seq;
        END
        """,
        f"""
        CREATE TRIGGER cut_days_of_new AFTER INSERT ON mention_facts
        WHEN {is_counted.format(f="new")} BEGIN {added("new")} END
        """,
        f"""
        CREATE TRIGGER cut_days_of_changed AFTER UPDATE OF {", ".join(of_cells)}
        ON mention_facts WHEN {moved(of_cells)} BEGIN {taken("old")} {added("new")} END
        """,
        # What is erased stays counted: nothing is taken from its cells.
        """
        CREATE TRIGGER mention_cuts_of_erased AFTER DELETE ON mention_facts BEGIN
            DELETE FROM mention_cuts WHERE seq = old.seq;
        END
        """,
        f"""
        CREATE TRIGGER cut_days_of_new_cut AFTER INSERT ON mention_cuts BEGIN
            INSERT INTO cut_days
            SELECT f.brand, f.day, new.dimension, new.value, 1, {ones("f")} FROM mention_facts f
            WHERE f.seq = new.seq AND {is_counted.format(f="f")}
            ON CONFLICT (dimension, day, brand, value) DO UPDATE SET {more};
        END
        """,
        f"""
        CREATE TRIGGER cut_days_of_old_cut AFTER DELETE ON mention_cuts BEGIN
            UPDATE cut_days SET mentions = mentions - 1, {less.format(f="f")}
            FROM mention_facts f
            WHERE f.seq = old.seq AND {is_counted.format(f="f")} AND cut_days.brand = f.brand
                AND cut_days.day = f.day AND dimension = old.dimension AND value = old.value;
            DELETE FROM cut_days WHERE mentions <= 0 AND dimension = old.dimension
                AND value = old.value AND (brand, day) = (
                    SELECT brand, day FROM mention_facts WHERE seq = old.seq
                );
        END
        """,
        f"CREATE TRIGGER standing_due_of_new AFTER INSERT ON mention_facts BEGIN {due('new')} END",
        f"""
        CREATE TRIGGER standing_due_of_changed AFTER UPDATE OF {", ".join(of_standing)}
        ON mention_facts WHEN {moved(of_standing)} BEGIN {due("old")} {due("new")} END
        """,
        f"CREATE TRIGGER standing_due_of_old AFTER DELETE ON mention_facts BEGIN {due('old')} END",
    ):
        db.execute(trigger)


@migrations(name="0032_charts")
def _charts(db: Database) -> None:
    # Brands whose counts changed are marked by triggers, whoever changes them: their metrics are
    # measured anew. `changes` tells whether more came while they were. Goals may come back to a
    # target that was one before, and tell how they were set.
    _run(
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
    _run(
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
    _run(
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


@migrations(name="0035_people")
def _people(db: Database) -> None:
    # Which brands the config called competitors, since when and until when: of these no case opens
    # and nothing is told.
    _run(
        db,
        """
        CREATE TABLE competitors (
            brand TEXT PRIMARY KEY,
            since TEXT NOT NULL,
            until TEXT
        ) WITHOUT ROWID;

        -- Where one shop, hotel or branch is meant; which mentions count for it follows.
        ALTER TABLE mentions ADD COLUMN location TEXT;

        -- The colleagues whom wows may name, as the config has them.
        CREATE TABLE staff (
            brand TEXT NOT NULL,
            name TEXT NOT NULL,
            team TEXT,
            location TEXT,
            PRIMARY KEY (brand, name)
        ) WITHOUT ROWID;

        -- The one thing that each advocate needs, as the daily list last had it.
        CREATE TABLE advocate_needs (
            brand TEXT NOT NULL,
            author_id TEXT NOT NULL,
            mention_id TEXT NOT NULL REFERENCES mentions(id) ON DELETE CASCADE,
            need TEXT NOT NULL CHECK (need IN ('complaint', 'question', 'wish', 'lack')),
            sentence TEXT NOT NULL,
            place INTEGER NOT NULL,
            listed_on TEXT NOT NULL,
            PRIMARY KEY (brand, author_id)
        ) WITHOUT ROWID;
        CREATE INDEX advocate_needs_by_mention ON advocate_needs(mention_id);

        -- How the last look at each version of a product compared it with those before.
        CREATE TABLE version_changes (
            brand TEXT NOT NULL,
            version TEXT NOT NULL,
            metric TEXT NOT NULL CHECK (metric IN ('wow_rate', 'complaint_rate')),
            first_day TEXT NOT NULL,
            part_before INTEGER NOT NULL,
            told_before INTEGER NOT NULL,
            part INTEGER NOT NULL,
            told INTEGER NOT NULL,
            strata INTEGER NOT NULL,
            difference REAL NOT NULL,
            low REAL NOT NULL,
            high REAL NOT NULL,
            p_value REAL NOT NULL,
            looks INTEGER NOT NULL,
            looked_at TEXT NOT NULL,
            direction TEXT CHECK (direction IN ('worse', 'better')),
            found_at TEXT,
            PRIMARY KEY (brand, version, metric)
        ) WITHOUT ROWID;
        -- A brand's days are read for all dimensions at once, and for one of them.
        CREATE INDEX cut_days_by_brand ON cut_days(
            brand, day, dimension, value, mentions, angry, mediocre, delighted, advocate, hater
        );
        CREATE INDEX mention_facts_by_version ON mention_facts(
            brand, product_version, day, source, country, experience, counted
        ) WHERE product_version IS NOT NULL;
        """,
    )
    for trigger in (
        """
        CREATE TRIGGER mention_cuts_of_new_location AFTER INSERT ON mentions
        WHEN new.location IS NOT NULL BEGIN
            INSERT INTO mention_cuts (seq, dimension, value)
            VALUES (new.seq, 'location', new.location) ON CONFLICT DO NOTHING;
        END
        """,
        """
        CREATE TRIGGER mention_cuts_of_location AFTER UPDATE OF location ON mentions
        WHEN old.location IS NOT new.location BEGIN
            DELETE FROM mention_cuts WHERE seq = new.seq AND dimension = 'location';
            INSERT INTO mention_cuts (seq, dimension, value)
            SELECT new.seq, 'location', new.location WHERE new.location IS NOT NULL
            ON CONFLICT DO NOTHING;
        END
        """,
    ):
        db.execute(trigger)


@migrations(name="0036_pages")
def _pages(db: Database) -> None:
    # What the pages look up: the mentions of a day whatever their brand, those that wait for their
    # verdict, and the answers to a mention.
    _run(
        db,
        """
        CREATE INDEX mention_facts_by_every_day ON mention_facts(day);
        CREATE INDEX mention_facts_waiting ON mention_facts(brand, day)
            WHERE experience IS NULL AND counted;
        CREATE INDEX mentions_by_parent ON mentions(parent_id) WHERE parent_id IS NOT NULL;
        """,
    )


@migrations(name="0037_fact_indexes")
def _fact_indexes(db: Database) -> None:
    # What pages list is found by its time; what stands beside a list, such as how many a choice
    # has, is counted in few cells. An empty experience waits for a verdict.
    cell = (
        "{f}.brand, {f}.source, coalesce({f}.experience, ''), coalesce({f}.stance, ''), "
        "coalesce({f}.sure, 0)"
    )
    place = "(brand, source, experience, stance, sure)"
    added = f"""
        INSERT INTO voice_cells VALUES ({cell.format(f="new")}, 1)
        ON CONFLICT {place} DO UPDATE SET mentions = mentions + 1;
    """
    taken = f"""
        UPDATE voice_cells SET mentions = mentions - 1 WHERE {place} = ({cell.format(f="old")});
        DELETE FROM voice_cells WHERE {place} = ({cell.format(f="old")}) AND mentions <= 0;
    """
    stars = "CAST(round({f}.stars) AS INTEGER)"
    in_stars = "{f}.stars IS NOT NULL AND {f}.counted AND {f}.experience IS NOT NULL"
    kinds = {
        "angry": "experience", "mediocre": "experience", "delighted": "experience",
        "none": "experience", "advocate": "stance", "hater": "stance",
    }  # fmt: skip
    more = ", ".join(f"{one} = {one} + excluded.{one}" for one in ("mentions", *kinds))
    less = ", ".join(f"{one} = {one} - (old.{kind} = '{one}')" for one, kind in kinds.items())
    ones = ", ".join(f"new.{kind} = '{one}'" for one, kind in kinds.items())
    of_stars = (
        f"dimension = 'stars' AND day = old.day AND brand = old.brand "
        f"AND value = {stars.format(f='old')} AND {in_stars.format(f='old')}"
    )
    starred = f"""
        INSERT INTO cut_days (brand, day, dimension, value, mentions, {", ".join(kinds)})
        SELECT new.brand, new.day, 'stars', {stars.format(f="new")}, 1, {ones}
        WHERE {in_stars.format(f="new")}
        ON CONFLICT (dimension, day, brand, value) DO UPDATE SET {more};
    """
    unstarred = f"""
        UPDATE cut_days SET mentions = mentions - 1, {less} WHERE {of_stars};
        DELETE FROM cut_days WHERE mentions <= 0 AND {of_stars};
    """
    star_columns = ("brand", "day", "stars", "experience", "stance", "counted")
    restarred = " OR ".join(f"old.{one} IS NOT new.{one}" for one in star_columns)
    # As in 0031: a sum of what nobody knows is 0.
    sums = ", ".join(f"coalesce(sum({kind} = '{one}'), 0)" for one, kind in kinds.items())
    moved = ("brand", "source", "experience", "stance", "sure")
    differs = " OR ".join(f"old.{one} IS NOT new.{one}" for one in moved)
    _run(
        db,
        f"""
        CREATE INDEX mention_facts_by_time ON mention_facts(counted_at);
        CREATE INDEX mention_facts_by_brand ON mention_facts(
            brand, counted_at, experience, stance, sure, counted, source, deleted
        );
        CREATE INDEX mention_facts_by_source ON mention_facts(source, counted_at);
        CREATE TABLE voice_cells (
            brand TEXT NOT NULL,
            source TEXT NOT NULL,
            experience TEXT NOT NULL,
            stance TEXT NOT NULL,
            sure INTEGER NOT NULL,
            mentions INTEGER NOT NULL,
            PRIMARY KEY (brand, source, experience, stance, sure)
        ) WITHOUT ROWID;
        INSERT INTO voice_cells
            SELECT {cell.format(f="f")}, count(*) FROM mention_facts f GROUP BY 1, 2, 3, 4, 5;
        CREATE INDEX mention_facts_answered ON mention_facts(
            counted_at, brand, source, experience, counted
        ) WHERE answered;
        CREATE INDEX author_standing_haters_by_reach ON author_standing(
            reach DESC, last_warning_at DESC, brand
        ) WHERE is_hater;
        INSERT INTO cut_days (brand, day, dimension, value, mentions, {", ".join(kinds)})
            SELECT brand, day, 'stars', {stars.format(f="f")}, count(*), {sums}
            FROM mention_facts f WHERE {in_stars.format(f="f")} GROUP BY 1, 2, 4;
        ALTER TABLE cases ADD COLUMN source TEXT;
        UPDATE cases SET source = (SELECT m.source FROM mentions m WHERE m.id = mention_id);
        """,
    )
    for trigger in (
        """
        CREATE TRIGGER cases_source AFTER INSERT ON cases BEGIN
            UPDATE cases SET source = (SELECT m.source FROM mentions m WHERE m.id = new.mention_id)
            WHERE id = new.id;
        END
        """,
        f"""
        CREATE TRIGGER cut_stars_of_new AFTER INSERT ON mention_facts BEGIN {starred} END
        """,
        f"""
        CREATE TRIGGER cut_stars_of_changed AFTER UPDATE OF {", ".join(star_columns)}
        ON mention_facts WHEN {restarred} BEGIN {unstarred} {starred} END
        """,
        f"""
        CREATE TRIGGER voice_cells_of_new AFTER INSERT ON mention_facts BEGIN {added} END
        """,
        f"""
        CREATE TRIGGER voice_cells_of_changed AFTER UPDATE OF {", ".join(moved)} ON mention_facts
        WHEN {differs} BEGIN {taken} {added} END
        """,
        f"""
        CREATE TRIGGER voice_cells_of_old AFTER DELETE ON mention_facts BEGIN {taken} END
        """,
    ):
        db.execute(trigger)


@migrations(name="0038_filters")
def _filters(db: Database) -> None:
    # Whatever filters a page has, one index holds all that its counts need: of the rows that one
    # of the filters leaves, no other page of the file is read. What a topic or a location says of
    # a mention stands beside the cut, so that it is counted as a column is.
    counted = "experience, stance, counted, sure, corrected"
    filters = ("source", "country", "language", "product_version")
    copied = (
        "brand", "day", *filters, "experience", "stance", "counted", "sure", "corrected",
        "counted_at",
    )  # fmt: skip
    own = "dimension IN ('topic', 'location')"
    columns = ", ".join(copied)
    for index in ("day", "version"):
        db.execute(f"DROP INDEX mention_facts_by_{index}")
    db.execute(f"CREATE INDEX mention_facts_by_day ON mention_facts(brand, day, {counted})")
    for first in filters:
        others = ", ".join(one for one in filters if one != first)
        name = "version" if first == "product_version" else first
        known = "" if first == "source" else f" WHERE {first} IS NOT NULL"
        db.execute(
            f"CREATE INDEX mention_facts_of_{name} "
            f"ON mention_facts(brand, {first}, day, {others}, {counted}){known}"
        )
    for name in copied:
        kind = "INTEGER" if name in ("counted", "sure", "corrected") else "TEXT"
        db.execute(f"ALTER TABLE mention_cuts ADD COLUMN {name} {kind}")
    _run(
        db,
        f"""
        CREATE INDEX mention_facts_by_language ON mention_facts(language, counted_at)
            WHERE language IS NOT NULL;
        CREATE INDEX mention_facts_by_country ON mention_facts(country, counted_at)
            WHERE country IS NOT NULL;
        CREATE INDEX mention_facts_by_version ON mention_facts(product_version, counted_at)
            WHERE product_version IS NOT NULL;
        CREATE INDEX mention_facts_corrected ON mention_facts(brand, day) WHERE corrected;
        CREATE INDEX mention_versions_by_time ON mention_versions(replaced_at);
        CREATE INDEX named_staff_by_name ON named_staff(name);
        UPDATE mention_cuts SET ({columns}) = (
            SELECT {columns} FROM mention_facts f WHERE f.seq = mention_cuts.seq
        ) WHERE {own};
        CREATE INDEX mention_cuts_of_value ON mention_cuts(
            dimension, brand, value, day, {", ".join(filters)}, {counted}
        ) WHERE {own};
        """,
    )
    for trigger in (
        f"""
        CREATE TRIGGER mention_cuts_copied AFTER INSERT ON mention_cuts WHEN new.{own} BEGIN
            UPDATE mention_cuts SET ({columns}) = (
                SELECT {columns} FROM mention_facts f WHERE f.seq = new.seq
            ) WHERE seq = new.seq AND dimension = new.dimension AND value = new.value;
        END
        """,
        f"""
        CREATE TRIGGER mention_cuts_of_new_fact AFTER INSERT ON mention_facts BEGIN
            UPDATE mention_cuts SET ({columns}) = ({", ".join(f"new.{one}" for one in copied)})
            WHERE seq = new.seq AND {own};
        END
        """,
        f"""
        CREATE TRIGGER mention_cuts_of_fact AFTER UPDATE OF {columns} ON mention_facts
        WHEN {" OR ".join(f"old.{one} IS NOT new.{one}" for one in copied)} BEGIN
            UPDATE mention_cuts SET ({columns}) = ({", ".join(f"new.{one}" for one in copied)})
            WHERE seq = new.seq AND {own};
        END
        """,
    ):
        db.execute(trigger)


@migrations(name="0039_what_a_daemon_goes_by")
def _what_a_daemon_goes_by(db: Database) -> None:
    # When the clock under it was last set, and by how much; which config it has, as a mark of it.
    _run(
        db,
        """
        ALTER TABLE daemon_runs ADD COLUMN clock_set_at TEXT;
        ALTER TABLE daemon_runs ADD COLUMN clock_step_s REAL;
        ALTER TABLE daemon_runs ADD COLUMN config_mark TEXT;
        ALTER TABLE daemon_runs ADD COLUMN config_read_at TEXT;
        """,
    )


@migrations(name="0040_scoring_tries")
def scoring_tries(db: Database) -> None:
    """What is being scored: who is killed meanwhile has left it here."""
    db.execute(
        """
        CREATE TABLE scoring_tries (
            mention_id TEXT PRIMARY KEY REFERENCES mentions(id) ON DELETE CASCADE,
            text_hash TEXT NOT NULL,
            tries INTEGER NOT NULL,
            tried_at TEXT NOT NULL
        ) WITHOUT ROWID
        """
    )


@migrations(name="0041_source_drift")
def _source_drift(db: Database) -> None:
    # What each source gives, by the day it was fetched: counted on from verdict to verdict, so
    # that what a store has from before is counted by the first runs of the routine.
    _run(
        db,
        """
        CREATE TABLE source_days (
            brand TEXT NOT NULL,
            source TEXT NOT NULL,
            day TEXT NOT NULL,
            share TEXT NOT NULL,
            part INTEGER NOT NULL,
            whole INTEGER NOT NULL,
            PRIMARY KEY (brand, source, share, day)
        ) WITHOUT ROWID;
        CREATE INDEX source_days_by_day ON source_days(day);
        CREATE TABLE source_drift (
            brand TEXT NOT NULL,
            source TEXT NOT NULL,
            share TEXT NOT NULL,
            since TEXT NOT NULL,
            usual REAL NOT NULL,
            part INTEGER NOT NULL,
            whole INTEGER NOT NULL,
            seen_on TEXT NOT NULL,
            ended_on TEXT,
            became_usual INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (brand, source, share, since)
        ) WITHOUT ROWID;
        CREATE TABLE source_days_counted (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            verdict_id INTEGER NOT NULL
        );
        INSERT INTO source_days_counted VALUES (1, 0);
        """,
    )


@migrations(name="0042_half_corrected")
def _half_corrected(db: Database) -> None:
    # A text whose experience a person corrected, and whose stance no model has told yet, has no
    # stance: by the triggers of 0037 it did not fit into the cells of its stars, and the edit
    # that brought it back was refused.
    stars = "CAST(round({f}.stars) AS INTEGER)"
    in_stars = "{f}.stars IS NOT NULL AND {f}.counted AND {f}.experience IS NOT NULL"
    kinds = {
        "angry": "experience", "mediocre": "experience", "delighted": "experience",
        "none": "experience", "advocate": "stance", "hater": "stance",
    }  # fmt: skip

    def ones(f: str) -> str:
        return ", ".join(f"coalesce({f}.{kind} = '{one}', 0)" for one, kind in kinds.items())

    more = ", ".join(f"{one} = {one} + excluded.{one}" for one in ("mentions", *kinds))
    less = ", ".join(
        f"{one} = {one} - coalesce(old.{kind} = '{one}', 0)" for one, kind in kinds.items()
    )
    of_stars = (
        f"dimension = 'stars' AND day = old.day AND brand = old.brand "
        f"AND value = {stars.format(f='old')} AND {in_stars.format(f='old')}"
    )
    starred = f"""
        INSERT INTO cut_days (brand, day, dimension, value, mentions, {", ".join(kinds)})
        SELECT new.brand, new.day, 'stars', {stars.format(f="new")}, 1, {ones("new")}
        WHERE {in_stars.format(f="new")}
        ON CONFLICT (dimension, day, brand, value) DO UPDATE SET {more};
    """
    unstarred = f"""
        UPDATE cut_days SET mentions = mentions - 1, {less} WHERE {of_stars};
        DELETE FROM cut_days WHERE mentions <= 0 AND {of_stars};
    """
    columns = ("brand", "day", "stars", "experience", "stance", "counted")
    differs = " OR ".join(f"old.{one} IS NOT new.{one}" for one in columns)
    for statement in (
        "DROP TRIGGER cut_stars_of_new",
        "DROP TRIGGER cut_stars_of_changed",
        f"""
        CREATE TRIGGER cut_stars_of_new AFTER INSERT ON mention_facts BEGIN {starred} END
        """,
        f"""
        CREATE TRIGGER cut_stars_of_changed AFTER UPDATE OF {", ".join(columns)}
        ON mention_facts WHEN {differs} BEGIN {unstarred} {starred} END
        """,
    ):
        db.execute(statement)


@migrations(name="0043_values")
def _values(db: Database) -> None:
    # What values a filter has, the most mentioned first, and which complaints have the brand's
    # answer: each from one index.
    _run(
        db,
        """
        DROP INDEX cut_days_by_value;
        CREATE INDEX cut_days_by_value ON cut_days(dimension, value, brand, day, mentions);
        CREATE INDEX mention_facts_answered_by_day ON mention_facts(
            brand, day, experience, source, country, language, product_version, stance, sure,
            corrected, counted
        ) WHERE answered;
        """,
    )


@migrations(name="0044_month_cells")
def _month_cells(db: Database) -> None:
    # Of long periods whole months are counted from cells, whichever two or more of the filters
    # meet, and only the days before and after them from mentions. What is erased is taken out, as
    # it is from mentions. On how many days an author spoke is worked out once, not at each look;
    # what names a mention has its row number too, and finds its facts without its words.
    own = "dimension IN ('topic', 'location')"
    columns = {
        "source": "{f}.source",
        "country": "coalesce({f}.country, '')",
        "language": "coalesce({f}.language, '')",
        "version": "coalesce({f}.product_version, '')",
    }
    kinds = {
        "angry": "experience", "mediocre": "experience", "delighted": "experience",
        "none": "experience", "advocate": "stance", "hater": "stance",
    }  # fmt: skip
    numbers = ", ".join(f"{one} INTEGER NOT NULL" for one in ("mentions", *kinds))
    ones = ", ".join(f"coalesce({{f}}.{kind} = '{one}', 0)" for one, kind in kinds.items())
    sums = ", ".join(f"coalesce(sum({kind} = '{one}'), 0)" for one, kind in kinds.items())
    more = ", ".join(f"{one} = {one} + excluded.{one}" for one in ("mentions", *kinds))
    less = "mentions = mentions - 1, " + ", ".join(
        f"{one} = {one} - coalesce(old.{kind} = '{one}', 0)" for one, kind in kinds.items()
    )
    is_counted = "({f}.counted AND {f}.experience IS NOT NULL)"
    month = "substr({f}.day, 1, 7)"
    moved = (
        "brand", "day", "source", "country", "language", "product_version", "experience",
        "stance", "counted",
    )  # fmt: skip

    def differs(names: tuple[str, ...]) -> str:
        return " OR ".join(f"old.{one} IS NOT new.{one}" for one in names)

    # A mention's one cell by the four columns.
    place = f"(brand, month, {', '.join(columns)})"
    cell = f"{{f}}.brand, {month}, {', '.join(columns.values())}"
    added = f"""
        INSERT INTO month_cells
        SELECT {cell.format(f="new")}, 1, {ones.format(f="new")} WHERE {is_counted.format(f="new")}
        ON CONFLICT {place} DO UPDATE SET {more};
    """
    its_cell = f"{place} = ({cell.format(f='old')}) AND {is_counted.format(f='old')}"
    taken = f"""
        UPDATE month_cells SET {less} WHERE {its_cell};
        DELETE FROM month_cells WHERE {its_cell} AND mentions <= 0;
    """
    # A topic's or a location's mention, once in the cell of each of the four columns.
    pair_place = "(brand, cut, dimension, part, month, value)"
    parts = " UNION ALL ".join(
        f"SELECT '{one}' AS dimension, {sql} AS part" for one, sql in columns.items()
    )
    paired = f"""
        INSERT INTO month_pairs
        SELECT new.brand, new.dimension, p.dimension, p.part, {month.format(f="new")}, new.value,
            1, {ones.format(f="new")}
        FROM ({parts.format(f="new")}) p WHERE {is_counted.format(f="new")}
        ON CONFLICT {pair_place} DO UPDATE SET {more};
    """
    # One by one: by several at once SQLite would look through all months of the topic.
    its_pair = (
        "brand = old.brand AND cut = old.dimension AND value = old.value "
        f"AND month = {month.format(f='old')} AND dimension = '{{}}' AND part = {{}} "
        f"AND {is_counted.format(f='old')}"
    )
    its_pairs = [its_pair.format(one, sql.format(f="old")) for one, sql in columns.items()]
    unpaired = "".join(
        f"UPDATE month_pairs SET {less} WHERE {one}; "
        f"DELETE FROM month_pairs WHERE {one} AND mentions <= 0; "
        for one in its_pairs
    )
    _run(
        db,
        f"""
        CREATE TABLE month_cells (
            brand TEXT NOT NULL,
            month TEXT NOT NULL,
            source TEXT NOT NULL,
            country TEXT NOT NULL,
            language TEXT NOT NULL,
            version TEXT NOT NULL,
            {numbers},
            PRIMARY KEY {place}
        ) WITHOUT ROWID;
        INSERT INTO month_cells
            SELECT {cell.format(f="f")}, count(*), {sums} FROM mention_facts f
            WHERE {is_counted.format(f="f")} GROUP BY 1, 2, 3, 4, 5, 6;
        CREATE TABLE month_pairs (
            brand TEXT NOT NULL,
            cut TEXT NOT NULL,
            dimension TEXT NOT NULL,
            part TEXT NOT NULL,
            month TEXT NOT NULL,
            value TEXT NOT NULL,
            {numbers},
            PRIMARY KEY {pair_place}
        ) WITHOUT ROWID;
        CREATE INDEX month_pairs_of_value ON month_pairs(brand, cut, value, dimension, month);
        ALTER TABLE author_standing ADD COLUMN days_spoken INTEGER NOT NULL DEFAULT 0;
        UPDATE author_standing SET days_spoken = (
            SELECT count(DISTINCT f.day) FROM mention_facts f
            WHERE f.author_id = author_standing.author_id AND f.brand = author_standing.brand
                AND f.counted AND f.dated
        );
        CREATE INDEX author_standing_rhythm ON author_standing(
            brand, last_seen_at DESC, first_seen_at, days_spoken, mentions, is_advocate
        ) WHERE is_advocate AND days_spoken >= 4;
        ALTER TABLE cases ADD COLUMN seq INTEGER;
        UPDATE cases SET seq = (SELECT m.seq FROM mentions m WHERE m.id = mention_id);
        DROP INDEX cases_by_opening;
        CREATE INDEX cases_by_opening
            ON cases(brand, opened_at, state, due_at, responded_at, source, seq);
        ALTER TABLE named_staff ADD COLUMN seq INTEGER;
        UPDATE named_staff SET seq = (SELECT m.seq FROM mentions m WHERE m.id = mention_id);
        DROP INDEX named_staff_by_name;
        CREATE INDEX named_staff_by_name ON named_staff(name, seq);
        DROP INDEX crawl_runs_finished;
        CREATE INDEX crawl_runs_finished ON crawl_runs(brand, source, target, id, outcome)
            WHERE outcome IS NOT NULL;
        """,
    )
    for name, sql in columns.items():
        db.execute(f"CREATE INDEX month_cells_of_{name} ON month_cells(brand, {name}, month)")
        db.execute(
            f"""
            INSERT INTO month_pairs
            SELECT brand, dimension, '{name}', {sql.format(f="c")} AS part,
                {month.format(f="c")} AS month, value, count(*), {sums}
            FROM mention_cuts c WHERE {own} AND {is_counted.format(f="c")}
            GROUP BY brand, dimension, part, month, value
            """
        )
    for trigger in (
        """
        CREATE TRIGGER cases_seq AFTER INSERT ON cases BEGIN
            UPDATE cases SET seq = (SELECT m.seq FROM mentions m WHERE m.id = new.mention_id)
            WHERE id = new.id;
        END
        """,
        """
        CREATE TRIGGER named_staff_seq AFTER INSERT ON named_staff BEGIN
            UPDATE named_staff SET seq = (
                SELECT m.seq FROM mentions m WHERE m.id = new.mention_id
            ) WHERE mention_id = new.mention_id AND name = new.name;
        END
        """,
        f"CREATE TRIGGER month_cells_of_new AFTER INSERT ON mention_facts BEGIN {added} END",
        f"""
        CREATE TRIGGER month_cells_of_changed AFTER UPDATE OF {", ".join(moved)} ON mention_facts
        WHEN {differs(moved)} BEGIN {taken} {added} END
        """,
        f"CREATE TRIGGER month_cells_of_old AFTER DELETE ON mention_facts BEGIN {taken} END",
        f"""
        CREATE TRIGGER month_pairs_of_changed
        AFTER UPDATE OF dimension, value, {", ".join(moved)} ON mention_cuts
        WHEN new.{own} AND ({differs(("dimension", "value", *moved))})
        BEGIN {unpaired} {paired} END
        """,
        f"""
        CREATE TRIGGER month_pairs_of_old AFTER DELETE ON mention_cuts WHEN old.{own}
        BEGIN {unpaired} END
        """,
    ):
        db.execute(trigger)


@migrations(name="0045_unspaced_scripts")
def _unspaced_scripts(db: Database) -> None:
    # The index reads each sign of a script without spaces as a word (`storage/unspaced.py` does
    # so with what is looked for). SQL alone does it, so that whatever writes into `mentions`
    # writes the index too. The classes of signs stand here as they were when this landed.
    blocks = (
        (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x3005, 0x3007),
        (0x3040, 0x318F), (0x31A0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA960, 0xA97F),
        (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x1B000, 0x1B16F),
        (0x20000, 0x3FFFF),
    )  # fmt: skip
    signs = "[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in blocks) + "]"

    def apart(column: str) -> str:
        # ASCII, told by its length in bytes, is not looked through. `substr` counts from the start
        # of what it reads: by parts of 200 signs a long text takes linear time, nearly.
        return f"""
            CASE WHEN length(CAST({column} AS BLOB)) > length({column})
                AND {column} GLOB '*{signs}*'
            THEN (
                WITH RECURSIVE part (start, piece) AS (
                    SELECT 1, substr({column}, 1, 200)
                    UNION ALL
                    SELECT start + 200, substr({column}, start + 200, 200) FROM part
                    WHERE start + 200 <= length({column})
                )
                SELECT group_concat((
                    WITH RECURSIVE place (at) AS (
                        SELECT 1 UNION ALL SELECT at + 1 FROM place WHERE at < length(piece)
                    )
                    SELECT group_concat(
                        CASE WHEN substr(piece, at, 1) GLOB '{signs}'
                        THEN char(8203) || substr(piece, at, 1) || char(8203)
                        ELSE substr(piece, at, 1) END, ''
                    ) FROM place
                ), '') FROM part
            ) ELSE {column} END AS {column}
        """

    into = "INSERT INTO mentions_fts (rowid, title, text) SELECT seq, title, text"
    out_of = (
        "INSERT INTO mentions_fts (mentions_fts, rowid, title, text) "
        "SELECT 'delete', seq, title, text"
    )
    for statement in (
        "DROP TRIGGER mentions_ai",
        "DROP TRIGGER mentions_ad",
        "DROP TRIGGER mentions_au",
        "DROP TABLE mentions_fts",
        f"""
        CREATE VIEW mention_words AS
        SELECT seq, {apart("title")}, {apart("text")} FROM mentions
        """,
        """
        CREATE VIRTUAL TABLE mentions_fts USING fts5(
            title, text, content='mention_words', content_rowid='seq',
            tokenize='porter unicode61 remove_diacritics 2'
        )
        """,
        f"""
        CREATE TRIGGER mentions_ai AFTER INSERT ON mentions BEGIN
            {into} FROM mention_words WHERE seq = new.seq;
        END
        """,
        f"""
        CREATE TRIGGER mentions_bd BEFORE DELETE ON mentions BEGIN
            {out_of} FROM mention_words WHERE seq = old.seq;
        END
        """,
        f"""
        CREATE TRIGGER mentions_bu BEFORE UPDATE OF title, text ON mentions BEGIN
            {out_of} FROM mention_words WHERE seq = old.seq;
        END
        """,
        f"""
        CREATE TRIGGER mentions_au AFTER UPDATE OF title, text ON mentions BEGIN
            {into} FROM mention_words WHERE seq = new.seq;
        END
        """,
        "INSERT INTO mentions_fts (mentions_fts) VALUES ('rebuild')",
    ):
        db.execute(statement)


def _run(db: Database, script: str) -> None:
    # executescript would commit the migration's own transaction.
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)
