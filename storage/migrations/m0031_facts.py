"""Migration 31: facts of mentions, and the counts that triggers keep of them."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.numbered import migrations, run


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

    run(
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
    run(
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
