"""What else than its own rows holds a word or the id of a mention that is about to be erased.

Rows that belong to a mention go with it, by their foreign keys. These do not: what failed with it,
what ops know of, what the audit says of it, what an incident was about, and the keys of messages.
All of it runs inside the transaction that erases.
"""

from __future__ import annotations

import sqlite3

from storage.tables.tombstones import mark_of_mention

_ERASED = "temp.erased"


def clear_traces(connection: sqlite3.Connection, chosen: str, value: str) -> None:
    """Take ids and words out of what outlives the mentions; `chosen` is SQL for their ids."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS erased (id TEXT PRIMARY KEY, mark TEXT)")
    connection.execute(f"DELETE FROM {_ERASED}")
    ids = [row[0] for row in connection.execute(chosen, (value,))]
    connection.executemany(
        f"INSERT INTO {_ERASED} VALUES (?, ?)",
        [(one, mark_of_mention(connection, one)) for one in ids],
    )
    _clear_failures(connection)
    connection.execute(f"UPDATE audit SET about = NULL WHERE about IN (SELECT id FROM {_ERASED})")
    # The words that were common to its complaints: they may be those of one.
    connection.execute(
        f"""
        UPDATE incidents SET about = NULL WHERE about IS NOT NULL AND id IN (
            SELECT incident_id FROM cases WHERE mention_id IN (SELECT id FROM {_ERASED})
        )
        """
    )
    _rename_messages(connection)
    connection.execute(f"DELETE FROM {_ERASED}")


def _clear_failures(connection: sqlite3.Connection) -> None:
    """Forget what failed with a mention: the error may quote it, and its subject is its id."""
    connection.execute(
        f"DELETE FROM failures WHERE subject IN (SELECT 'mention ' || id FROM {_ERASED})"
    )
    # A message's failure names the message, by a key that holds the id.
    named = f"EXISTS (SELECT 1 FROM {_ERASED} e WHERE instr(%s, e.id) > 0)"
    connection.execute(
        "DELETE FROM failures WHERE subject NOT LIKE 'mention %' AND subject <> '' AND "
        + named % "failures.subject || ' ' || failures.error"
    )
    connection.execute(
        "DELETE FROM problems WHERE "
        + named % "problems.key || ' ' || problems.about || ' ' || problems.sentence"
    )


def _rename_messages(connection: sqlite3.Connection) -> None:
    """Name messages about an erased mention by its mark, in the place of its id.

    What Slack may have or not is looked for there by its key: it keeps its name.
    """
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS renamed (id INTEGER PRIMARY KEY, old TEXT, mark TEXT)"
    )
    connection.execute("DELETE FROM temp.renamed")
    # A message is about one mention; its updates and replies name it in `root_key`.
    connection.execute(
        f"""
        INSERT INTO temp.renamed
            SELECT a.id, e.id, e.mark FROM {_ERASED} e JOIN alerts a ON a.mention_id = e.id
            WHERE instr(a.dedupe_key || ' ' || coalesce(a.root_key, ''), e.id) > 0
        """
    )
    connection.execute(
        """
        INSERT OR IGNORE INTO temp.renamed
            SELECT a.id, r.old, r.mark FROM temp.renamed r
            JOIN alerts root ON root.id = r.id
            JOIN alerts a ON a.root_key = root.dedupe_key
        """
    )
    connection.execute(
        """
        DELETE FROM temp.renamed WHERE old IN (
            SELECT r.old FROM temp.renamed r JOIN alerts a ON a.id = r.id
            WHERE a.may_be_posted OR a.state = 'sending'
        )
        """
    )
    connection.execute(
        """
        UPDATE alerts SET dedupe_key = replace(dedupe_key, r.old, r.mark),
            root_key = replace(root_key, r.old, r.mark),
            mention_id = iif(mention_id = r.old, r.mark, mention_id), error = NULL
        FROM temp.renamed r WHERE r.id = alerts.id
        """
    )
    connection.execute("DELETE FROM temp.renamed")
