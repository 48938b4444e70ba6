"""Every kind of message against its golden file, and hostile texts against Slack's limits."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from alerts import messages
from alerts.decide.sentence_picks import Pick
from alerts.decide.voice_signs import Colleague
from alerts.messages.answer_thread import answer_news, draft_decided, draft_request
from alerts.messages.digest import digest
from alerts.messages.digest_numbers import DigestNumbers, OpenCase, SourceCoverage, SourceTrouble
from alerts.messages.safe_text import (
    clean,
    count,
    cut,
    escape,
    heading,
    in_utc,
    line,
    link,
    moment,
    percentage,
    safe_url,
    span,
    unescape,
    words,
)
from alerts.messages.verdict_words import person, verdict_words
from alerts.messages.voice_cards import first_words, stars
from storage.models import (
    AlertKind,
    AuthorHistory,
    CaseMove,
    CaseState,
    CrawlOutcome,
    CrawlReport,
    Experience,
    Mention,
    ReplyState,
    SourceStanding,
    SourceState,
    Stance,
)
from tests.alerts.examples import (
    ADVOCATE,
    DUE,
    EXAMPLES,
    GOLDEN,
    HATER,
    NEWS_OF_ANSWERS,
    NOW,
    PLACES,
    REPLIED,
    TARGET,
    VIEWS,
    WORK,
    a_file,
    a_mention,
    a_reply,
    a_verdict,
    a_voice,
    an_incident,
    as_json,
    new_complaint,
    why_so_many,
)
from tests.alerts.fake_blocks import block_faults, view_faults
from tests.alerts.view_text import as_text

RLO, ZWSP = "\u202e", "\u200b"
HOSTILE = {
    "a page of <!channel>": "<!channel> " * 400,
    "pings": "<!here> <!everyone> <@U012AB3CD> <#C012AB3CD> <!subteam^S012> <!date^0^{date}|x>",
    "40,000 characters": "word " * 8000,
    "40,000 without a space": "x" * 40_000,
    "only ampersands": "&" * 5000,
    "entities": "&lt;!channel&gt; &amp;lt;!here&amp;gt;",
    "right-to-left": f"{RLO}live eht morf gnitteerG\u2066\u2067\u2069 {RLO}",
    "hebrew": "החברה הזאת איבדה את המזוודה שלי " * 50,
    "zalgo": "Z" + "\u0337\u0321\u0356\u0318" * 500 + "algo",
    "backticks": "```rm -rf``` `code` ``",
    "links": "<https://evil.example|Click> <https://evil.example> [a](https://evil.example)",
    "pipes": "a|b|c > d <e|f>",
    "quotes": "> quoted\n>>> all of it\n&gt; again",
    "pictures": ":tada: :thumbs_up::skin-tone-2: a:+1:b :_x_: :100: 10:30:00 :ta\u200bda: :-1",
    "a page of pictures": ":shipit:" * 800,
    "formatting": "*bold* _italic_ ~struck~ snake_case __init__ **x** :tada:",
    "lone surrogates": "broken \ud83d and \udc00 here",
    "empty": "",
    "blank": " \n\t\u00a0 ",
    "emoji only": "😡" * 3000,
    "families": "👩‍👩‍👧‍👦" * 900,
    "controls": "a\x00b\x07c\x1b[31mred\x1b[0m\x7f\x9b",
    "newlines": "\n".join("line" for _ in range(5000)),
    "separators": "one\u2028two\u2029three\x85four\x0bfive",
    "invisible": f"{ZWSP}<{ZWSP}!channel>\ufeff\U000e0041",
    "noncharacters": "\uffff\ufffe\U0010ffff",
    "chinese": "这家公司弄丢了我的行李，" * 500,
}


def drawn(payload):
    """Find what Slack would draw as a picture: plain texts with `emoji: false` are left as is."""
    found = [payload["text"]]

    def walk(node):
        if isinstance(node, dict):
            if node.get("type") == "mrkdwn" or node.get("emoji"):
                found.append(node["text"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(payload["blocks"])
    bare = [re.sub(r"`[^`\n]*`", " ", OUR_MARKUP.sub(" ", text)) for text in found]
    return [name for text in bare for name in re.findall(r":[^\s:/∶]+:", text)]


def every_text(payload):
    """Give all that Slack would show: `text` and every text in the blocks."""
    found = [payload["text"]]

    def walk(node):
        if isinstance(node, dict):
            if isinstance(node.get("text"), str):
                found.append(node["text"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(payload["blocks"])
    return found


OUR_MARKUP = re.compile(
    r"<@[UW][A-Z0-9]+>|<!subteam\^S[A-Z0-9]+>|<#C[A-Z0-9]+>|<!date\^\d+\^[^<>|]+\|[^<>]+>|<https?://[^<>|\s]+\|[^<>]+>"
)


def check(payload):
    """Fail unless Slack takes the payload and nothing in it pings, deceives or is torn."""
    assert block_faults(payload["blocks"]) == []
    assert drawn(payload) == []
    assert 0 < len(payload["text"]) <= 3000
    json.dumps(payload).encode("ascii")
    json.dumps(payload, ensure_ascii=False).encode("utf-8")
    for text in every_text(payload):
        bare = OUR_MARKUP.sub("", text)
        bare = re.sub(r"^> ?|^>$", "", bare, flags=re.M)
        assert "<" not in bare, text
        assert ">" not in bare, text
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)


def payloads_of(text, **more):
    """Give every message that can carry a customer's words, author, title or link."""
    about = {"text": text, "title": text, "author": text, "native_id": text or "1", **more}
    voice = a_voice(**about)
    mention = voice.mention
    report = CrawlReport(outcome=CrawlOutcome.BROKEN, reason=text)
    yield new_complaint(voice, PLACES, DUE)
    yield new_complaint(voice, PLACES, DUE, kind=AlertKind.LOST_ADVOCATE)
    yield messages.answered_advocate(voice, PLACES)
    yield messages.wow(voice, PLACES, (Colleague(text, "U0123ABCD"), Colleague("Rita")))
    yield messages.wow(voice, PLACES, (), text)
    yield messages.won_back(voice, PLACES)
    for state in (CaseState.CLAIMED, CaseState.RESPONDED):
        yield messages.case_card(
            a_file(state, mention=mention, joined=(mention,) * 2, answers=1), PLACES
        )
    file = a_file(CaseState.CLAIMED, mention=mention, joined=(mention,))
    for event in REPLIED:
        move = CaseMove(
            mention_id=mention.id, event=event, at=NOW, actor=text, note=text, joins=mention.id
        )
        yield messages.thread_reply(file, move, PLACES)
    for how_far in ReplyState:
        reply = a_reply(how_far, text=text, author=text, error=text, decided_by=text, note=text)
        answered = replace(file, reply=reply)
        yield messages.case_card(answered, PLACES)
        yield draft_decided(answered, reply, PLACES)
    yield draft_request(answered, PLACES)
    for news in NEWS_OF_ANSWERS:
        yield answer_news(answered, replace(move, event=news), PLACES)
    for one in (messages.unclaimed, messages.due_soon, messages.overdue):
        yield one(file, PLACES, NOW, [text, "U0123ABCD", "S0123ABCD"], text)
    yield messages.reminder(file, PLACES, NOW, [text])
    yield messages.on_card(messages.overdue(file, PLACES, NOW), file, PLACES)
    for many in (messages.many_unclaimed, messages.many_due, messages.many_overdue):
        yield many([file] * 12, PLACES, [text], an_incident(about=text))
    yield messages.incident(
        an_incident(about=text), why_so_many(quotes=(mention,) * 2), WORK, PLACES
    )
    yield messages.shared_quote(mention, PLACES)
    yield messages.leaderboard("Acme Air", "2026-10", [(Colleague(text, "U0123ABCD"), 3)] * 20)
    after = SourceStanding(state=SourceState.BROKEN, since=NOW, reason=text)
    yield messages.ops(replace(TARGET, target=text), PLACES, None, after, report, NOW)
    yield digest(
        DigestNumbers(
            brand="Acme Air",
            start=NOW,
            end=NOW,
            counts={},
            previous={},
            best_wow=mention,
            oldest_open=OpenCase(mention=mention, opened_at=NOW, due_at=DUE, claimed_by=text),
            lacks=(Pick(mention, text),),
            asks=(Pick(mention, text),),
            coverage=(SourceCoverage(source=text, cases=1, answered=0),),
            troubles=(SourceTrouble(source=text, state=SourceState.FAILED, reason=text),) * 20,
        ),
        PLACES,
    )


class TestGolden:
    @pytest.mark.parametrize("name", EXAMPLES)
    def test_message_is_as_recorded(self, name):
        payload = EXAMPLES[name]()
        recorded = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
        told = "changed: if it is meant, run `python -m tests.alerts.examples --write`"
        assert as_json(payload) == recorded, told
        check(payload)

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_console_is_as_recorded_and_fits_80_columns(self, name):
        shown = messages.plain(EXAMPLES[name]())
        assert shown + "\n" == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
        for row in shown.split("\n"):
            assert cell_len(row) <= 80 or re.search(r"https?://\S+$", row)
        assert "&amp;" not in shown
        assert "<!date" not in shown

    def test_joined_emoji_take_the_room_of_one_and_are_not_torn_apart(self):
        family = "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
        header = {
            "type": "header",
            "text": {"type": "plain_text", "text": f"{family}\u2764\ufe0f"},
        }
        assert messages.plain({"blocks": [header]}).split("\n")[1] == "===="
        section = {"type": "section", "text": {"type": "mrkdwn", "text": family * 25}}
        rows = messages.plain({"blocks": [section]}, 20).split("\n")
        assert rows == [family * 10, family * 10, family * 5]

    def test_no_golden_file_is_left_over(self):
        assert {path.stem for path in GOLDEN.iterdir()} == EXAMPLES.keys() | VIEWS.keys()

    def test_every_view_is_as_recorded_and_within_slacks_limits(self):
        for name, build in VIEWS.items():
            view = build()
            assert as_json(view) == (GOLDEN / f"{name}.json").read_text(encoding="utf-8"), name
            assert as_text(view) + "\n" == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
            assert view_faults(view) == []
            check({"text": name, "blocks": [b for b in view["blocks"] if b["type"] != "input"]})


class TestHostile:
    @pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
    def test_is_harmless_within_limits_and_readable_on_a_console(self, text):
        for payload in payloads_of(text):
            check(payload)
            for row in messages.plain(payload).split("\n"):
                assert cell_len(row) <= 80 or "http" in row
                assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", row)

    @settings(max_examples=60, deadline=None)
    @given(st.text(alphabet=st.characters(), max_size=3000))
    def test_any_text_is_harmless(self, text):
        for payload in payloads_of(text):
            check(payload)
            messages.plain(payload)

    @settings(max_examples=25, deadline=None)
    @given(st.text(alphabet="<>&|!@#*_~`:\n \u202e\ud800a", min_size=500, max_size=9000))
    def test_any_markup_is_harmless(self, text):
        for payload in payloads_of(text):
            check(payload)

    def test_a_megabyte_is_cut_at_once(self):
        payload = new_complaint(a_voice(text="furious " * 130_000), PLACES, DUE)
        check(payload)
        assert len(json.dumps(payload)) < 10_000

    def test_a_cut_text_links_to_the_rest(self):
        shown = messages.plain(new_complaint(a_voice(text="word " * 8000), PLACES, DUE))
        assert "word…" in shown
        assert "Read the rest on the App Store:" in shown
        without = messages.plain(
            new_complaint(a_voice(text="word " * 8000, url=None), PLACES, DUE)
        )
        assert "Earful knows no link to the rest of the words" in without

    def test_words_are_shown_as_they_were_written(self):
        said = 'a < b && c > d, *really*, `x`, ~y~, :z:, _z_, "5 | 6"'
        assert said in messages.plain(new_complaint(a_voice(text=said), PLACES, DUE))

    @pytest.mark.parametrize("text", ["", " \n", ZWSP])
    def test_no_words_say_so(self, text):
        payload = new_complaint(a_voice(text=text, title=None), PLACES, DUE)
        assert "No words, 1 of 5 stars." in messages.plain(payload)
        unrated = a_voice(text=text, title=None, rating=None, rating_max=None)
        payload = new_complaint(unrated, PLACES, DUE)
        assert "There are no words to read." in messages.plain(payload)
        assert "no words." in payload["text"]


class TestText:
    @pytest.mark.parametrize(
        ("text", "limit", "shown"),
        [
            ("four", 4, "four"),
            ("fours", 4, "fou…"),
            ("one two three", 9, "one two…"),
            ("one two, three", 10, "one two…"),
            ("one twothreefour", 9, "one twot…"),
            ("ab👨‍👩‍👧cd", 5, "ab…"),
            ("abe\u0301cd", 4, "ab…"),
        ],
    )
    def test_cut_is_kind(self, text, limit, shown):
        assert cut(text, limit)[0] == shown

    @given(st.text(max_size=300), st.integers(2, 100), st.integers(10, 100))
    def test_cut_keeps_both_limits(self, text, limit, room):
        shown, was_cut = cut(text, limit, escaped_limit=room)
        assert len(shown) <= limit
        assert len(escape(shown)) <= room
        assert was_cut is (shown != text)

    @given(st.text(max_size=200))
    def test_clean_twice_is_clean_once(self, text):
        once = clean(text)
        assert clean(once) == once

    def test_escape_is_undone_for_the_console(self):
        text = "*a* & <b> `c` _d_ ~e~ &lt;"
        assert unescape(escape(text)) == text

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            (":tada:", "∶tada:"),
            (":wave::skin-tone-2:", "∶wave:∶skin-tone-2:"),
            ("well:+1:done", "well∶+1∶done"),
            (":_x_:", "∶ˍxˍ:"),
            (":a&b:", "∶a&amp;b:"),
            ("by :tada", "by ∶tada"),
            (":a:b:c:", "∶a∶b∶c:"),
        ],
    )
    def test_names_of_pictures_are_words(self, text, shown):
        assert escape(text) == shown
        assert unescape(shown) == text

    @pytest.mark.parametrize(
        "text", ["so: good", "https://a.example/b:c d", "a :) b", "::", "at 10:30 sharp"]
    )
    def test_other_colons_stay(self, text):
        assert escape(text) == text

    def test_an_id_can_be_copied(self):
        voice = a_voice(native_id="at://did:plc:x1/app.bsky/3k", source="bluesky")
        payload = new_complaint(voice, PLACES, DUE)
        assert "Mention `bluesky:at://did:plc:x1/app.bsky/3k`" in every_text(payload)
        assert "Mention bluesky:at://did:plc:x1/app.bsky/3k" in messages.plain(payload)

    @pytest.mark.parametrize("text", ["snake_case", "a*b*c", "2*3", "x~y"])
    def test_marks_inside_words_stay(self, text):
        assert escape(text) == text

    @pytest.mark.parametrize(
        "text", ["*a*", "_a_", "~a~", "`a`", "__init__", "(*a*)", "**a**", "a *b* c", "*_~a~_*"]
    )
    def test_marks_that_would_format_do_not(self, text):
        assert not re.search(r"(?<![^\W_])[*_~]|[*_~](?![^\W_])|`", escape(text))

    def test_words_never_exceed_their_room(self):
        for text in HOSTILE.values():
            shown, _ = words(text, 1200, 2400)
            assert len(shown) <= 2400

    def test_heading_has_no_tag(self):
        assert heading("<!channel> " + "x" * 300).startswith("‹!channel›")
        assert len(heading("x " * 300)) <= 150

    @pytest.mark.parametrize(
        ("url", "safe"),
        [
            ("https://a.example/b?c=d&e=f#g", "https://a.example/b?c=d&e=f#g"),
            ("http://a.example", "http://a.example"),
            ("https://a.example/x|y>z<w", "https://a.example/x%7Cy%3Ez%3Cw"),
            ('https://a.example/a b`c"d', "https://a.example/a%20b%60c%22d"),
            ("https://a.example/é/%C3%A9", "https://a.example/%C3%A9/%C3%A9"),
            ("HTTPS://A.example/", "HTTPS://A.example/"),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("ftp://a.example", None),
            ("//a.example", None),
            ("a.example", None),
            ("https://", None),
            ("https://[broken", None),
            ("https://a.example/\u202etxt.exe", None),
            ("https://a.example/a\nb", None),
            ("https://a.example/\ud800", None),
            ("https://a.example/" + "x" * 3000, None),
            ("https://a.example/" + "é" * 500, None),
            ("", None),
            (None, None),
        ],
    )
    def test_only_web_addresses_become_links(self, url, safe):
        assert safe_url(url) == safe
        shown = link(url, "here")
        assert shown == ("here" if safe is None else f"<{safe.replace('&', '&amp;')}|here>")

    def test_moment_has_a_fallback_and_no_locale(self):
        when = datetime(2026, 3, 5, 7, 8, tzinfo=UTC)
        assert in_utc(when) == "Thu 5 Mar 2026, 07:08 UTC"
        stamp = int(when.timestamp())
        told = f"<!date^{stamp}^{{date_short_pretty}} at {{time}}|Thu 5 Mar 2026, 07:08 UTC>"
        assert moment(when) == told

    @pytest.mark.parametrize(
        ("share", "told"),
        [(0, "0%"), (0.001, "under 1%"), (0.5, "50%"), (0.994, "99%"), (0.999, "over 99%"),
         (1, "100%")],
    )  # fmt: skip
    def test_percentage_never_claims_all_or_nothing(self, share, told):
        assert percentage(share) == told

    def test_counts_and_spans(self):
        assert count(1, "reply", "replies") == "1 reply"
        assert count(1204, "mention") == "1,204 mentions"
        assert (span("30d"), span("1w"), span("90m")) == ("30 days", "1 week", "90 minutes")
        assert span("<x>") == "&lt;x&gt;"

    def test_line_is_one_line(self):
        assert line("a\n*b*\r\nc", 20) == "a ∗b∗ c"


class TestFacts:
    @pytest.mark.parametrize(
        ("rating", "best", "told"),
        [
            (None, None, "none given"),
            (2, 5, "2 of 5 (★★☆☆☆)"),
            (5, 5, "5 of 5 (★★★★★)"),
            (0, 5, "0 of 5 (☆☆☆☆☆)"),
            (3.5, 5, "3.5 of 5 (★★★★☆)"),
            (1, 1, "recommended (1 of 1)"),
            (0, 1, "not recommended (0 of 1)"),
            (72, 100, "72 of 100"),
            (4, None, "4"),
        ],
    )
    def test_stars_are_told_in_words(self, rating, best, told):
        assert stars(a_mention(rating=rating, rating_max=best)) == told

    @pytest.mark.parametrize(
        ("history", "told"),
        [
            (AuthorHistory(), "the first mention we know of"),
            (ADVOCATE, "advocate since 3 May 2026, 4 earlier mentions (3 delighted)"),
            (HATER, "hater since 19 Aug 2026, 2 earlier mentions (2 angry)"),
            (AuthorHistory(mentions=1, angry=1), "known, 1 earlier mention (1 angry)"),
        ],
    )
    def test_person(self, history, told):
        assert person(history) == told

    def test_verdict_tells_how_sure(self):
        assert verdict_words(a_verdict()) == "Angry (94% sure)"
        assert verdict_words(a_verdict(Experience.DELIGHTED, Stance.ADVOCATE)) == (
            "Delighted (94% sure), recommends the brand to others (90% sure)"
        )
        assert verdict_words(a_verdict(sure=False)).startswith("Perhaps angry (")

    def test_an_answered_mention_says_when(self):
        payload = new_complaint(a_voice(owner_replied_at=NOW), PLACES, DUE)
        assert "The owner answered on 24 Nov 2026" in messages.plain(payload)

    @pytest.mark.parametrize("state", list(SourceState))
    def test_every_state_has_its_words(self, state):
        after = SourceStanding(state=state, since=NOW, opens_at=DUE)
        check(messages.ops(TARGET, PLACES, None, after, CrawlReport(outcome=CrawlOutcome.OK), NOW))

    def test_notices_of_nothing(self):
        check(messages.backlog("Acme Air", "lemmy_ml", PLACES, {}, None, None, 24))
        check(messages.checkpoint("Acme", "nps", 0.9, 1.0, 0.95, 1.0, 10, None, "1w"))
        assert "hold it" in messages.plain(
            messages.checkpoint("Acme", "nps", 0.9, 1.0, 0.95, 1.0, 10, None, "1w")
        )


def test_first_words_of_an_answer_are_not_its_threads_title():
    said = Mention(
        brand="Acme", source="forum", native_id="2", text="Mine came in two days.",
        title="Acme is a scam", parent_id="forum:1", fetched_at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    assert first_words(said) == "“Mine came in two days.”"
    assert first_words(replace(said, parent_id=None)) == "“Acme is a scam: Mine came in two days.”"


def test_a_text_only_payload_reads_as_its_text():
    assert messages.plain({"text": "a &amp; b"}) == "a & b"
