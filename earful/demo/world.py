"""Kittiwake Rail, the demo's made-up night-train company, and the places that speak of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

BRAND = "Kittiwake Rail"
# The company shares its name with a gull, as real brands share theirs with other things.
QUERY = (
    "(kittiwake OR kittiwakerail) NOT (bird OR birds OR gull OR gulls OR colony OR colonies "
    "OR nesting OR scuba)"
)
# Another made-up company, which is only compared with.
RIVAL = "Puffin Coaches"
RIVAL_QUERY = '"puffin coaches" OR puffincoaches'
STAFF = ("Maureen", "Idris", "Priya", "Callum")
TEAMS = {"Maureen": "On board", "Idris": "On board", "Priya": "Stations", "Callum": "On board"}
HOSTESSES = ("Maureen",)
HOSTS = ("Idris", "Callum")

# Numbers beyond what the real places have given out, so that no real app or game is meant.
APP_ID = 9_900_412_073
GAME_ID = 99_004_120
APP_NAME = "Kittiwake Rail: Night Trains"
COUNTRIES = ("gb", "us")
SUBREDDIT = "nightrails"
OFF_TOPIC_SUBREDDIT = "northsea"
FORUM_NAME = "The Sleeper Berth, a night train forum"
FORUM_HOST = "sleeperberth.example"
FORUM_FEED = f"https://{FORUM_HOST}/forum/feed/"

HISTORY = timedelta(days=42)
# Reddit's first search reaches back a month only.
REDDIT_HISTORY = timedelta(days=30)

CITIES = (
    "Penzance", "Truro", "Fort William", "Inverness", "Aberdeen", "Edinburgh", "Holyhead",
    "Plymouth", "Mallaig", "Glasgow",
)  # fmt: skip
STATIONS = ("Euston", "Crewe", "Preston", "Paddington", "Reading", "Bristol")
COACHES = "ABCDEFGHJK"
DELAYS = (35, 40, 45, 50, 55, 65, 70, 80, 95, 110)
PRICES = (79, 94, 112, 118, 134, 142, 156, 178)
NUMBERS = ("two", "three", "four", "five", "six", "seven")


@dataclass(frozen=True, slots=True)
class Thread:
    """When a Hacker News story opens: days before the start, or after the incident."""

    days: float
    after_incident: bool = False


THREADS = {
    "Kittiwake Rail publishes its timetable engine as open source": Thread(-35.3),
    "Ask HN: Anyone taken the Kittiwake sleeper to work remotely from Scotland?": Thread(-28.2),
    "Kittiwake's phone-as-a-key cabins and what happens when the phone dies": Thread(-18.4),
    "A Kittiwake night train, drawn live from open data": Thread(-4.6),
    "The Kittiwake 5.2.0 post-mortem: how we charged 1,900 people twice": Thread(8.1, True),
    "Seabirds and the sandeel collapse": Thread(-21.7),
    "Ask HN: What do you name your servers?": Thread(-12.3),
}
