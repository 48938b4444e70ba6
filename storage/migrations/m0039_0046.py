"""Migrations 39 to 46: daemon, scoring tries, drift, months, search, lookups of alerts."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.numbered import migrations, run


@migrations(name="0039_what_a_daemon_goes_by")
def _what_a_daemon_goes_by(db: Database) -> None:
    # When the clock under it was last set, and by how much; which config it has, as a mark of it.
    run(
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
    run(
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
    run(
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
    run(
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


@migrations(name="0046_alert_lookups")
def _alert_lookups(db: Database) -> None:
    # What each pass asks: which alerts are in a state, which were written lately, which cases were
    # told to be taken back. Of all that was ever sent and closed it shall read nothing.
    run(
        db,
        """
        CREATE INDEX alerts_by_state ON alerts(state, tried_via, sent_at);
        CREATE INDEX alerts_by_time ON alerts(created_at);
        CREATE INDEX case_events_withdrawn ON case_events(case_id) WHERE event = 'withdrawn';
        """,
    )
