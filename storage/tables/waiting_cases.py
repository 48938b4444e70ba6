"""The cases that wait for an answer, as people list them: theirs, the team's, the overdue ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from storage.database import Database
from storage.models import Case, CaseCounts, CaseList, ListedCase, iso
from storage.models.dedupe_keys import complaint_key
from storage.rows import pass_over, read_each
from storage.tables.case_file import case_from
from storage.tables.mention_rows import SELECT_MENTION, mention_from

_WHICH = {
    CaseList.OPEN: "1",
    CaseList.MINE: "claimed_by_id = :user",
    CaseList.TEAM: "claimed_by_id IS NOT :user",
    CaseList.UNCLAIMED: "state = 'open'",
    # What waits for the customer is not late.
    CaseList.OVERDUE: "due_at < :now AND snoozed_until IS NULL",
}
_WAITING = "state IN ('open', 'claimed') AND (:brand IS NULL OR brand = :brand)"


class WaitingCases:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        which: CaseList,
        user_id: str,
        now: datetime,
        *,
        brand: str | None = None,
        limit: int = 10,
        offset: int = 0,
    ) -> list[ListedCase]:
        """Give a page of a list, the case due first at the top, without what cannot be read."""
        rows = self._database.connection.execute(
            f"SELECT * FROM cases WHERE {_WAITING} AND {_WHICH[which]} "
            "ORDER BY due_at, id LIMIT :limit OFFSET :offset",
            {
                "user": user_id, "now": iso(now), "brand": brand, "limit": limit,
                "offset": offset,
            },
        )  # fmt: skip
        return self._listed(read_each(rows, case_from, pass_over))

    def count(
        self, which: CaseList, user_id: str, now: datetime, *, brand: str | None = None
    ) -> int:
        row = self._database.connection.execute(
            f"SELECT count(*) FROM cases WHERE {_WAITING} AND {_WHICH[which]}",
            {"user": user_id, "now": iso(now), "brand": brand},
        ).fetchone()
        return int(row[0])

    def counts(self, user_id: str, now: datetime) -> CaseCounts:
        """Count what waits for an answer: what is this person's, and what is the team's."""
        return CaseCounts(
            mine=self.count(CaseList.MINE, user_id, now),
            open=self.count(CaseList.OPEN, user_id, now),
            unclaimed=self.count(CaseList.UNCLAIMED, user_id, now),
            overdue=self.count(CaseList.OVERDUE, user_id, now),
        )

    def of_cases(self, cases: Iterable[Case]) -> list[ListedCase]:
        """Give cases of any state with what a list shows of them."""
        return self._listed(list(cases))

    def _listed(self, cases: list[Case]) -> list[ListedCase]:
        return [one for case in cases if (one := self._one(case)) is not None]

    def _one(self, case: Case) -> ListedCase | None:
        connection = self._database.connection
        row = connection.execute(f"{SELECT_MENTION} WHERE m.id = ?", (case.mention_id,)).fetchone()
        if row is None:
            return None
        sent = connection.execute(
            "SELECT slack_channel, slack_ts FROM alerts WHERE dedupe_key = ? AND state = 'sent'",
            (complaint_key(case.mention_id),),
        ).fetchone()
        return ListedCase(
            case=case,
            mention=mention_from(row),
            slack_channel=sent["slack_channel"] if sent else None,
            slack_ts=sent["slack_ts"] if sent else None,
        )
