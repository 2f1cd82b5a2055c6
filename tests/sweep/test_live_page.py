"""A sweep with a live page, asked over HTTP."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stylelightning.images import write_picture
from stylelightning.live.server import LiveServer
from stylelightning.sweep import live_page
from stylelightning.sweep.live_page import SweepView
from stylelightning.sweep.points import Point
from stylelightning.sweep.progress import Progress
from stylelightning.sweep.records import Record
from stylelightning.sweep.state import write_state
from stylelightning.sweep.sweep_folder import SweepFolder
from tests.conftest import smooth_picture
from tests.live.requests import post_stop, request
from tests.sweep.conftest import Sweep, rows

Capture = pytest.CaptureFixture[str]
MANY: dict[str, Any] = {"axes": {"model.init": ["noise", "gray", "content"]}}
LONG = ("--model.schedule.steps", "2000")


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> list[LiveServer]:
    """Return the servers that sweeps open."""
    opened: list[LiveServer] = []

    class Noted(LiveServer):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            opened.append(self)

    monkeypatch.setattr(live_page, "LiveServer", Noted)
    return opened


@pytest.fixture
def stop_when(servers: list[LiveServer]) -> Iterator[Callable[..., list[Any]]]:
    """Have a thread press the page's button when its state is as wanted; return the states."""
    states: list[Any] = []
    threads: list[threading.Thread] = []

    def begin(wanted: Callable[[Any], bool]) -> list[Any]:
        def watch() -> None:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                time.sleep(0.02)
                if servers:
                    states.append(json.loads(request(servers[0], "/state.json")[1]))
                    if wanted(states[-1]):
                        post_stop(servers[0])
                        return

        threads.append(threading.Thread(target=watch))
        threads[0].start()
        return states

    yield begin
    threads[0].join()


def statuses(state: Any) -> list[str]:
    return [point["status"] for point in state["points"]]


def test_a_run_in_this_process_is_shown_as_it_goes_and_stopped(
    sweep: Sweep, stop_when: Callable[..., list[Any]], capsys: Capture
) -> None:
    def wanted(state: Any) -> bool:
        return state["run"] is not None and state["run"].get("step", 0) > 1

    states = stop_when(wanted)
    folder = sweep("--live", *LONG, code=130, **MANY)
    assert [row["status"] for row in rows(folder)] == ["stopped", "waiting", "waiting"]
    assert statuses(states[-1]) == ["running", "waiting", "waiting"]
    assert (states[-1]["newest"], states[-1]["run"]["last_step"]) == (0, 4000)
    assert states[-1]["run"]["curve"]["total"]
    out = capsys.readouterr().out
    assert "live at http://127.0.0.1:" in out
    assert "the live page asked for it: stopping after the present steps" in out
    assert "stopped: the same command goes on where it was" in out


def test_runs_in_other_processes_are_shown_by_what_they_wrote_and_stopped(
    sweep: Sweep, stop_when: Callable[..., list[Any]]
) -> None:
    states = stop_when(lambda state: statuses(state).count("running") == 2)
    folder = sweep("--live", "--engine.workers", "2", *LONG, code=130, **MANY)
    assert statuses(states[-1]) == ["running", "running", "waiting"]
    assert (states[-1]["newest"], states[-1]["run"]) == (0, None)
    assert {row["status"] for row in rows(folder)} == {"stopped", "waiting"}


def test_a_port_that_is_taken_is_one_line_before_the_first_run(
    sweep: Sweep, capsys: Capture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        folder = sweep("--live", str(port), code=2, **MANY)
    error = capsys.readouterr().err
    assert error.startswith(f"error: The live view can't open port {port} of 127.0.0.1: ")
    assert error.count("\n") == 1
    assert not list(folder.glob("*/*"))


def test_a_page_for_every_run_is_refused(sweep: Sweep, capsys: Capture) -> None:
    sweep(code=2, axes={"live": [0]})
    assert "`live` of the config, 0, would open a page for every run" in capsys.readouterr().err


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    """A sweep of three points: one done, two to come."""
    folder = SweepFolder(tmp_path)
    points = [Point(name, {"point": name}, {}) for name in ("a", "b", "c")]
    done = Record("a", {"point": "a"}, "done", 9, folder="a/version_0", terms={"total": 2.5})
    write_picture(folder.run("a/version_0").result, smooth_picture(8, 8, 1))
    progress = Progress(points, {"a": done}, folder)
    progress.begin(1, 2)
    return progress


def test_the_pictures_of_points_are_those_on_disk(progress: Progress) -> None:
    view, folder = SweepView(progress), progress.folder
    frame = view.picture(0, "")
    assert frame is not None
    assert frame.data == folder.run("a/version_0").result.read_bytes()
    assert frame.step == 9
    for step in (2, 10):
        write_picture(folder.run("b/version_0").snapshot(step), smooth_picture(8, 8, step))
    frame = view.picture(1, "")
    assert frame is not None
    assert frame.data == folder.run("b/version_0").snapshot(10).read_bytes()
    assert frame.step == 10
    view.end()  # nobody waits any more
    assert view.picture(2, "") is None
    assert view.picture(3, "") is None


def test_a_point_runs_when_this_sweep_has_begun_it(progress: Progress) -> None:
    write_state(progress.folder, Record("c", {"point": "c"}), "of an earlier sweep")
    time.sleep(0.02)  # longer than a tick of the file system's clock
    view = SweepView(progress)
    time.sleep(0.02)
    write_state(progress.folder, Record("b", {"point": "b"}), "of this one")
    state = view.state("")
    assert [(each["name"], each["status"], each["total"]) for each in state["points"]] == [
        ("a", "done", 2.5),
        ("b", "running", None),
        ("c", "waiting", None),
    ]
    assert state["newest"] == 1


def test_a_sweep_with_points_left_was_stopped(progress: Progress) -> None:
    view = SweepView(progress)
    view.end()
    assert view.state("")["status"] == "stopped"
    for name in ("b", "c"):
        progress.known[name] = Record(name, {"point": name}, "failed")
    view.end()
    state = view.state("")
    assert (state["status"], state["seconds_left"]) == ("done", None)
    assert state["result"] == str(progress.folder.report)
