"""Issues of GitHub: made once, found again by a hidden word in their body."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

from alerts.destinations.http_call import (
    BROKEN,
    TIMEOUT_S,
    Reply,
    broken,
    call,
    host_of,
    reason_of,
    refused,
)
from alerts.destinations.issue_text import as_markdown, issue_of
from alerts.outbox.transport import Fate, Look, SendResult, Sight
from storage.models import Alert, Operation

API = "https://api.github.com"
_PAGE = 100
_MAX_PAGES = 10
_LOOK_BACK = timedelta(minutes=5)


class GithubIssues:
    """Make issues in one repository, with a token that may write its issues."""

    def __init__(
        self,
        name: str,
        repository: str,
        token: str,
        *,
        label: str | None = None,
        api: str = API,
        timeout: float = TIMEOUT_S,
    ) -> None:
        self._name = f"issues:{name}"
        self._url = f"{api.rstrip('/')}/repos/{repository}"
        self._label = label
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._timeout = timeout

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        issue = issue_of(alert.root_key or alert.dedupe_key, alert.payload, text_only=text_only)
        body: dict[str, Any] = {"title": issue.title, "body": as_markdown(issue)}
        if alert.operation is Operation.UPDATE:
            number = (alert.root_ts or "").rpartition("/")[2]
            result = self._carry_out("PATCH", f"/issues/{number}", body)
            return SendResult(Fate.NOT_SENT, result.error) if _open(result) else result
        if alert.operation is not Operation.POST:
            return SendResult(Fate.POINTLESS)
        if self._label:
            body["labels"] = [self._label]
        return self._carry_out("POST", "/issues", body)

    def find(self, alert: Alert) -> Look:
        if alert.operation is Operation.UPDATE:
            return Look(Sight.ABSENT, final=True)
        marker = issue_of(alert.dedupe_key, alert.payload).marker
        since = (alert.created_at - _LOOK_BACK).astimezone(UTC)
        query = f"state=all&sort=created&direction=desc&per_page={_PAGE}"
        query += f"&since={since:%Y-%m-%dT%H:%M:%SZ}"
        for page in range(1, _MAX_PAGES + 1):
            try:
                reply = self._call("GET", f"/issues?{query}&page={page}")
            except BROKEN as error:
                return Look(Sight.LATER, f"{self._name} did not answer: {reason_of(error)}.")
            issues = reply.json
            if not reply.good or not isinstance(issues, list):
                result = self._refused(reply)
                return Look(Sight.LATER, result.error, retry_after=result.retry_after)
            for one in issues:
                if marker in str(one.get("body") or ""):
                    return Look(Sight.FOUND, slack_ts=str(one["html_url"]))
            if len(issues) < _PAGE:
                return Look(Sight.ABSENT, f"{self._name} does not have it so far.")
        return Look(
            Sight.BLIND, f"{self._name} may have this issue, but too many came after it to look."
        )

    def lane(self, alert: Alert) -> str | None:
        return ""

    def inspect(self) -> tuple[bool, str]:
        """Ask for the repository; makes nothing."""
        try:
            reply = self._call("GET", "")
        except BROKEN as error:
            return False, broken(error, f"{self._name} ({host_of(self._url)})").error
        if not reply.good:
            return False, self._refused(reply).error
        told = reply.json if isinstance(reply.json, dict) else {}
        if not told.get("has_issues", True):
            return False, "its issues are turned off: turn them on in its settings"
        return True, "the token sees the repository; nothing was made"

    def _carry_out(self, method: str, path: str, body: dict[str, Any]) -> SendResult:
        try:
            reply = self._call(method, path, body)
        except BROKEN as error:
            return broken(error, f"{self._name} ({host_of(self._url)})")
        told = reply.json
        if reply.good and isinstance(told, dict) and told.get("html_url"):
            return SendResult(Fate.SENT, slack_ts=str(told["html_url"]))
        if reply.good:
            return SendResult(Fate.UNCLEAR, f"{self._name} answered without the issue's link.")
        return self._refused(reply)

    def _refused(self, reply: Reply) -> SendResult:
        limited = reply.headers.get("x-ratelimit-remaining") == "0" or reply.retry_after
        if reply.status == 403 and limited:
            wait = reply.retry_after or 60.0
            return SendResult(
                Fate.RATE_LIMITED, f"{self._name} asked to wait {wait:g} s.", retry_after=wait
            )
        return refused(reply, self._name, "check its project and that its token may write issues")

    def _call(self, method: str, path: str, body: object = None) -> Reply:
        return call(
            method, self._url + path, body=body, headers=self._headers, timeout=self._timeout
        )


def _open(result: SendResult) -> bool:
    """Tell whether a change may be tried again: changing twice does no harm."""
    return result.fate is Fate.UNCLEAR
