"""The catalogues of the messages: what their sentences are, and how they are kept up to date.

`python -m tests.alerts.catalogues` names what is not translated; with `--write` the catalogues
get the sentences that are new, empty, and lose those that are gone: translate what is empty.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from alerts.messages.catalogue import ENGLISH, LANGUAGES
from config.checkpoint_metrics import CheckpointMetric

ROOT = Path(__file__).parents[2]
MESSAGES = ROOT / "alerts" / "messages"
OTHERS = tuple(language for language in LANGUAGES if language != ENGLISH)
# Most sentences are in the first; a publisher says of itself what it needs, and a refusal of a
# click stands where it is decided.
_FOLDERS = ("alerts/messages", "alerts/publishing", "alerts/slack", "earful/interactions")
_MODULES = ("earful/case_desk.py",)
KEYWORDS = {"_": 1, "n_": 2, "later": 1, "plainly": 1, "plainly_shown": 1}
"""What marks sentences for the catalogues, and how many: those that it is called with first."""
_UNWANTED = (
    '"POT-Creation', '"PO-Revision', '"Project-Id', '"Report-', '"Last-', '"Language-Team',
    '"Generated-By',
)  # fmt: skip
_HEADER = """\
# The messages of Earful in LANGUAGE. Written by `python -m tests.alerts.catalogues --write`, which
# keeps what is translated: see docs/decisions/0026-messages-in-the-teams-language.md.
#"""


def sentences() -> Catalog:
    """Gather every sentence that messages are made of, in the order of the code."""
    found = Catalog(project="Earful", charset="utf-8")
    for path in paths():
        for call in marked(ast.parse(path.read_text(encoding="utf-8"))):
            ids = tuple(_constants(call))
            found.add(ids if len(ids) > 1 else ids[0], locations=[(path.name, 0)])
    for metric in CheckpointMetric:
        found.add(metric.words, locations=[("checkpoint_metrics.py", 0)])
    return found


def paths() -> list[Path]:
    """Give the modules whose sentences people read in Slack."""
    found = [path for folder in _FOLDERS for path in (ROOT / folder).glob("*.py")]
    return sorted([*found, *(ROOT / name for name in _MODULES)])


def marked(tree: ast.AST) -> Iterator[ast.Call]:
    """Find the calls that mark a sentence, or one for one and one for many, as a constant."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for node in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        is_ours = isinstance(node.func, ast.Name) and node.func.id in KEYWORDS
        if is_ours and any(_constants(node)):
            yield node


def _constants(call: ast.Call) -> Iterator[str]:
    assert isinstance(call.func, ast.Name)
    for argument in call.args[: KEYWORDS[call.func.id]]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def path_of(language: str) -> Path:
    return MESSAGES / "locale" / language / "LC_MESSAGES" / "earful.po"


def catalogue(language: str) -> Catalog:
    path = path_of(language)
    text = path.read_bytes() if path.exists() else b""
    return read_po(BytesIO(text), locale=language, domain="earful")


def entries(catalogue: Catalog) -> Iterator[Message]:
    """Give the sentences without the header."""
    return (message for message in catalogue if message.id)


def renewed(language: str) -> bytes:
    """Write a catalogue anew: every sentence of the code with the translation that it has."""
    known = {message.id: message.string for message in catalogue(language)}
    made = Catalog(locale=language, domain="earful", header_comment=_HEADER, fuzzy=False)
    for message in entries(sentences()):
        made.add(message.id, known.get(message.id), locations=message.locations)
    written = BytesIO()
    write_po(written, made, width=99, include_lineno=False)
    # Dates would change at each writing; nobody is named.
    lines = written.getvalue().decode().splitlines(keepends=True)
    return "".join(one for one in lines if not one.startswith(_UNWANTED)).encode()


def main(arguments: list[str]) -> None:
    for language in OTHERS:
        if "--write" in arguments:
            path_of(language).parent.mkdir(parents=True, exist_ok=True)
            path_of(language).write_bytes(renewed(language))
        known = {message.id: message.string for message in catalogue(language)}
        for message in entries(sentences()):
            if not all(_translations(known.get(message.id))):
                print(f"{language}: {message.id}")


def _translations(string: object) -> tuple[str, ...]:
    if isinstance(string, tuple | list):
        return tuple(string)
    return (string if isinstance(string, str) else "",)


if __name__ == "__main__":
    main(sys.argv[1:])
