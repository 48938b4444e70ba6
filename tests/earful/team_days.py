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
from tests.earful.team_office import ANA, BEN, LEA, MAX, ZONE, Office
from tests.earful.test_stages import WordClassifier

PAGE = Path(__file__).parents[2] / "docs" / "a-team-in-slack.md"
BEGIN = datetime(2026, 10, 23, 8, 55, tzinfo=ZONE)
CONFIG = """\
[store]
path = "{path}"

[slack]
api_url = "{api_url}"

[alerts]
timezone = "Europe/Berlin"
quiet_hours = "Mon-Fri 20:00-08:00, Sat-Sun 00:00-24:00 Europe/Berlin"

[cases]
respond_within = "4h"
business_hours = "Mon-Fri 09:00-18:00 Europe/Berlin"

[[brands]]
name = "Acme Air"
query = "acme"

  [[brands.sources]]
  source = "google_play"
  app_id = "com.acme.air"
  owner_api = true
  base_url = "{play}"
  enabled = false
"""


class StarClassifier(WordClassifier):
    """A stand-in that goes by the stars: the days are about work, not about judgement."""

    def classify(
        self, texts: Sequence[Text], *, progress: Callable[[int], None] | None = None
    ) -> list[Verdict]:
        if progress:
            progress(len(texts))
        told = {1.0: "angry", 2.0: "angry", 3.0: "mediocre", 5.0: "delighted"}
        return [self._one(told.get(text.rating or 0.0, "none")) for text in texts]


def friday(office: Office) -> None:
    office.day()
    office.start()
    office.at("09:10")
    office.review("Jo", "They lost my bag in Rome and nobody picks up the phone.")
    office.tell("A review with one star comes in, and becomes a case with a message of its own.")
    office.show()
    office.at("09:15")
    office.click(ANA, office.case(1), "case_claim")
    office.tell("Ana clicks *Claim*.")
    office.show()
    office.at("10:00")
    office.click(ANA, office.case(1), "case_assign", choice=BEN.id)
    office.tell("Ben knows Rome: Ana chooses him under *Assign to*, which pings him once.")
    office.show()
    office.at("11:00")
    office.review("Mia", "Two hours in the queue, and then my seat was sold to somebody else.")
    office.review("Kofi", "The app charged my card twice and the chat never answers.")
    office.tell("Two more come in.")
    office.show()
    office.at("14:30")
    office.click(BEN, office.case(3), "case_claim")
    office.click(BEN, office.case(3), "case_more", choice="snooze")
    view = office.window(BEN)
    office.submit(BEN, {"snooze_for": "3d", "note": "He looks for the two bookings."})
    office.tell(
        "Ben has asked Kofi for his two bookings: the case waits for him, and nobody is reminded "
        "of it meanwhile."
    )
    office.show((view, BEN))
    office.at("15:20")
    office.slack.rename("voice-complaints", "acme-complaints")
    office.tell("Max renames the channel in Slack, and nobody changes the config.")
    office.show()
    office.at("15:30")
    office.review("Noor", "Nobody told us that the flight was cancelled.")
    office.tell("The next complaint")
    office.show()
    office.at("15:40")
    office.show()
    office.reconfigure("[slack]", '[slack]\ncomplaints = "#acme-complaints"')
    office.show()
    office.at("15:45")
    office.show()
    office.at("16:00")
    office.slack.delete(office.case(4))
    office.show()
    office.at("16:30")
    office.show()
    office.at("17:30")
    office.review("Rosa", "My refund is three months late.")
    office.at("21:00")
    office.review("Sam", "The gate was closed twenty minutes before the time on the ticket.")
    office.tell("Friday evening: quiet hours")
    office.show()


def weekend(office: Office) -> None:
    office.at("02:30", "2026-10-25")
    office.review("Tove", "half past two in summer")
    office.at("02:30", "2026-10-25", fold=1)
    office.review("Uli", "half past two in winter")
    office.day()
    office.show()


def monday(office: Office) -> None:
    office.at("07:55", "2026-10-26")
    office.day()
    office.show()
    office.at("08:00")
    office.show()
    office.at("09:00")
    office.show()
    office.at("14:30")
    office.show()
    office.at("15:00")
    for number in range(14):
        office.at(f"15:{number:02}")
        office.review(f"Traveller {number}", f"The app logs me out at the gate, try {number}.")
    office.at("15:20")
    office.show()


def days(office: Office) -> None:
    friday(office)
    weekend(office)
    monday(office)


def page(office: Office) -> str:
    return "\n".join(office.page)


def spend(folder: Path, stack: ExitStack) -> Office:
    """Live the days; gives the office as it stands after them."""
    office = Office(folder, CONFIG, BEGIN, StarClassifier, stack)
    days(office)
    return office


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.earful.team_days", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the page anew")
    write = parser.parse_args().write
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        written = page(spend(Path(folder), stack))
    if write:
        PAGE.write_text(written)
    else:
        print(written)


if __name__ == "__main__":
    main()
