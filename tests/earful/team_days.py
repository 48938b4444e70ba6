"""Five days of a team of four, from a Friday to the Tuesday after the clocks went back.

`python -m tests.earful.team_days` prints the page `docs/a-team-in-slack.md` as the days write it;
`--write` renews it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from sentiment.scoring.classifier import Text
from storage.models import Verdict
from tests.earful.team_office import ANA, BEN, LEA, MAX, ZONE, Office, Person
from tests.earful.team_page import CONFIG, PAGE, written
from tests.earful.test_stages import WordClassifier

BEGIN = datetime(2026, 10, 23, 8, 55, tzinfo=ZONE)
MEMORY = Path("/dev/shm")


class StarClassifier(WordClassifier):
    """A stand-in that goes by the stars: the days are about work, not about judgement."""

    def classify(
        self, texts: Sequence[Text], *, progress: Callable[[int], None] | None = None
    ) -> list[Verdict]:
        if progress:
            progress(len(texts))
        told = {1.0: "angry", 2.0: "angry", 3.0: "mediocre", 5.0: "delighted"}
        return [self._one(told.get(text.rating or 0.0, "none")) for text in texts]


def write_answer(office: Office, who: Person, number: int, words: str) -> None:
    """Write an answer to a case, look at its preview, and send it off."""
    office.click(who, office.case(number), "case_answer")
    window = office.window(who)
    name = next(str(one["block_id"]) for one in window.blocks if one["type"] == "input")
    office.submit(who, {name: words})
    office.window_with(who, "preview")
    office.show_window(who)
    office.submit(who, {name: words})
    office.closed(who)


def respond(office: Office, who: Person, number: int, words: str = "", link: str = "") -> None:
    """Say in the window of *Responded* that a case is answered, and with what."""
    office.click(who, office.case(number), "case_responded")
    office.window(who)
    office.submit(who, {"words": words, "link": link})
    office.closed(who)


def friday(office: Office) -> None:
    """A claim, a handover, an answer that needs approval, a wait, a ladder, three accidents."""
    office.day()
    office.start()
    handover(office)
    approval(office)
    ladder(office)
    elsewhere(office)
    accidents(office)


def handover(office: Office) -> None:
    office.at("09:10")
    office.review("Jo", "They lost my bag in Rome and nobody picks up the phone.")
    office.at("09:15")
    office.click(ANA, office.case(1), "case_claim")
    office.at("10:00")
    office.click(ANA, office.case(1), "case_assign", choice=BEN.id)
    office.tell(
        "A review with one star becomes a case with a message of its own. Ana claims it. Ben "
        "knows Rome: Ana chooses him under *Assign to*, which pings him once."
    )


def approval(office: Office) -> None:
    office.at("10:20")
    write_answer(office, BEN, 1, "Hello Jo, we are sorry. Your bag is at the desk in hall B.")
    office.tell(
        "Ben writes the answer in a window and looks at it as it will stand. The brand wants a "
        "second person's approval, so nothing goes out yet."
    )
    office.at("10:35")
    request = office.reply("Approve this answer?")
    office.click(LEA, request, "reply_send_back")
    office.window(LEA)
    office.submit(LEA, {"note": "Say until when the desk is open."})
    office.closed(LEA)
    office.at("10:50")
    write_answer(
        office, BEN, 1, "Hello Jo, we are sorry. Your bag is at the desk in hall B until 22:00."
    )
    office.at("11:00")
    office.click(LEA, office.reply("Approve this answer?"), "reply_approve")
    office.settle()
    office.at("11:05")
    office.tell(
        "Lea sends it back, Ben mends it, and Lea approves: it is posted on Google Play, once."
    )


def ladder(office: Office) -> None:
    office.review("Mia", "Two hours in the queue, then my seat was sold to somebody else.")
    office.review("Kofi", "The app charged my card twice for one ticket.")
    office.at("11:30")
    office.click(BEN, office.case(3), "case_claim")
    office.click(BEN, office.case(3), "case_more", choice="snooze")
    office.window(BEN)
    until = datetime(2026, 10, 26, 10, 0, tzinfo=ZONE)
    office.submit(
        BEN,
        {"snooze_until": str(int(until.timestamp())), "note": "He looks for both receipts."},
    )
    office.tell(
        "Two more. Ben needs Kofi's receipts, and lets the case wait for him until Monday at "
        "ten: until then nobody is reminded of it."
    )
    office.at("13:20")
    office.click(ANA, office.case(2), "case_claim")
    office.tell(
        "Nobody has claimed the other one when half of its time is over: that pings Ana, who is "
        "on call this week. She claims it."
    )
    office.at("15:15")
    office.click(LEA, office.case(2), "case_assign", choice=LEA.id)
    office.at("15:30")
    respond(office, LEA, 2, "We have paid the seat back.", "https://play.example/mia")
    office.tell(
        "Ana does not get to it: she is reminded at three quarters of the time, and when it is "
        "over the ladder goes to the leads' channel. Lea takes the case over and answers it."
    )


def elsewhere(office: Office) -> None:
    office.at("16:00")
    office.command(BEN, "mine")
    office.tell("Ben asks what is his.")
    office.at("16:10")
    office.shortcut(
        MAX,
        "make_case",
        text="A customer rang: her wheelchair was left behind in Oslo.",
        by=ANA.id,
        channel=office.slack.channels["random"].id,
        ts=f"{office.clock().timestamp():.6f}",
    )
    office.window(MAX)
    office.show_window(MAX)
    office.submit(MAX, {"author": "Inger", "where": "by phone"})
    office.closed(MAX)
    office.tell(
        "Max reads of a complaint in #random and opens *Make this a case* in the message's menu."
    )


def accidents(office: Office) -> None:
    office.at("16:15")
    office.slack.delete(office.case(4))
    office.settle()
    office.at("16:20")
    office.command(ANA, "open")
    office.click(ANA, office.slack.whispers[-1], "work_claim")
    office.tell(
        "Somebody deletes the message of that case by mistake. Ana finds the case by `/earful "
        "open` and claims it there: while somebody must act on it, its message is posted anew."
    )
    office.at("17:00")
    office.slack.rename("voice-complaints", "acme-complaints")
    office.settle()
    office.at("17:10")
    office.review("Noor", "Nobody told us that the flight was cancelled.")
    office.at("17:20")
    office.reconfigure("#voice-complaints", "#acme-complaints")
    office.at("17:25")
    office.click(ANA, office.case(5), "case_claim")
    office.at("17:35")
    office.tell(
        "Max renames the channel. Its threads go on, but the config still names the old one, so "
        "the next case waits, and ops hear of it. Max changes the config and restarts Earful: "
        "what waited goes to the channel under its new name. Its time to answer goes over the "
        "weekend: fifty minutes are left today, the rest is on Monday."
    )


def weekend(office: Office) -> None:
    """Quiet hours, and an hour that comes twice."""
    office.at("21:00")
    office.review("Sam", "The gate closed twenty minutes before the time on my ticket.")
    office.at("11:00", "2026-10-24")
    office.review("Greta", "The crew found my daughter's bear and flew it home to us!", 5)
    office.at("02:30", "2026-10-25")
    office.review("Tove", "Half past two, and the hotel that you booked does not exist.")
    office.at("02:30", "2026-10-25", fold=1)
    office.review("Uli", "Half past two again, and the night bus did not wait for us.")
    office.at("23:59")
    office.day()
    office.tell(
        "From Friday at 20:00 on it is quiet. Sam writes on Friday night, Greta on Saturday, Tove "
        "and Uli an hour apart on Sunday: both at half past two, for the clocks go back between."
    )


def monday(office: Office) -> None:
    """What waited over the weekend, a muted author, a killed daemon, and an incident."""
    office.at("08:00", "2026-10-26")
    office.day()
    morning(office)
    mute(office)
    kill(office)
    incident(office)
    rest(office)


def morning(office: Office) -> None:
    office.tell("At eight, which is an hour later than by Friday's clock, all of it comes.")
    office.log.hide()
    office.at("09:20")
    office.log.hide("voice-digest")
    office.click(ANA, office.case(6), "case_claim")
    office.click(BEN, office.case(7), "case_claim")
    office.click(ANA, office.case(8), "case_claim")
    office.tell(
        "At nine the digests come: the day's and the week's, with who answered how fast in its "
        "thread. Then Ana and Ben take what came."
    )


def mute(office: Office) -> None:
    office.at("09:30")
    office.review("Rex", "Worst airline. Worst. I say so daily.")
    office.at("09:35")
    office.click(ANA, office.case(9), "case_mute")
    office.at("09:40")
    office.review("Rex", "Still the worst, in case you forgot.")
    office.at("09:45")
    office.click(LEA, office.case(9), "case_unmute")
    office.tell(
        "Rex writes the same every day, and Ana mutes him, which Slack asks her to confirm. What "
        "he writes next makes no message. Lea thinks better of it."
    )


def kill(office: Office) -> None:
    office.at("10:05")
    office.at("10:10")
    office.review_while_killed("Vera", "My dog waited on the belt for an hour.")
    office.at("10:15")
    office.click(BEN, office.case(10), "case_claim")
    office.tell(
        "Kofi's wait is over. Vera's case is being posted when the daemon is killed: Slack has "
        "taken the message and has not said so. The daemon that starts next looks, and posts it "
        "no second time."
    )


def incident(office: Office) -> None:
    outage = (
        ("Ada", "Login fails since this morning, I cannot check in."),
        ("Bo", "Cannot check in: login fails with error 71."),
        ("Cleo", "Error 71 at login, and the line at the counter is endless."),
        ("Dag", "No check in without login, and login fails."),
        ("Eve", "Your login fails and I miss my flight because of it."),
        ("Finn", "Error 71. Again. Login fails on both of my phones."),
    )
    for number, (author, words) in enumerate(outage):
        office.at(f"10:{40 + 2 * number}")
        office.review(author, words)
    office.at("10:55")
    office.click(ANA, office.root("complaints at once"), "incident_claim")
    office.at("11:30")
    office.click(LEA, office.root("complaints at once"), "incident_answered")
    office.tell(
        "At 10:40 the login breaks. After three complaints of their own the rest become one "
        "message that counts up and says what sets them apart. Ana claims all of its cases. When "
        "the login works again, Lea answers every customer."
    )


def rest(office: Office) -> None:
    office.at("11:40")
    for who, number in ((BEN, 3), (ANA, 4), (ANA, 5), (ANA, 6), (BEN, 7), (ANA, 8), (BEN, 10)):
        respond(office, who, number)
    for number in office.waiting():
        respond(office, ANA, number)
    office.command(LEA, "open")
    office.show_home(LEA)
    office.tell("By noon the team has answered the rest. Lea looks.")


def tuesday(office: Office) -> None:
    """Nothing is left over."""
    office.at("09:30", "2026-10-27")
    office.day()
    office.tell("The night was quiet, and nothing is due.")


def days(office: Office) -> None:
    for day in (friday, weekend, monday, tuesday):
        day(office)


def spend(folder: Path, stack: ExitStack) -> Office:
    """Live the days; gives the office as it stands after them."""
    office = Office(folder, CONFIG, BEGIN, StarClassifier, stack)
    days(office)
    return office


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.earful.team_days", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the page anew")
    write = parser.parse_args().write
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder, ExitStack() as stack:
        text = written(spend(Path(folder), stack).page)
    if write:
        PAGE.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
