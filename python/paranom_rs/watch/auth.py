"""Who may see the page, and who may give verdicts."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from paranom_rs._internal.optional import needs
from paranom_rs.errors import SpecError

with needs("Starlette", "watch", "paranom_rs.watch.app"):
    from starlette.datastructures import Headers
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import JSONResponse, RedirectResponse, Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["LOCAL", "Access", "Guard", "Visitor"]

#: Names of this machine, as it calls itself.
LOCAL = ("localhost", "127.0.0.1", "::1")
#: Bytes of a request's body, and seconds until it is there.
_LARGEST_BODY, _PATIENCE = 1 << 16, 10.0
_COOKIE = "paranom_token"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: an ``"operator"`` may give verdicts, a ``"viewer"`` may look."""

    role: Literal["operator", "viewer"]
    who: str
    by_cookie: bool


@dataclass(frozen=True)
class Access:
    """Who gets in.

    Parameters
    ----------
    token
        Whoever has it is an operator. Without tokens and header, requests to this machine's own names are let in.
    viewer_token
        Whoever has it may look.
    user_header
        A header in which a reverse proxy names the person, an operator. Only the proxy may reach the server then: the
        header is believed.

    Examples
    --------
    >>> from paranom_rs.watch.auth import Access
    >>> Access().is_open, Access(token="at least sixteen characters").is_open
    (True, False)
    """

    token: str | None = None
    viewer_token: str | None = None
    user_header: str | None = None
    #: What a page must send with each verdict: only a page from here can know it.
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def __post_init__(self) -> None:
        for name in ("token", "viewer_token"):
            given = getattr(self, name)
            if given is not None and (len(given) < 16 or not given.isascii() or not given.isprintable()):
                raise SpecError(name, "must have at least 16 printable ASCII characters", f"{len(given)}")
        if self.token is not None and self.token == self.viewer_token:
            raise SpecError("viewer_token", "must differ from token")

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who they are."""
        return self.token is None and self.viewer_token is None and self.user_header is None

    def visitor(self, headers: Headers, token: str | None, *, by_cookie: bool) -> Visitor | None:
        """Return who asks, from a token or from the proxy's header; None: nobody who is known."""
        if self.is_open:
            return Visitor("operator", "", True)
        if self.user_header is not None and (who := headers.get(self.user_header)):
            return Visitor("operator", who, True)
        if token is not None and _equal(token, self.token):
            return Visitor("operator", "", by_cookie)
        if token is not None and _equal(token, self.viewer_token):
            return Visitor("viewer", "", by_cookie)
        return None


class Guard:
    """Lets in who belongs: host, token, origin, size of bodies; adds headers that keep browsers strict.

    ``request.scope["visitor"]`` is the `Visitor`. What is below ``open_paths`` needs none.
    """

    def __init__(self, app: ASGIApp, access: Access, open_paths: frozenset[str]) -> None:
        self.app, self.access, self.open_paths = app, access, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        request = Request(scope, receive)
        answer = self._check(request)
        if answer is None and request.method == "POST":
            try:
                body = await asyncio.wait_for(_body(request), _PATIENCE)
            except TimeoutError:
                answer = _refusal(408, "the body takes too long")
            except ClientDisconnect:
                return
            else:
                answer = _refusal(413, "the body is too large") if body is None else None
                receive = receive if body is None else _again(body)
        await (self.app if answer is None else answer)(scope, receive, send_strictly)

    def _check(self, request: Request) -> Response | None:
        """Return why a request is refused, or None; note who asks."""
        headers = request.headers
        host = urlsplit(f"//{headers.get('host', '')}").hostname
        if self.access.is_open and host not in LOCAL:
            # A page of elsewhere whose name was made to point here (DNS rebinding) does not get in.
            return _refusal(421, "this address is not served without a token")
        if request.scope["path"] in self.open_paths:
            return None
        given = request.query_params.get("token")
        if given is not None and request.method == "GET" and not self.access.is_open:
            return self._sign_in(request, given)
        bearer = headers.get("authorization", "")
        by_cookie = not bearer.startswith("Bearer ")
        token = request.cookies.get(_COOKIE) if by_cookie else bearer.removeprefix("Bearer ")
        visitor = self.access.visitor(headers, token, by_cookie=by_cookie)
        if visitor is None:
            return _refusal(401, "a token is needed: open the address with ?token=...")
        request.scope["visitor"] = visitor
        if request.method in ("GET", "HEAD"):
            return None
        if visitor.role != "operator":
            return _refusal(403, "viewers cannot change anything")
        return self._check_origin(request) if visitor.by_cookie else None

    def _check_origin(self, request: Request) -> Response | None:
        headers = request.headers
        origin = headers.get("origin")
        if origin is None or urlsplit(origin).netloc != headers.get("host"):
            return _refusal(403, "the request comes from another site")
        if not _equal(headers.get("x-csrf-token", ""), self.access.csrf):
            return _refusal(403, "the page is from before a restart: load it again")
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _refusal(415, "the body must be JSON")
        return None

    def _sign_in(self, request: Request, token: str) -> Response:
        """Keep a token that came in the address in a cookie, and take it out of the address."""
        if self.access.visitor(Headers(), token, by_cookie=True) is None:
            return _refusal(401, "the token is wrong")
        answer = RedirectResponse(request.scope.get("root_path", "") + "/", status_code=303)
        secure = request.url.scheme == "https"
        answer.set_cookie(_COOKIE, token, httponly=True, samesite="strict", secure=secure, max_age=30 * 86_400)
        return answer


def _equal(given: str, wanted: str | None) -> bool:
    """Compare in a time that does not depend on where two texts differ, nor on their lengths."""
    if wanted is None:
        return False
    a, b = (hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest() for text in (given, wanted))
    return hmac.compare_digest(a, b)


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)


async def _body(request: Request) -> bytes | None:
    """Return the body, or None if it is too large; what is too large is not read to its end."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            return None
    return body


def _again(body: bytes) -> Receive:
    messages: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive
