"""`earful.toml`: what it takes, and how it says no."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from config.errors import ConfigError
from config.query import parse_query
from config.settings import Settings, load_secrets, load_settings, parse_settings


class ShopOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    shop_id: int
    countries: tuple[str, ...] = ("us",)

    @property
    def target(self) -> str:
        return str(self.shop_id)


class NewsOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


SOURCES: dict[str, type[BaseModel]] = {"shop": ShopOptions, "news": NewsOptions}

WHOLE = """
[store]
path = "voices.db"
[slack]
complaints = "#angry"
api_url = "http://127.0.0.1:9/api/"
[alerts]
max_age = "12h"
[cases]
respond_within = "4h"
business_hours = "Mon-Fri 09:00-18:00 Europe/Berlin"
[[brands]]
name = "Acme Air"
query = '("acme air" OR @acmeair) NOT airsoft'
staff = ["Rita", { name = "Jim O'Neil", slack = "U0123ABCD", aliases = ["Jim"] }]
  [[brands.sources]]
  source = "shop"
  shop_id = 7
  countries = ["us", "gb"]
  every = "30m"
  base_url = "http://127.0.0.1:1"
  channel = "#shop"
  [[brands.sources]]
  source = "news"
  enabled = false
  [[brands.checkpoints]]
  metric = "wow_rate"
  target = 0.30
  window = "30d"
"""


def load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "earful.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, SOURCES)


def test_a_whole_file(tmp_path: Path) -> None:
    settings = load(tmp_path, WHOLE)
    assert settings.store.path == tmp_path / "voices.db"
    assert settings.slack.complaints == "#angry"
    assert settings.slack.wows == "#voice-wows"
    assert settings.alerts.max_age == timedelta(hours=12)
    brand = settings.brands[0]
    rita, jim = brand.staff
    assert (rita.name, rita.slack, rita.aliases) == ("Rita", None, ())
    assert (jim.name, jim.slack, jim.aliases) == ("Jim O'Neil", "U0123ABCD", ("Jim",))
    shop, news = brand.sources
    assert shop.options == ShopOptions(shop_id=7, countries=("us", "gb"))
    assert (shop.target, shop.every, shop.channel) == ("7", timedelta(minutes=30), "#shop")
    assert not news.enabled
    assert brand.checkpoints[0].window == timedelta(days=30)
    assert parse_query(brand.query).search_terms() == ("acme air", "@acmeair")


def test_an_empty_file_has_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "").store.path == tmp_path / "earful.db"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("max_age", "max_agee", "alerts.max_agee: unknown key; did you mean 'max_age'?"),
        ("[store]", "[stroe]", "stroe: unknown key; did you mean 'store'?"),
        (
            '"voices.db"',
            '"{brand}.db"',
            "store.path: one store a brand cannot be had by a",
        ),
        ("shop_id = 7", "shopid = 7", "brands[0].sources[0].shopid: unknown key; did you mean"),
        ("every = ", "evry = ", "brands[0].sources[0].evry: unknown key; did you mean 'every'?"),
        ("shop_id = 7", "", "brands[0].sources[0].shop_id: Field required"),
        ("shop_id = 7", 'shop_id = "x"', "brands[0].sources[0].shop_id: Input should be a valid"),
        ('"shop"', '"shp"', "brands[0].sources[0].source: 'shp' is not a source; did you mean"),
        ('"shop"', '"zzzz"', "'zzzz' is not a source; the sources are news, shop"),
        ('"30m"', '"soon"', "brands[0].sources[0].every: not a duration"),
        ('"30m"', '"0m"', "brands[0].sources[0].every: a duration must be longer than nothing"),
        ('"30m"', "30", "brands[0].sources[0].every"),
        ("0.30", "30", "brands[0].checkpoints[0].target: Input should be less than or equal to 1"),
        ("wow_rate", "wows", "brands[0].checkpoints[0].metric: Input should be 'wow_rate'"),
        ('"#angry"', '"angry"', "slack.complaints: not a Slack channel"),
        ("http://127.0.0.1:1", "ftp://x", "brands[0].sources[0].base_url: not an http(s) address"),
        ("NOT airsoft", "NOT", "brands[0]: query"),
        ('name = "Acme Air"', "", "brands[0].name: Field required"),
        ('"U0123ABCD"', '"@jim"', "brands[0].staff[1].slack: not a Slack user id"),
        ('"U0123ABCD"', '"C0123ABCD"', "brands[0].staff[1].slack: not a Slack user id"),
        ("slack = ", "slak = ", "brands[0].staff[1].slak: unknown key; did you mean 'slack'?"),
        ('["Rita"', '[" "', "brands[0].staff[0].name: a name has at least one letter"),
        ('["Rita"', "[7", "brands[0].staff[0]: write a name, or { name ="),
        ('["Jim"]', '["RITA"]', "two of the staff of brand 'Acme Air' are called 'rita'"),
        ("[store]", "[store", "not valid TOML"),
        ("[[brands]]", "[brands]", "brands: Input should be a valid tuple"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, WHOLE.replace(old, new, 1))
    message = str(caught.value)
    assert told in message
    assert message.startswith(str(tmp_path / "earful.toml"))
    assert "\n" not in message


def test_several_errors_are_counted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\(and 1 more\)"):
        load(tmp_path, '[slack]\nwows = "x"\ndigest = "y"\n')


def test_one_target_is_read_once(tmp_path: Path) -> None:
    twice = WHOLE.replace('source = "news"', 'source = "shop"\n  shop_id = 7')
    with pytest.raises(ConfigError, match="reads shop 7 twice"):
        load(tmp_path, twice)


def test_brands_need_names_of_their_own() -> None:
    brand = {"name": "A", "query": "a"}
    with pytest.raises(ConfigError, match="two brands are named 'a'"):
        parse_settings({"brands": [brand, {**brand, "name": "a"}]}, SOURCES, where="x")


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ('text = "Hello {author} of {brand}, {agent} {{here}}"', None),
        ('text = "Hello {name}"', "{name} is no placeholder: there are {author}, {brand}"),
        ('text = "Hello {author!r}"', "{author} is no placeholder"),
        ('text = "Hello {author.id}"', "{author.id} is no placeholder"),
        ('text = "Hello {}"', "{} is no placeholder"),
        ('text = "Hello {author"', "write a brace that shall stay as {{ or }}"),
        ('text = " "', "a template has at least one word"),
        ('text = "Hi"\nquery = "refund AND"', "replies.templates[0]: query"),
        ('text = "Hi"\nlanguage = "German"', "replies.templates[0].language: not a language"),
        ('text = "Hi"\nbrand = "Acme"', "which is none of [[brands]]: Acme Air"),
        ('text = "Hi"\nbrand = "acme air"', None),
        ('text = "Hi"\n[[replies.templates]]\nname = "SORRY"\ntext = "x"',
         "two templates are named 'SORRY' for the same brand and language"),
        ('text = "Hi"\n[[replies.templates]]\nname = "Sorry"\nlanguage = "de"\ntext = "x"', None),
    ],
)  # fmt: skip
def test_templates_of_answers(tmp_path: Path, template: str, told: str | None) -> None:
    text = f'{WHOLE}\n[[replies.templates]]\nname = "Sorry"\n{template}\n'
    if told is None:
        assert load(tmp_path, text).replies.templates[0].name == "Sorry"
        return
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("de", None),
        ("pt-BR", None),
        ("zh_Hant", None),
        ("German", "not a language"),
        ("", "not a"),
    ],
)
def test_a_route_may_ask_for_a_language(language: str, told: str | None) -> None:
    raw = {"alerts": {"routes": [{"language": language, "channel": "#x"}]}}
    if told is None:
        assert parse_settings(raw, SOURCES, where="x").alerts.routes[0].language == language
        return
    with pytest.raises(ConfigError, match=r"alerts\.routes\[0\]\.language: " + told):
        parse_settings(raw, SOURCES, where="x")


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="write one with `earful init`"):
        load_settings(tmp_path / "none.toml", SOURCES)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "earful.toml"
    path.write_bytes(b'[store]\npath = "\xff"\n')
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(path, SOURCES)


def test_secrets_come_from_the_environment_and_are_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "")
    secrets = load_secrets()
    assert secrets.slack_bot_token is not None
    assert secrets.slack_bot_token.get_secret_value() == "xoxb-very-secret"
    assert secrets.slack_webhook_url is None
    assert "very-secret" not in repr(secrets) + str(secrets)


def test_a_malformed_secret_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "hunter2")
    with pytest.raises(ConfigError, match="SLACK_BOT_TOKEN") as caught:
        load_secrets()
    assert "hunter2" not in str(caught.value)
