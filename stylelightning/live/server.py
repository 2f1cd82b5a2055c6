"""The server of the live view: this machine's own browsers, one page, nothing else."""

import hmac
import json
import logging
import re
import secrets
import socketserver
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stylelightning.live.view import View

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
LARGEST_PORT = 65535
LONGEST_BODY = 1024
"""Bytes of a request's body, at most."""
PATIENCE = 10.0
"""Seconds for which a request may be on its way in."""
CLOSES_WITHIN = 0.05
"""Seconds that closing takes, at most."""
PAGE = "page.html"
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer."""


@dataclass(frozen=True)
class Answer:
    """What a request gets.

    Args:
        status: HTTP status.
        kind: Type of the body.
        body: The body.
        headers: Headers beside those of every answer.
    """

    status: HTTPStatus
    kind: str = "text/plain"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def check_port(option: str, port: int) -> None:
    """Refuse a number that is no port's.

    Args:
        option: What a message calls the option that it is given for.
        port: The number; 0 is a free one.

    Raises:
        ValueError: If it is out of range.
    """
    if not 0 <= port <= LARGEST_PORT:
        raise ValueError(
            f"{option} must be a port from 1 to {LARGEST_PORT}, or 0 for a free one, got {port}."
        )


class LiveServer:
    """Answers this machine's browsers from threads of its own until it is closed.

    Args:
        view: What is shown.
        port: Port on 127.0.0.1; 0 for a free one.

    Raises:
        OSError: If the port is taken or may not be opened.
    """

    def __init__(self, view: View, port: int = 0) -> None:
        try:
            self._listener = _Listener(view, port)
        except OSError as error:
            raise type(error)(
                error.errno,
                f"The live view can't open port {port} of {LOOPBACK}: {error.strerror}. Give "
                "another one, or none for a free one.",
            ) from error
        self.port = self._listener.port
        self.address = f"http://{LOOPBACK}:{self.port}/"
        self._thread = threading.Thread(
            target=self._listener.serve_forever,
            args=(CLOSES_WITHIN,),
            name="stylelightning-live",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Take no more requests; those under way are answered, and nobody waits for them."""
        self._listener.shutdown()
        self._listener.server_close()


class _Listener(socketserver.ThreadingTCPServer):
    """Accepts connections; unlike ``http.server``'s it asks no name server for its own name."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = sys.platform != "win32"  # there it lets two listen at one port

    def __init__(self, view: View, port: int) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.view = view
        self.port: int = self.server_address[1]
        self.token = secrets.token_urlsafe(32)
        self.hosts = {f"{LOOPBACK}:{self.port}", f"localhost:{self.port}"}
        self.files = _files(self.token)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a browser go that went away, and say what else went wrong."""
        error = sys.exception()
        if not isinstance(error, OSError):
            log.warning("The live page got no answer: %s: %s", type(error).__name__, error)


def _files(token: str) -> dict[str, Answer]:
    """Return the files of the page by path; the page itself holds the token."""
    files = {}
    for file in (resources.files("stylelightning.live") / "page").iterdir():
        kind = f"{TYPES[file.name.rpartition('.')[2]]}; charset=utf-8"
        text = file.read_text(encoding="utf-8").replace("{{token}}", token)
        files[f"/{file.name}"] = Answer(HTTPStatus.OK, kind, text.encode())
    return {**files, "/": files[f"/{PAGE}"]}


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Listener
    server_version, sys_version = "stylelightning", ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        """Answer a request."""
        self._send(self._answer())

    def do_POST(self) -> None:
        """Answer a request."""
        self._send(self._answer())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request of another method, or one that is none."""
        other = code == HTTPStatus.NOT_IMPLEMENTED
        self._send(self._answer() if other else _refusal(HTTPStatus(code)))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _answer(self) -> Answer:
        # a page elsewhere may have had its own name point here: its requests bear that name
        if not self._only("Host", self.server.hosts):
            return _refusal(HTTPStatus.FORBIDDEN)
        url = urlsplit(self.path)
        if self.command == "POST" and url.path == "/stop":
            return self._stop()
        if self.command != "GET":
            return _refusal(HTTPStatus.METHOD_NOT_ALLOWED)
        query = parse_qs(url.query)
        if url.path == "/state.json":
            state = self.server.view.state(query.get("seen", [""])[0])
            return Answer(HTTPStatus.OK, "application/json", json.dumps(state).encode())
        if url.path == "/picture.png":
            point = query.get("point", ["0"])[0]
            return self._picture(int(point) if re.fullmatch(r"[0-9]{1,9}", point) else 0)
        return self.server.files.get(url.path, _refusal(HTTPStatus.NOT_FOUND))

    def _picture(self, point: int) -> Answer:
        seen = self.headers.get("If-None-Match", "").strip('"')
        frame = self.server.view.picture(point, seen)
        if frame is None:
            return Answer(HTTPStatus.NO_CONTENT)
        headers = (("ETag", f'"{frame.tag}"'), ("X-Step", str(frame.step)))
        if frame.tag == seen:
            return Answer(HTTPStatus.NOT_MODIFIED, headers=headers)
        return Answer(HTTPStatus.OK, "image/png", frame.data, headers)

    def _stop(self) -> Answer:
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]{1,9}", length):
            return _refusal(HTTPStatus.LENGTH_REQUIRED)
        if int(length) > LONGEST_BODY:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        given = self.rfile.read(int(length))
        own = self._only("Origin", {f"http://{host}" for host in self.server.hosts})
        if not own or not hmac.compare_digest(given, self.server.token.encode()):
            return _refusal(HTTPStatus.FORBIDDEN)
        self.server.view.stop()
        return Answer(HTTPStatus.NO_CONTENT)

    def _only(self, header: str, allowed: set[str]) -> bool:
        """Return whether a header is there once and has one of the allowed values."""
        given = self.headers.get_all(header, [])
        return len(given) == 1 and given[0] in allowed

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in (*HEADERS.items(), *answer.headers):
            self.send_header(name, value)
        if answer.body:
            self.send_header("Content-Type", answer.kind)
        if answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


def _refusal(status: HTTPStatus) -> Answer:
    allow = (("Allow", "GET"),) if status == HTTPStatus.METHOD_NOT_ALLOWED else ()
    return Answer(status, "text/plain; charset=utf-8", f"{status.phrase}\n".encode(), allow)
