"""Block Kit's documented limits, as the fake Slack holds messages and views to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_IN_MESSAGES = ("header", "section", "context", "divider", "actions", "image")
_CHOICES = ("static_select", "users_select", "conversations_select", "datepicker",
            "multi_static_select", "multi_users_select", "overflow", "radio_buttons",
            "checkboxes", "timepicker", "datetimepicker")  # fmt: skip
_INPUTS = ("plain_text_input", "number_input", "email_text_input", "url_text_input", *_CHOICES)


def block_faults(blocks: list[dict[str, Any]], most: int = 50) -> list[str]:
    """Check a message's blocks against Block Kit's limits; each fault as a sentence."""
    return _faults(blocks, most, _IN_MESSAGES)


def view_faults(view: Mapping[str, Any]) -> list[str]:
    """Check a view against the limits of modals and of the Home; each fault as a sentence."""
    kind, blocks = view.get("type"), view.get("blocks") or []
    faults = _faults(blocks, 100, (*_IN_MESSAGES, "input"))
    if kind not in ("modal", "home"):
        faults.append(f"{kind}: no such view")
    for name, limit in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if _length(str(view.get(name) or "")) > limit:
            faults.append(f"{name}: longer than {limit}")
    titles = ("title", "submit", "close")
    for name in titles:
        if name in view and kind == "home":
            faults.append(f"a Home has no {name}")
        elif name in view:
            text = view[name]
            if text.get("type") != "plain_text" or not 0 < _length(text["text"]) <= 24:
                faults.append(f"{name}: 1 to 24 characters of plain text are taken")
    if kind == "modal" and "title" not in view:
        faults.append("a modal has a title")
    if kind == "modal" and "submit" not in view and any(b["type"] == "input" for b in blocks):
        faults.append("a modal with inputs has a submit")
    return faults


def elements_of(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each element that somebody can use, with the id of its block."""
    for place, block in enumerate(blocks):
        inside = [*(block.get("elements") or []), block.get("accessory"), block.get("element")]
        for element in inside:
            if element and "action_id" in element:
                yield block.get("block_id") or f"b{place}", element


def _faults(blocks: list[dict[str, Any]], most: int, kinds: tuple[str, ...]) -> list[str]:
    faults = [] if len(blocks) <= most else [f"{len(blocks)} blocks, at most {most} are taken"]
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        faults.append("a block_id stands twice")
    for block in blocks:
        kind = block.get("type")
        for text, limit in _texts(block):
            length = _length(text)
            if not 0 < length <= limit:
                faults.append(f"{kind}: a text of {length} characters, 1 to {limit} are taken")
        for name, limit in (("fields", 10), ("elements", 25 if kind == "actions" else 10)):
            if len(block.get(name) or []) > limit:
                faults.append(f"{kind}: more than {limit} {name}")
        if kind not in kinds:
            faults.append(f"{kind}: no such block")
        faults += _element_faults(block)
    return faults


def _element_faults(block: Mapping[str, Any]) -> list[str]:
    faults = []
    names = [one["action_id"] for _, one in elements_of([dict(block)])]
    if len(names) != len(set(names)):
        faults.append("an action_id stands twice in a block")
    for _, element in elements_of([dict(block)]):
        kind, options = element["type"], element.get("options")
        if block["type"] == "input" and kind not in _INPUTS:
            faults.append(f"input: {kind} is none")
        most = {"overflow": 5, "radio_buttons": 10, "checkboxes": 10}.get(kind, 100)
        if options is not None and not 0 < len(options) <= most:
            faults.append(f"{kind}: {len(options)} options, 1 to {most} are taken")
        chosen = element.get("initial_option")
        if chosen is not None and chosen not in (options or []):
            faults.append(f"{kind}: its initial_option is none of its options")
        if kind == "plain_text_input":
            longest = element.get("max_length", 3000)
            if not 1 <= longest <= 3000 or _length(element.get("initial_value") or "") > longest:
                faults.append("plain_text_input: longer than it lets anybody write")
    return faults


def _length(text: str) -> int:
    """Count as Slack does, in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _texts(block: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Give each text of a block, and how long Block Kit lets it be."""
    kind = block.get("type")
    found: list[tuple[str, int]] = []
    if "text" in block:
        found.append((block["text"]["text"], 150 if kind == "header" else 3000))
    found += [(one["text"], 2000) for one in block.get("fields") or []]
    if kind == "context":
        found += [(one["text"], 3000) for one in block["elements"] if "text" in one]
    if kind == "input":
        found += [(block[name]["text"], 2000) for name in ("label", "hint") if block.get(name)]
    for _, one in elements_of([dict(block)]):
        found += [(one["action_id"], 255)]
        found += [(one["text"]["text"], 75)] if "text" in one else []
        found += [(one[name], limit) for name, limit in (("value", 2000), ("url", 3000))
                  if name in one]  # fmt: skip
        found += [(one["placeholder"]["text"], 150)] if "placeholder" in one else []
        for option in one.get("options") or []:
            found += [(option["text"]["text"], 75), (option["value"], 150)]
        if confirm := one.get("confirm"):
            limits = (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30))
            found += [(confirm[name]["text"], limit) for name, limit in limits]
    found += [(block["block_id"], 255)] if "block_id" in block else []
    return found
