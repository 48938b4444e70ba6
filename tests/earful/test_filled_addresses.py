"""`${NAME}` in an address: whoever asks the address puts the variable in, or it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from config.settings import Settings
from config.settings.value_types import HttpUrl
from tests.alerts.fake_destinations import TOKEN, FakeDestinations
from tests.alerts.fake_slack import FakeSlack
from tests.earful.conftest import Earful

_BRAND = '[[brands]]\nname = "Acme"\nquery = "acme"\n'
# Each is filled where it is asked: here, in tests/crawler and in tests/earful/test_translating.
_FILLED = {"SlackSettings.api_url", "WebhookDestination.url", "IssuesDestination.base_url",
           "SourceSettings.base_url", "TranslateSettings.url"}  # fmt: skip


def test_slack_is_asked_at_the_address_with_the_variable_in_it(
    earful: Earful, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeSlack() as slack:
        address = slack.api_url.replace("/api", "/${SLACK_GATE}")
        assert "${" in address
        (tmp_path / "earful.toml").write_text(f'{_BRAND}[slack]\napi_url = "{address}"\n')
        monkeypatch.setenv("SLACK_BOT_TOKEN", slack.token)
        refused = earful("check")
        assert refused.code != 0
        said = " ".join((refused.out + refused.err).split())
        assert "needs SLACK_GATE in the environment: its api_url refers to it" in said
        assert "Traceback" not in said
        assert not slack.calls
        monkeypatch.setenv("SLACK_GATE", "api")
        assert earful("check").code == 0
        assert slack.calls


def test_a_tracker_is_asked_at_the_address_with_the_variable_in_it(
    earful: Earful, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeDestinations() as there:
        address = there.url("linear").replace("/graphql", "/${TRACKER_GATE}")
        (tmp_path / "earful.toml").write_text(
            f'{_BRAND}[[destinations.issues]]\nname = "bugs"\ntracker = "linear"\n'
            'project = "00000000-0000-0000-0000-000000000001"\n'
            f'base_url = "{address}"\n'
        )
        monkeypatch.setenv("EARFUL_ISSUES_TOKEN", TOKEN)
        refused = earful("check")
        assert refused.code == 1
        said = " ".join(refused.out.split())
        assert "needs TRACKER_GATE in the environment: its base_url refers to it" in said
        assert not there.calls["linear"]
        monkeypatch.setenv("TRACKER_GATE", "graphql")
        assert earful("check").code == 0
        assert there.calls["linear"]


def test_an_address_that_people_see_takes_none(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "earful.toml").write_text(
        f'{_BRAND}[serve]\npublic_url = "https://x.example/${{KEY}}"\n'
    )
    refused = earful("check", "--offline")
    assert refused.code == 2
    assert "serve.public_url" in refused.err
    assert "takes no ${NAME}" in refused.err


def test_each_address_that_may_hold_one_is_known_to_be_filled() -> None:
    assert {*_addresses(Settings, set())} == _FILLED


def _addresses(model: type[BaseModel], seen: set[type]) -> Iterator[str]:
    """Name the fields of a model, and of all that it holds, that are addresses."""
    seen.add(model)
    validator = HttpUrl.__metadata__[0]  # type: ignore[attr-defined]
    for name, field in model.model_fields.items():
        held = [field.annotation, *field.metadata]
        for one in held:
            held += getattr(one, "__args__", ()) + getattr(one, "__metadata__", ())
        if validator in held:
            yield f"{model.__name__}.{name}"
        for one in held:
            if isinstance(one, type) and issubclass(one, BaseModel) and one not in seen:
                yield from _addresses(one, seen)
