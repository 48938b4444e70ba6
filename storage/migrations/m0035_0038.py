"""Migrations 35 to 38: people, pages, the indexes of filters."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.numbered import migrations, run


@migrations(name="0035_people")
def _people(db: Database) -> None:
    # Which brands the config called competitors, since when and until when: of these no case opens
    # and nothing is told.
    run(
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
    run(
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
    run(
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
    run(
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
