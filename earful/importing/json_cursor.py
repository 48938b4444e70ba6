"""A way through JSON text, value by value, of which only a part is in memory."""

from __future__ import annotations

import json
from typing import Any, TextIO

from config.errors import InputError

_CHUNK = 1 << 20
# No value is longer. What is longer is broken, and would be read to the end of the file.
_LONGEST = 1 << 24
_SPACE = " \t\r\n"


class JsonCursor:
    """A place in JSON text of which only a part is in memory."""

    def __init__(self, text: TextIO, name: str) -> None:
        self._text, self._name = text, name
        self._part, self._at, self._counted = "", 0, 0
        self._line = 1
        self._decode = json.JSONDecoder().raw_decode

    @property
    def line(self) -> int:
        """The line of the file that this place is in."""
        self._line += self._part.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def peek(self) -> str:
        """Go to the next character that is no space, and give it; an error at the end."""
        while True:
            while self._at < len(self._part):
                if self._part[self._at] not in _SPACE:
                    return self._part[self._at]
                self._at += 1
            if not self._more():
                raise self._broken("ends too early: it is cut off")

    def at_end(self) -> bool:
        """Say whether nothing but space is left."""
        try:
            self.peek()
        except InputError:
            return True
        return False

    def expect(self, letter: str) -> None:
        present = self.peek()
        if present != letter:
            raise self._broken(f"has {present!r} where {letter!r} should be")
        self._at += 1

    def value(self) -> Any:
        """Read the value that begins here, whatever it is."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._part, self._at)
            except RecursionError:
                raise self._broken("is nested too deeply") from None
            except ValueError as error:
                if len(self._part) - self._at > _LONGEST or not self._more():
                    raise self._broken(f"is broken: {short(error)}") from error
                continue
            # A number at the end of what is read may go on in what is not.
            if end == len(self._part) and self._more():
                continue
            self._at = end
            return value

    def _more(self) -> bool:
        """Read on, forgetting what lies behind; says whether there was more."""
        chunk = self._text.read(max(_CHUNK, len(self._part) - self._at))
        if chunk:
            self._line = self.line
            self._part, self._at, self._counted = self._part[self._at :] + chunk, 0, 0
        return bool(chunk)

    def _broken(self, what: str) -> InputError:
        return InputError(
            f"{self._name}: line {self.line}: the JSON {what}: mend it or export it again"
        )


def short(error: Exception) -> str:
    """Say what Python says of broken JSON, without the place, which is not the file's."""
    return str(error).partition(": line")[0]
