"""Issues of Jira Cloud: made once, found again by a label of their own.

Jira's search lags behind its writes for seconds, at times for minutes: an issue that is not found
is not there only some time after the try.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
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
from alerts.destinations.issue_text import as_document, issue_of
from alerts.outbox.transport import Fate, Look, SendResult, Sight
from storage.models import Alert, Operation

SEARCH_LAG = timedelta(minutes=5)


class JiraIssues:
    """Make issues in one project, with an account's e-mail address and API token."""

    def __init__(
        self,
        name: str,
        site: str,
        project: str,
        user: str | None,
        token: str,
        now: Callable[[], datetime],
        *,
        kind: str = "Task",
        label: str | None = None,
        search_lag: timedelta = SEARCH_LAG,
        timeout: float = TIMEOUT_S,
    ) -> None:
        self._name = f"issues:{name}"
        self._site = site.rstrip("/")
        self._project = project
        self._kind = kind
        self._label = label
        self._now = now
        self._search_lag = search_lag
        basic = base64.b64encode(f"{user}:{token}".encode()).decode()
        self._headers = {
            "Authorization": f"Basic {basic}" if user else f"Bearer {token}",
            "Accept": "application/json",
        }
        self._timeout = timeout

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        issue = issue_of(alert.root_key or alert.dedupe_key, alert.payload, text_only=text_only)
        fields: dict[str, Any] = {"summary": issue.title, "description": as_document(issue)}
        if alert.operation is Operation.UPDATE:
            return self._change(alert, fields)
        if alert.operation is not Operation.POST:
            return SendResult(Fate.POINTLESS)
        fields |= {
            "project": {"key": self._project},
            "issuetype": {"name": self._kind},
            "labels": [issue.marker, *([self._label] if self._label else [])],
        }
        try:
            reply = self._call("POST", "issue", {"fields": fields})
        except BROKEN as error:
            return broken(error, f"{self._name} ({host_of(self._site)})")
        told = reply.json
        if reply.good and isinstance(told, dict) and told.get("key"):
            return SendResult(Fate.SENT, slack_ts=self._link(str(told["key"])))
        if reply.good:
            return SendResult(Fate.UNCLEAR, f"{self._name} answered without the issue's key.")
        return self._refused(reply)

    def _change(self, alert: Alert, fields: dict[str, Any]) -> SendResult:
        """Change an issue; doing it twice does no harm, so nothing about it is unclear."""
        key = (alert.root_ts or "").rpartition("/")[2]
        try:
            reply = self._call("PUT", f"issue/{key}", {"fields": fields})
        except BROKEN as error:
            return SendResult(
                Fate.NOT_SENT, broken(error, f"{self._name} ({host_of(self._site)})").error
            )
        if reply.good:
            return SendResult(Fate.SENT, slack_ts=alert.root_ts)
        result = self._refused(reply)
        return SendResult(Fate.NOT_SENT, result.error) if result.fate is Fate.UNCLEAR else result

    def find(self, alert: Alert) -> Look:
        if alert.operation is Operation.UPDATE:
            return Look(Sight.ABSENT, final=True)
        marker = issue_of(alert.dedupe_key, alert.payload).marker
        jql = f'project = "{self._project}" AND labels = "{marker}"'
        try:
            query = {"jql": jql, "fields": ["key"], "maxResults": 1}
            reply = self._call("POST", "search/jql", query)
        except BROKEN as error:
            return Look(Sight.LATER, f"{self._name} did not answer: {reason_of(error)}.")
        told = reply.json
        if not reply.good or not isinstance(told, dict) or "issues" not in told:
            result = self._refused(reply)
            return Look(Sight.LATER, result.error, retry_after=result.retry_after)
        if told["issues"]:
            return Look(Sight.FOUND, slack_ts=self._link(str(told["issues"][0]["key"])))
        since = self._now() - (alert.claimed_at or alert.created_at)
        if since < self._search_lag:
            left = (self._search_lag - since).total_seconds()
            return Look(
                Sight.LATER,
                f"{self._name} may have this issue, and its search may not know it yet.",
                retry_after=left,
            )
        return Look(Sight.ABSENT, f"{self._name} does not have it: it is made again.", final=True)

    def lane(self, alert: Alert) -> str | None:
        return ""

    def inspect(self) -> tuple[bool, str]:
        """Ask for the project; makes nothing."""
        try:
            reply = self._call("GET", f"project/{self._project}")
        except BROKEN as error:
            return False, broken(error, f"{self._name} ({host_of(self._site)})").error
        if not reply.good:
            return False, self._refused(reply).error
        told = reply.json if isinstance(reply.json, dict) else {}
        kinds = [str(one.get("name")) for one in told.get("issueTypes") or []]
        if kinds and self._kind not in kinds:
            return False, f"type: {self._kind!r} is none of its issue types: {', '.join(kinds)}"
        return True, "the token sees the project; nothing was made"

    def _refused(self, reply: Reply) -> SendResult:
        return refused(
            reply,
            self._name,
            "check base_url, project, user, token and what it may do",
        )

    def _link(self, key: str) -> str:
        return f"{self._site}/browse/{key}"

    def _call(self, method: str, path: str, body: object = None) -> Reply:
        return call(
            method,
            f"{self._site}/rest/api/3/{path}",
            body=body,
            headers=self._headers,
            timeout=self._timeout,
        )
