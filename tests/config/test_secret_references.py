"""`${NAME}` in addresses of the config: what it stands for, and what is shown of addresses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.redaction import Redactor, as_named, mask_url, secret_variables, secrets_of
from config.secret_references import filled, misplaced, names_in
from crawler.catalog import hindrances, options_models

ENVIRONMENT = {"USER_OF": "rita", "KEY_OF": "a/b ?&#@:%", "EMPTY_OF": " "}


def test_values_are_put_in_as_addresses_need_them() -> None:
    address = "https://${USER_OF}:${KEY_OF}@x.example/f/${KEY_OF}?k=${KEY_OF}"
    quoted = "a%2Fb%20%3F%26%23%40%3A%25"
    assert filled(address, ENVIRONMENT) == (
        f"https://rita:{quoted}@x.example/f/{quoted}?k={quoted}"
    )
    assert [*names_in({"urls": [address], "n": 3})] == ["USER_OF", "KEY_OF", "KEY_OF", "KEY_OF"]
    with pytest.raises(KeyError):
        filled("https://x.example/?k=${NOT_SET}", ENVIRONMENT)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://${HOST}/feed", "the host stays readable"),
        ("https://u@${HOST}/feed", "the host stays readable"),
        ("${WHOLE}", "the host stays readable"),
        ("https://x.example/${A-B}", "letters, digits and _"),
        ("https://x.example/?k=${", "letters, digits and _"),
        ("https://${A}:${B}@x.example/${C}?d=${D}#${E}", None),
        ("https://x.example/?price=$5", None),
    ],
)
def test_a_variable_stands_where_the_host_stays_readable(address: str, said: str | None) -> None:
    told = misplaced(address)
    assert (told is None) if said is None else (said in (told or ""))


def test_the_config_refuses_a_variable_in_the_host() -> None:
    with pytest.raises(ValidationError, match="the host stays readable"):
        options_models()["feeds"].model_validate({"url": "https://${HOST}/feed.xml"})


def test_a_variable_that_is_not_set_keeps_the_source_from_being_read() -> None:
    options = options_models()["feeds"].model_validate(
        {"url": "https://x.example/?k=${KEY_OF}&l=${EMPTY_OF}"}
    )
    told = [*hindrances("feeds", options, "https://m.example/${SLACK_BOT_TOKEN}", ENVIRONMENT)]
    assert told == [
        "needs EMPTY_OF in the environment: its url refers to it",
        "base_url: ${SLACK_BOT_TOKEN} is Slack's own: put this secret into another variable",
    ]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://x.example/feed?cat=5&lang=de&format=rss", None),
        ("https://x.example/feed?petal=larkspur", "https://x.example/feed?petal=***"),
        ("https://x.example/feed?lang=de&petal=larkspur#x=y", "https://x.example/feed?lang=de&petal=***#x=***"),
        ("https://u:tulip'7@x.example/feed", "https://***@x.example/feed"),
        ("https://tulip@x.example/feed", "https://***@x.example/feed"),
        ("https://${U}:${P}@x.example/${F}?k=${K}", None),
        ("https://a.example/?x=one https://b.example/?x=two", "https://a.example/?x=*** https://b.example/?x=***"),
        ("acme-air", None),
        ("INBOX of voice@acme.example", None),
    ],
)  # fmt: skip
def test_what_identifies_an_address_is_shown(address: str, shown: str | None) -> None:
    named = as_named(address)
    assert named == address if shown is None else named.startswith(f"{shown} (")
    assert as_named(named.partition(" (")[0]).startswith(named.partition(" (")[0])
    assert mask_url(named) == named


def test_targets_that_differ_in_their_secrets_alone_differ() -> None:
    assert as_named("https://x.example/?k=one") != as_named("https://x.example/?k=two")


def test_what_is_secret_in_an_address_is_hidden_wherever_it_is_said() -> None:
    redactor = Redactor(secrets_of("https://rita:tu%2Flip7@x.example/?petal=reviews&leaf=ab12cd"))
    said = "rita tu/lip7 tu%2Flip7 {'petal': 'reviews'} petal=reviews reviews ab12cd"
    assert redactor.text(said) == "rita *** *** {'petal': '***'} petal=*** reviews ***"
    # What was sent as a login comes back as one.
    assert redactor.text("Basic cml0YTp0dS9saXA3") == "Basic ***"


def test_variables_named_like_a_secret_are_hidden() -> None:
    given = {
        "FEED_TOKEN": "tokenvalue", "EARFUL_MAIL_PASSWORD": "passvalue", "X_API_KEY": "keyvalue",
        "HOME": "/home/rita", "USERNAME": "rita.smith", "SSH_AUTH_SOCK": "/tmp/agent",
        "KEYBOARD": "qwertz-de",
    }  # fmt: skip
    assert [*secret_variables(given)] == ["tokenvalue", "passvalue", "keyvalue"]
