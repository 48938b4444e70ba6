"""Issues of Linear: made once, under an id that Earful gives them and looks them up by."""

from __future__ import annotations

from collections.abc import Mapping
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

API = "https://api.linear.app/graphql"
_CREATE = (
    "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { url } } }"
)
_UPDATE = (
    "mutation($id: String!, $input: IssueUpdateInput!) "
    "{ issueUpdate(id: $id, input: $input) { success issue { url } } }"
)
_FIND = (
    "query($id: ID!) { issues(filter: { id: { eq: $id } }, includeArchived: true) "
    "{ nodes { url } } }"
)
_TEAM = "query($id: String!) { team(id: $id) { name } }"
_MEND = "check its project and its token"


class LinearIssues:
    """Make issues in one team, with an API key."""

    def __init__(
        self, name: str, team: str, token: str, *, api: str = API, timeout: float = TIMEOUT_S
    ) -> None:
        self._name = f"issues:{name}"
        self._team = team
        self._api = api
        self._headers = {"Authorization": token}
        self._timeout = timeout

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        issue = issue_of(alert.root_key or alert.dedupe_key, alert.payload, text_only=text_only)
        words = {"title": issue.title, "description": as_markdown(issue, marked=False)}
        if alert.operation is Operation.UPDATE:
            result = self._change("issueUpdate", _UPDATE, {"id": issue.id, "input": words})
            if result.fate is Fate.UNCLEAR:
                return SendResult(Fate.NOT_SENT, result.error)
            return result
        if alert.operation is not Operation.POST:
            return SendResult(Fate.POINTLESS)
        new = {"id": issue.id, "teamId": self._team, **words}
        result = self._change("issueCreate", _CREATE, {"input": new})
        if result.fate is Fate.BAD_MESSAGE:
            # What Linear refuses may be the id of an issue that it has from an earlier try.
            look = self.find(alert)
            if look.sight is Sight.FOUND:
                return SendResult(Fate.SENT, slack_ts=look.slack_ts)
        return result

    def find(self, alert: Alert) -> Look:
        if alert.operation is Operation.UPDATE:
            return Look(Sight.ABSENT, final=True)
        issue = issue_of(alert.dedupe_key, alert.payload)
        try:
            reply = self._call(_FIND, {"id": issue.id})
        except BROKEN as error:
            return Look(Sight.LATER, f"{self._name} did not answer: {reason_of(error)}.")
        nodes = _at(reply, "issues", "nodes")
        if not isinstance(nodes, list):
            result = self._refused(reply)
            return Look(Sight.LATER, result.error, retry_after=result.retry_after)
        if nodes:
            return Look(Sight.FOUND, slack_ts=str(nodes[0]["url"]))
        # What comes late finds its id taken.
        return Look(Sight.ABSENT, f"{self._name} does not have it: it is made again.", final=True)

    def lane(self, alert: Alert) -> str | None:
        return ""

    def inspect(self) -> tuple[bool, str]:
        """Ask for the team; makes nothing."""
        try:
            reply = self._call(_TEAM, {"id": self._team})
        except BROKEN as error:
            return False, broken(error, f"{self._name} ({host_of(self._api)})").error
        name = _at(reply, "team", "name")
        if name is None:
            return False, self._refused(reply).error
        return True, f"the token sees the team {name}; nothing was made"

    def _change(self, what: str, query: str, variables: Mapping[str, Any]) -> SendResult:
        try:
            reply = self._call(query, variables)
        except BROKEN as error:
            return broken(error, f"{self._name} ({host_of(self._api)})")
        url = _at(reply, what, "issue", "url")
        if url:
            return SendResult(Fate.SENT, slack_ts=str(url))
        return self._refused(reply)

    def _refused(self, reply: Reply) -> SendResult:
        """Read GraphQL's errors, which come with status 200 and 400 alike."""
        told = reply.json
        errors = told.get("errors") if isinstance(told, dict) else None
        if not errors or reply.status >= 500:
            if reply.good:
                return SendResult(Fate.UNCLEAR, f"{self._name} answered, but not as Linear does.")
            return refused(reply, self._name, _MEND)
        extensions = errors[0].get("extensions") or {}
        code = str(extensions.get("code") or "")
        said = str(extensions.get("userPresentableMessage") or errors[0].get("message"))[:160]
        if code == "RATELIMITED":
            wait = reply.retry_after or 60.0
            return SendResult(
                Fate.RATE_LIMITED, f"{self._name} asked to wait {wait:g} s.", retry_after=wait
            )
        if code in ("AUTHENTICATION_ERROR", "FORBIDDEN") or reply.status in (401, 403):
            return SendResult(Fate.CHANNEL_DEAD, f"{self._name}: {said}: {_MEND}.")
        if code == "INTERNAL_SERVER_ERROR":
            return SendResult(Fate.UNCLEAR, f"{self._name}: {said}; it may have made the issue.")
        return SendResult(Fate.BAD_MESSAGE, f"{self._name} refused the issue ({said}).")

    def _call(self, query: str, variables: Mapping[str, Any]) -> Reply:
        body = {"query": query, "variables": variables}
        return call("POST", self._api, body=body, headers=self._headers, timeout=self._timeout)


def _at(reply: Reply, *path: str) -> Any:
    """Walk into `data`; None where the way ends."""
    told = reply.json
    value = told.get("data") if isinstance(told, dict) else None
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
