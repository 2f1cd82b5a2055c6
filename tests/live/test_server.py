"""Who is answered, and what."""

import json
import re
import socket
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from stylelightning.live.frame import Frame
from stylelightning.live.server import LiveServer
from stylelightning.live.view import View
from tests.live.requests import post_stop, request, token


class Still(View):
    """A view with one picture."""

    def __init__(self) -> None:
        self.stops = 0
        self.asked: list[tuple[int, str]] = []

    def state(self, seen: str) -> dict[str, Any]:
        return {"mark": "running", "seen": seen}

    def picture(self, point: int, seen: str) -> Frame | None:
        self.asked.append((point, seen))
        return Frame("7", 3, b"a picture") if point == 0 else None

    def stop(self) -> None:
        self.stops += 1


@pytest.fixture
def view() -> Still:
    return Still()


@pytest.fixture
def server(view: Still) -> Iterator[LiveServer]:
    server = LiveServer(view)
    yield server
    server.close()


def test_only_the_loopback_address_is_listened_at(server: LiveServer) -> None:
    # the kernel's own table: address and port in hexadecimal, 0A is a socket that listens
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]
    ]
    port = f":{server.port:04X}"
    listens = [line[1] for line in lines if line[3] == "0A" and line[1].endswith(port)]
    assert listens == [f"0100007F{port}"]


@pytest.mark.parametrize("path", ["/", "/state.json", "/picture.png", "/main.js", "/nothing"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("host", ["evil.example:{}", "127.0.0.1", "localhost:1", "[::1]:{}", ""])
def test_another_host_is_refused(server: LiveServer, path: str, method: str, host: str) -> None:
    answer, text = request(server, path, method, host=host.format(server.port))
    assert (answer.status, text) == (403, b"Forbidden\n")


def test_two_hosts_are_refused(server: LiveServer) -> None:
    own = f"127.0.0.1:{server.port}"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {own}\r\nHost: evil\r\n\r\n".encode())
        assert connection.recv(99).startswith(b"HTTP/1.0 403 ")


def test_this_machine_is_answered_by_both_of_its_names(server: LiveServer) -> None:
    for host in ("127.0.0.1", "localhost"):
        answer, text = request(server, host=f"{host}:{server.port}")
        assert answer.status == 200
        assert b"<!doctype html>" in text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{}"},
        {"Origin": "http://127.0.0.1"},
    ],
    ids=["none", "foreign", "null", "other scheme", "other port"],
)
def test_a_stop_from_another_origin_is_refused(
    server: LiveServer, view: Still, headers: dict[str, str]
) -> None:
    given = {name: value.format(server.port) for name, value in headers.items()}
    assert request(server, "/stop", "POST", given, token(server))[0].status == 403
    assert view.stops == 0


@pytest.mark.parametrize("body", [b"", b"wrong", "tök".encode()])
def test_a_stop_without_the_token_is_refused(server: LiveServer, view: Still, body: bytes) -> None:
    headers = {"Origin": f"http://127.0.0.1:{server.port}"}
    assert request(server, "/stop", "POST", headers, body)[0].status == 403
    assert view.stops == 0


def test_a_stop_with_origin_and_token_is_handed_on(server: LiveServer, view: Still) -> None:
    assert post_stop(server) == 204
    assert view.stops == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": "1025"}, 413),
        ({"Content-Length": "99999999999"}, 411),
        ({"Content-Length": "-1"}, 411),
        ({}, 411),
        ({"Content-Length": "3", "Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_a_body_without_a_small_length_is_not_read(
    server: LiveServer, view: Still, headers: dict[str, str], status: int
) -> None:
    given = {"Origin": f"http://127.0.0.1:{server.port}", **headers}
    assert request(server, "/stop", "POST", given)[0].status == status
    assert view.stops == 0


@pytest.mark.parametrize(
    "method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "MADE_UP"]
)
def test_other_methods_are_refused(server: LiveServer, method: str) -> None:
    answer, _ = request(server, "/", method)
    assert (answer.status, answer.getheader("Allow")) == (405, "GET")


@pytest.mark.parametrize(
    "path", ["/page", "/page/", "/../server.py", "/%2e%2e/server.py", "/stop", "/.", "//"]
)
def test_there_is_nothing_else(server: LiveServer, path: str) -> None:
    assert request(server, path)[0].status == (200 if path == "//" else 404)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/main.js", 200), ("/state.json", 200), ("/picture.png", 200), ("/no", 404)],
)
def test_every_answer_says_what_a_browser_may_do(
    server: LiveServer, path: str, status: int
) -> None:
    answer, _ = request(server, path)
    assert answer.status == status
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Referrer-Policy") == "no-referrer"
    assert answer.getheader("Cache-Control") == "no-store"
    policy = str(answer.getheader("Content-Security-Policy"))
    assert policy.startswith("default-src 'self'; ")
    assert "unsafe" not in policy
    assert answer.getheader("Access-Control-Allow-Origin") is None
    assert "Python" not in str(answer.getheader("Server"))


def test_the_page_asks_no_other_server_for_anything() -> None:
    for file in (resources.files("stylelightning.live") / "page").iterdir():
        addresses = re.findall(r"(?:https?:)?//[\w.]+\.\w+[^\"' ]*", file.read_text())
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}  # a name, not an address


def test_the_state_is_json(server: LiveServer) -> None:
    answer, text = request(server, "/state.json?seen=a%20b")
    assert answer.getheader("Content-Type") == "application/json"
    assert json.loads(text) == {"mark": "running", "seen": "a b"}


def test_a_picture_that_was_seen_is_not_sent_again(server: LiveServer, view: Still) -> None:
    answer, text = request(server, "/picture.png?point=0")
    assert (answer.getheader("ETag"), answer.getheader("X-Step"), text) == (
        '"7"',
        "3",
        b"a picture",
    )
    answer, text = request(server, "/picture.png", headers={"If-None-Match": '"7"'})
    assert (answer.status, text) == (304, b"")
    assert request(server, "/picture.png?point=1")[0].status == 204
    assert request(server, "/picture.png?point=../1")[0].status == 200
    assert view.asked == [(0, ""), (0, "7"), (1, ""), (0, "")]


def test_two_servers_have_tokens_of_their_own(server: LiveServer, view: Still) -> None:
    other = LiveServer(view)
    assert token(other) != token(server)
    other.close()


def test_a_client_that_says_nothing_does_not_hold_the_end_up(view: Still) -> None:
    server = LiveServer(view)
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        silent.sendall(b"GET /")
        assert request(server, "/main.js")[0].status == 200  # nor the others
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < 2  # it may be silent for 10 s
        LiveServer(view, server.port).close()  # the port is free again


def test_a_port_that_is_taken_is_said(server: LiveServer, view: Still) -> None:
    with pytest.raises(OSError, match=f"can't open port {server.port} of 127.0.0.1: Address alr"):
        LiveServer(view, server.port)
