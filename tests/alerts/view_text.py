"""A modal or a Home as text: what is shown, what can be typed, chosen and pressed."""

from __future__ import annotations

from typing import Any

from alerts.messages import plain


def as_text(view: dict[str, Any]) -> str:
    """Render a view for a golden file and for looking at it."""
    title = view.get("title", {}).get("text", "Home")
    lines = [f"[[ {title} ]]"]
    for block in view["blocks"]:
        shown = plain({"blocks": [block]})
        lines += ["", shown] if shown else []
        if block["type"] == "input":
            element = block["element"]
            asked = " (may stay empty)" if block.get("optional") else ""
            lines += ["", f"{block['label']['text']}{asked}: {_inside(element)}"]
            lines += [f"  {block['hint']['text']}"] if block.get("hint") else []
        pressed = [*block.get("elements", []), block.get("accessory")]
        buttons = [_inside(one) for one in pressed if one and "action_id" in one]
        lines += ["  " + " ".join(buttons)] if buttons else []
    ends = [f"[{view[name]['text']}]" for name in ("submit", "close") if name in view]
    return "\n".join([*lines, *(["", " ".join(ends)] if ends else [])])


def _inside(element: dict[str, Any]) -> str:
    if element["type"] == "button":
        return f"[{element['text']['text']}]"
    if options := element.get("options"):
        chosen = element.get("initial_option")
        names = [
            f"*{one['text']['text']}" if one == chosen else one["text"]["text"] for one in options
        ]
        return f"<{' | '.join(names)}>"
    given = next((str(element[key]) for key in element if key.startswith("initial_")), "")
    return f"<{given or element['type']}>"
