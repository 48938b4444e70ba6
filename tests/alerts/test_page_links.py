"""Messages lead to the dashboards where they can be reached, and to nowhere else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts import messages
from alerts.messages.digest import digest
from alerts.messages.digest_numbers import DigestNumbers
from alerts.messages.page_links import Links, message_link
from config.errors import ConfigError
from config.settings import parse_settings
from earful.pages.datasette_app import datasette
from earful.policies import Policies, places_of
from storage.models import CaseState
from storage.store import Store
from tests.alerts.examples import NOW, PLACES, a_file
from tests.storage.fixtures import build_store

NUMBERS = DigestNumbers(
    brand="Acme Air", start=NOW - timedelta(days=1), end=NOW, counts={}, previous={}
)
LINKED = replace(PLACES, links=Links("https://earful.example/sub/"))


def test_a_case_and_a_digest_lead_to_the_dashboards():
    card = str(messages.case_card(a_file(CaseState.OPEN), LINKED)["blocks"])
    assert "<https://earful.example/sub/case/12|Case 12>" in card
    told = str(digest(NUMBERS, LINKED)["blocks"])
    assert "<https://earful.example/sub/|Open the dashboards>" in told


def test_without_an_address_no_link_is_shown():
    for payload in (messages.case_card(a_file(CaseState.OPEN), PLACES), digest(NUMBERS, PLACES)):
        assert "dashboards>" not in str(payload)
        assert "/earful/" not in str(payload)
    links = Links()
    assert {links.home(), links.case(1), links.mention("a"), links.search("a"), links.cases()} == {
        None
    }
    assert message_link("", "C1", "1.2") is message_link("https://x", None, None) is None


def test_the_address_comes_from_the_config():
    raw = {"serve": {"public_url": "https://earful.example"}, "brands": []}
    settings = parse_settings(raw, {}, where="test")
    assert places_of(settings).links.case(3) == "https://earful.example/case/3"
    assert Policies(settings).of("Any").places.links.home() == "https://earful.example/"
    with pytest.raises(ConfigError, match=r"serve\.public_url: not an http"):
        parse_settings({"serve": {"public_url": "earful.example"}}, {}, where="test")


def test_each_page_that_is_linked_is_there(tmp_path):
    path = tmp_path / "earful.db"
    build_store(path, NOW, days=3)
    with Store.open(path) as store:
        case = store.cases.in_states(tuple(CaseState))[0]
        seq = store.database.connection.execute(
            "SELECT seq FROM mentions WHERE id = ?", (case.mention_id,)
        ).fetchone()[0]
    links = Links("http://earful.example")
    pages = {
        links.home(): "",
        links.case(case.id): f"/mention/{seq}",
        links.mention(case.mention_id): case.mention_id,
        links.search('refund & "more', "Acme"): "refund",
        links.cases("Acme"): "",
    }

    async def look() -> None:
        served = datasette(path)
        await served.invoke_startup()
        for url, holds in pages.items():
            assert url is not None
            answer = await served.client.get(
                url.removeprefix("http://earful.example"), follow_redirects=True
            )
            assert answer.status_code == 200, url
            assert holds in answer.text

    asyncio.run(look())
