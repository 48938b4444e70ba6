"""Publishers at sources that give out access tokens: one is kept for as long as it lives."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from alerts.messages import reply_words
from alerts.outbox.transport import Fate
from alerts.publishing.publisher import Publisher
from alerts.publishing.reply import Reply
from alerts.publishing.web import Answer, Failed
from config import owner_keys

# A token is renewed a little before its time: a request under way must not outlive it.
_EARLY_S = 60.0


class TokenPublisher(Publisher):
    """Asks with an access token, and gets a new one where the source says that it is too old."""

    # How long a token lives whose answer does not say so.
    lives_s: ClassVar[float] = 600.0

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        # By the server that gave it: none is shown another's.
        self._tokens: dict[str | None, tuple[str, float]] = {}

    def authorised(self, reply: Reply, method: str, url: str, **how: Any) -> Answer:
        """Ask with a token; raises Failed for whatever is no good answer."""
        answer = self.web.ask(method, url, headers=self._bearer(reply), **how)
        if self.expired(answer):
            # Certainly nothing was posted: the source did not even know who asks.
            self._tokens.pop(self.entry(reply).base_url, None)
            answer = self.web.ask(method, url, headers=self._bearer(reply), **how)
        if answer.good:
            return answer
        raise self.refusal(answer)

    def expired(self, answer: Answer) -> bool:
        """Tell whether the source wants another token."""
        return answer.status == 401

    @abstractmethod
    def fetch_token(self, reply: Reply) -> Answer:
        """Ask for a token with the owner's key."""

    def token_of(self, answer: Answer) -> str | None:
        """Read the token in the answer."""
        return answer.text_at("access_token")

    def token_form(
        self,
        reply: Reply,
        url: str,
        form: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask for a token as OAuth 2 says (RFC 6749, 4.4 and 6; RFC 7523)."""
        return self.web.ask(
            "POST", self.moved_for(self.entry(reply), url), form=form, headers=headers
        )

    def google_token(self, reply: Reply, form: Mapping[str, str]) -> Answer:
        """Ask Google for a token."""
        return self.token_form(reply, owner_keys.GOOGLE_TOKENS, form)

    def _bearer(self, reply: Reply) -> dict[str, str]:
        now, server = time.monotonic(), self.entry(reply).base_url
        token, until = self._tokens.get(server, ("", 0.0))
        if until <= now:
            answer = self.fetch_token(reply)
            given = self.token_of(answer)
            if not answer.good or given is None:
                words = reply_words.key_refused(self.label, self.secrets, answer.words)
                raise Failed(Fate.ACCOUNT_DEAD, words)
            lives = answer.text_at("expires_in") or ""
            seconds = float(lives) if lives.isdecimal() else self.lives_s
            token, until = given, now + max(1.0, seconds - _EARLY_S)
            self._tokens[server] = (token, until)
        return {"Authorization": f"Bearer {token}"}
