"""A story on many sites, and a complaint posted twice, are told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.settings import parse_settings
from crawler.catalog import options_models
from earful.stages import judge_stage
from storage.models import AlertKind, Experience, Mention, Stance, Verdict
from storage.store import Store
from storage.tables.verdicts import Scored

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SAID = "Acme Air lost my bags in Oslo and nobody answers the phone, for the third time this year"


def angry(mention: Mention) -> Scored:
    verdict = Verdict(
        experience=Experience.ANGRY, stance=Stance.HATER, sure=True, p_angry=0.95,
        p_mediocre=0.05, p_delighted=0, p_none=0, p_advocate=0, p_hater=0.9, p_neither=0.1,
        model="m",
    )  # fmt: skip
    return Scored(mention=mention, verdict=verdict)


def said(source: str, key: str, text: str, minutes: int) -> Mention:
    at = NOW - timedelta(minutes=minutes)
    return Mention(
        brand="Acme Air", source=source, native_id=key, text=text, author="Sam",
        author_native_id="sam", created_at=at, fetched_at=NOW,
    )  # fmt: skip


def test_the_same_words_in_two_places_make_one_case_and_one_alert(tmp_path: Path) -> None:
    raw = {"brands": [{"name": "Acme Air", "query": "acme"}]}
    settings = parse_settings(raw, options_models(), where="x")
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        both = [said("reddit", "1", SAID, 60), said("mastodon", "2", f"{SAID}!", 30)]
        store.mentions.save(both)
        store.verdicts.save([angry(one) for one in both], NOW)
        judged = judge_stage.judge_waiting(store, settings, lambda: NOW)
        assert judged.cases == 1
        kinds = [alert.kind for alert in store.outbox.unsent()]
        assert kinds.count(AlertKind.COMPLAINT) == 1
        assert store.judgements.count_unjudged() == 0, "the copy needs no judgement"

        later = said("lemmy", "3", SAID.upper(), 10)
        store.mentions.save([later])
        store.verdicts.save([angry(later)], NOW)
        assert judge_stage.judge_waiting(store, settings, lambda: NOW).cases == 0
        (mention,) = store.database.connection.execute(
            "SELECT duplicate_of FROM mentions WHERE id = 'lemmy:3'"
        ).fetchone()
        assert mention == "reddit:1"


def test_what_was_deleted_before_it_was_judged_is_not_told(tmp_path: Path) -> None:
    raw = {"brands": [{"name": "Acme Air", "query": "acme"}]}
    settings = parse_settings(raw, options_models(), where="x")
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        one = said("mastodon", "1", SAID, 60)
        store.mentions.save([one])
        store.verdicts.save([angry(one)], NOW)
        store.mentions.save([], [one.id], NOW)
        judged = judge_stage.judge_waiting(store, settings, lambda: NOW)
        assert (judged.cases, judged.alerts) == (0, 0)
        assert store.outbox.unsent() == []
        assert store.judgements.count_unjudged() == 0
