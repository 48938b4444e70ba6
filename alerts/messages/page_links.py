"""Addresses of what stands elsewhere: a message in Slack, a page of the dashboards."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True)
class Links:
    """Addresses of the dashboards' pages; None each while `public_url` of `[serve]` is unset."""

    public_url: str | None = None

    def home(self) -> str | None:
        return self._page("")

    def case(self, case_id: int) -> str | None:
        return self._page(f"case/{case_id}")

    def mention(self, mention_id: str) -> str | None:
        return self._page(f"mention?{_asked(id=mention_id)}")

    def search(self, words: str, brand: str | None = None) -> str | None:
        """Give the page that looks for words; marks that its search would read are left out."""
        literal = " ".join('"' + word.replace('"', "") + '"' for word in words.split())
        return self._page(f"earful/mentions_naming?{_asked(words=literal, brand=brand or '')}")

    def cases(self, brand: str | None = None) -> str | None:
        return self._page(f"cases?{_asked(brand=brand or '')}")

    def _page(self, path: str) -> str | None:
        return f"{self.public_url.rstrip('/')}/{path}" if self.public_url else None


def _asked(**parameters: str) -> str:
    # Half a pair of surrogates has no bytes: what comes from outside may hold one.
    return urlencode(parameters, quote_via=quote, errors="replace")


def message_link(
    workspace: str, channel_id: str | None, ts: str | None, thread_ts: str = ""
) -> str | None:
    """Give the address of a message in Slack, as `chat.getPermalink` writes it.

    `workspace` is the workspace's own address. None where something of it is not known.
    """
    if not workspace or not channel_id or not ts:
        return None
    address = f"{workspace.rstrip('/')}/archives/{channel_id}/p{ts.replace('.', '')}"
    if thread_ts and thread_ts != ts:
        address += f"?thread_ts={thread_ts}&cid={channel_id}"
    return address
