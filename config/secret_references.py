"""`${NAME}` in an address of the config: a secret that comes from the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlsplit

from config.errors import ConfigError
from config.texts_within import texts_within

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")
_ONLY = re.compile(rf"(?:{_REFERENCE.pattern.replace('?P<name>', '?:')}[:,]?)+")


def is_reference(text: str) -> bool:
    """Tell whether a part of an address is nothing but `${NAME}`, or several with `:` between."""
    return bool(_ONLY.fullmatch(text))


def names_in(value: object) -> Iterator[str]:
    """Name the variables that the texts in a value refer to, however deep they lie."""
    for text in texts_within(value):
        yield from (match["name"] for match in _REFERENCE.finditer(text))


def filled(address: str, environment: Mapping[str, str]) -> str:
    """Put the values in, quoted as addresses need it: `a/b` in a variable is `a%2Fb` there.

    KeyError names a variable that is not set.
    """
    return _REFERENCE.sub(
        lambda match: quote(environment[match["name"]].strip(), safe=""), address
    )


def filled_here(address: str, environment: Mapping[str, str], key: str) -> str:
    """Put the values in; ConfigError names a variable that is not set, and the key it is for."""
    for name in names_in(address):
        if not environment.get(name, "").strip():
            raise ConfigError(f"needs {name} in the environment: its {key} refers to it")
    return filled(address, environment)


def misplaced(address: str) -> str | None:
    """Say what is wrong with where an address has its `${NAME}`; None where nothing is."""
    if "${" not in address:
        return None
    if _REFERENCE.sub("", address).count("${"):
        return "write a variable as ${NAME}: letters, digits and _"
    try:
        host = urlsplit(address).netloc.rpartition("@")[2]
    except ValueError:
        host = address
    if "://" not in address or "$" in host:
        return "the host stays readable: ${NAME} stands before @, in the path or behind the ?"
    return None
