"""Give out names and ids as each place does, none of them twice."""

from __future__ import annotations

import hashlib
import string
from datetime import datetime
from random import Random

from earful.demo.items import Author
from earful.demo.texts import names

_DIGITS = string.digits + string.ascii_lowercase
# Steam's and Apple's real accounts and Hacker News' real items have other numbers.
_STEAM_ACCOUNTS = 76_561_190_000_000_000
_APPLE_ACCOUNTS = 90_000_000_000
_FORUM_FIRST_NAMES = (
    "Alison", "Barnaby", "Cerys", "Douglas", "Edie", "Fergus", "Gill", "Howard", "Imran", "Janet",
    "Keith", "Lorna", "Mungo", "Nia", "Oswald", "Pauline", "Roddy", "Shona", "Trevor", "Una",
    "Vernon", "Wanda", "Yusuf", "Zelda",
)  # fmt: skip


class NamesAndIds:
    """One story's givers of names and ids; the order of asking decides who gets which."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[tuple[str, object]] = set()
        self._waiting = {place: list(listed) for place, listed in names().items()}
        for listed in self._waiting.values():
            random.shuffle(listed)

    def known(self, source: str, name: str) -> Author:
        """Give an author by name: the same each time."""
        self._taken.add((source, name))
        return Author(name=name, native_id=_account(source, name))

    def stranger(self, source: str, place: str = "") -> Author:
        """Give an author who has not spoken before."""
        habit = f"{source}_{place}" if f"{source}_{place}" in names() else source
        listed = self._waiting[habit]
        while True:
            name = listed.pop() if listed else self._invented(habit)
            if (source, name) not in self._taken:
                return self.known(source, name)

    def item_id(self, source: str, at: datetime) -> str:
        """Give an id of the source's form that grows with time."""
        second = int(at.timestamp())
        number = {
            "appstore": 3 * second + 9_400_000_000,
            "hackernews": second - 820_000_000,
            "reddit": 97 * second - 90_000_000_000,
            "feeds": (second - 1_600_000_000) // 700,
            "steam": second - 1_500_000_000,
        }[source]
        while (source, number) in self._taken:
            number += 1
        self._taken.add((source, number))
        return f"t3_{_base36(number)}" if source == "reddit" else str(number)

    def _invented(self, habit: str) -> str:
        """Make a name up in the habit of the place, once its list is used up."""
        random = self._random
        if habit == "feeds":
            initial = random.choice(string.ascii_uppercase)
            return f"{random.choice(_FORUM_FIRST_NAMES)} {initial}."
        name = random.choice(names()[habit]).rstrip(".").replace(" ", "")
        return f"{name}{random.choice(('', '_'))}{random.randint(2, 99)}"


def _account(source: str, name: str) -> str:
    number = int(hashlib.sha256(f"{source}:{name}".encode()).hexdigest()[:12], 16)
    if source == "appstore":
        return str(_APPLE_ACCOUNTS + number % 1_000_000_000)
    if source == "steam":
        return str(_STEAM_ACCOUNTS + number % 1_000_000_000)
    return name


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
