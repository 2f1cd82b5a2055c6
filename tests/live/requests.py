"""Requests to a live page, byte for byte."""

import re
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPResponse

from stylelightning.live.server import LiveServer


def request(
    server: LiveServer,
    path: str = "/",
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    host: str | None = None,
) -> tuple[HTTPResponse, bytes]:
    """Return the answer to a request and its body; the host is the right one unless given."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", f"127.0.0.1:{server.port}" if host is None else host)
    given = dict(headers or {})
    if body is not None:
        given.setdefault("Content-Length", str(len(body)))
    for name, value in given.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer, text


def token(server: LiveServer) -> bytes:
    """Return the token in the page."""
    found = re.search(rb'name="stop-token" content="([^"]+)"', request(server)[1])
    assert found
    return found[1]


def post_stop(server: LiveServer) -> int:
    """Ask for the stop as the page does."""
    headers = {"Origin": f"http://127.0.0.1:{server.port}"}
    return request(server, "/stop", "POST", headers, token(server))[0].status
