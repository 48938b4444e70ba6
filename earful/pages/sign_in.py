"""Signing in and out, and the page on which an admin reads the audit."""

from __future__ import annotations

from typing import Any

from datasette import Forbidden, Response
from datasette.app import Datasette

from earful.pages.access import Role, role_of, visitor_of
from earful.pages.gate import SESSION, Gate
from earful.pages.guard import COOKIE, GATE_KEY, SIGN_IN, is_local, session_cookie

ROUTES_OUT, ROUTE_AUDIT = "/-/sign-out", "/-/audit"
_ENTRIES = 500


def routes() -> list[tuple[str, Any]]:
    """Give Datasette our pages."""
    return [
        (rf"^{SIGN_IN}$", _sign_in),
        (rf"^{ROUTES_OUT}$", _sign_out),
        (rf"^{ROUTE_AUDIT}$", _audit),
    ]


async def _sign_in(datasette: Datasette, request: Any) -> Response:
    gate = _gate(request)
    wanted = request.args.get("next") or "/"
    back = wanted if is_local(wanted) else "/"
    if not gate.asks or visitor_of(request) is not None:
        return Response.redirect(back)
    if request.method != "POST":
        return await _form(datasette, request, back)
    form = await request.post_vars()
    name = form.get("name", "").strip()
    client = request.scope.get("client") or ("unknown",)
    tried = await gate.sign_in(name, form.get("password", ""), str(client[0]))
    if tried.cookie is None:
        answer = await _form(datasette, request, back, name=name, refusal=tried.refusal)
        answer.status = 429 if tried.wait_s else 401
        if tried.wait_s:
            answer.headers["retry-after"] = str(tried.wait_s)
        return answer
    answer = Response.redirect(back, status=303)
    answer.set_cookie(
        COOKIE,
        tried.cookie,
        max_age=int(SESSION.total_seconds()),
        httponly=True,
        samesite="lax",
    )
    return answer


async def _form(
    datasette: Datasette, request: Any, back: str, *, name: str = "", refusal: str = ""
) -> Response:
    page = await datasette.render_template(
        "sign_in.html", {"next": back, "name": name, "refusal": refusal}, request=request
    )
    return Response.html(page)


async def _sign_out(request: Any) -> Response:
    visitor = visitor_of(request)
    cookie = session_cookie(visitor, request.headers.get("cookie", ""))
    if request.method != "POST":
        return Response.redirect("/")
    if visitor is not None and cookie is not None:
        await _gate(request).sign_out(cookie, visitor)
    answer = Response.redirect(SIGN_IN, status=303)
    answer.set_cookie(COOKIE, "", max_age=0, httponly=True, samesite="lax")
    return answer


async def _audit(datasette: Datasette, request: Any) -> Response:
    role = role_of(request)
    if role is None or role < Role.ADMIN:
        raise Forbidden("Only an admin may read who did what: sign in as one.")
    entries = await _gate(request).entries(_ENTRIES)
    page = await datasette.render_template("audit.html", {"entries": entries}, request=request)
    return Response.html(page)


def _gate(request: Any) -> Gate:
    gate: Gate = request.scope[GATE_KEY]
    return gate
