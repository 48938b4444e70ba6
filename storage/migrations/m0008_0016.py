"""Migrations 8 to 16: places, clicks, failures, waits, webhook receipts, ledger."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.numbered import migrations, run
from storage.old_troubles import trouble_in


@migrations(name="0008_public_places")
def _public_places(db: Database) -> None:
    # `linked_hash` is the version of the text that copies were looked for; `copy_bands` is where
    # they are found: two texts that share a band may be one.
    run(
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
    run(
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
    run(
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
    run(
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
    run(
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
    run(
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
