"""Who is nobody: a name that strangers share makes no author of them. Pure."""

from __future__ import annotations

import re

# What sites and exports write where nobody gave a name, in the languages that they write it in.
_NAMES_OF_NOBODY = frozenset({
    "a customer", "a google user", "a reviewer", "a user", "anonim", "anonym", "anonyme",
    "anonymous", "anonymous user", "anónimo", "anonimo", "anoniem", "anonymous customer",
    "customer", "gast", "google user", "guest", "guest user", "invitado", "invité", "kunde",
    "n/a", "na", "nobody", "none", "null", "unknown", "unknown user", "user", "utente",
    "verified buyer", "verified customer", "[deleted]", "匿名", "匿名用户", "ein google-nutzer",
    "un utilisateur de google", "un usuario de google", "un utente google",
    "аноним", "пользователь google",
})  # fmt: skip
# What pseudonyms of authors look like where people read them.
_PSEUDONYM = re.compile(r"Person [0-9a-f]{6}")
# Stands in the id of an author whom nothing but a name tells: theirs is the one mention's.
_BY_ONE = "by/"


def is_nobody(name: str) -> bool:
    """Tell whether a name, or what stands where an id belongs, is what strangers share."""
    return name.casefold().strip(" .-–—*") in _NAMES_OF_NOBODY or not name.strip(" .-–—*")


def is_pseudonym(name: str) -> bool:
    """Tell whether a name is one that a store gave, and that nobody is called by."""
    return _PSEUDONYM.fullmatch(name) is not None


def author_key(name: str | None, native_id: str | None, of_mention: str) -> str | None:
    """Name an author within a source; None where the mention has none.

    An id that the source gave names a person, with a history, a case that further complaints
    join, and a mute. A name alone does not: two customers called Maria are two. Such an author is
    the author of that one mention, `of_mention` (its native id), and of no other.
    """
    if native_id and not is_nobody(native_id):
        return native_id
    return f"{_BY_ONE}{of_mention}" if name or native_id else None


def is_of_one_mention(key: str) -> bool:
    """Tell whether `author_key` gave this for an author whom only a name tells."""
    return key.startswith(_BY_ONE)
