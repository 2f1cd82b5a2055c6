"""Runs with a live page, asked over HTTP."""

import socket
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch import Callback, LightningModule, Trainer
from PIL import Image
from torch import Tensor

from stylelightning import StyleTransferData
from stylelightning.callbacks import LiveView, ResultWriter, StepEndStop
from stylelightning.images import read_picture
from stylelightning.live.frame import Frames
from stylelightning.live.server import LiveServer
from tests.conftest import Run
from tests.live.requests import post_stop, request
from tests.runs import fit

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _every_step_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylelightning.callbacks.live_view.SHOWN_EVERY", 0.0)


class AtStep(Callback):
    """Does something after a step."""

    def __init__(self, step: int, what: Any) -> None:
        self.step, self.what = step, what

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if trainer.global_step == self.step:
            self.what(trainer)


class StopAtTwo(Callback):
    """Asks the page to stop the run in its second step."""

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        (live,) = [each for each in trainer.callbacks if isinstance(each, LiveView)]  # type: ignore[attr-defined]
        if trainer.global_step == 1:
            assert live.server is not None
            assert post_stop(live.server) == 204


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that somebody else has."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def server_of(live: LiveView) -> LiveServer:
    assert live.server is not None
    return live.server


def test_nothing_is_encoded_while_nobody_looks(tmp_path: Path, data: StyleTransferData) -> None:
    live = LiveView()
    fit(tmp_path, data, live)
    assert live.watch.view.frames.encoded == 0
    assert live.server is None  # closed


def test_the_state_says_where_the_run_is(tmp_path: Path, data: StyleTransferData) -> None:
    live, said = LiveView(), list[Any]()

    def ask(trainer: Trainer) -> None:
        said.append(yaml.safe_load(request(server_of(live), "/state.json")[1]))

    module = fit(tmp_path, data, live, AtStep(4, ask))
    (state,) = said
    assert (state["status"], state["mark"], state["points"]) == ("running", "running", [])
    assert state["title"] == str(tmp_path)
    run = state["run"]
    # two scales, 16 and 32 px, of 3 steps each; the content is 32 x 24
    expected = {"step": 4, "last_step": 6, "scale": 2, "scales": 2, "width": 32, "height": 24}
    assert {key: run[key] for key in expected} == expected
    assert run["ends"] == [3, 6]
    assert run["seconds_left"] > 0
    assert run["curve"].keys() == {"step", *module.losses, "total"}
    assert run["curve"]["step"][0] == 1


def test_the_time_left_is_by_what_steps_took_at_each_scale(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, left = [0.0], list[float | None]()

    class Slower(Callback):
        """Has a step take 1 s at the first scale and 10 s at the second."""

        def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
            now[0] += 1.0 if trainer.global_step < 3 else 10.0

    class Reader(Callback):
        def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
            assert live.watch.view.moment is not None
            left.append(live.watch.view.moment.seconds_left)

    live = LiveView()
    monkeypatch.setattr("stylelightning.callbacks.live_view.monotonic", lambda: now[0])
    fit(tmp_path, data, Slower(), live, Reader())
    # by hand: two scales of 3 steps, of 16 x 12 and of 32 x 24 px. The first step of each prepares
    # and is left out; until the second scale is known, its steps are those of 768 pixels
    # and 4096 beside the first's of 192 and 4096
    more = 4864 / 4288
    assert left == pytest.approx([None, 1 + 3 * more, 3 * more, 2 * more, 10, 0])


def test_the_last_picture_that_comes_is_the_finished_one(
    tmp_path: Path, data: StyleTransferData
) -> None:
    live, pictures, looks = LiveView(), dict[int, bytes](), threading.Event()

    def look(server: LiveServer) -> None:
        tag = ""
        while True:
            try:
                answer, picture = request(server, "/picture.png", headers={"If-None-Match": tag})
            except OSError:
                return
            if answer.status == 200:
                tag = str(answer.getheader("ETag"))
                pictures[int(str(answer.getheader("X-Step")))] = picture
                looks.set()

    looker: list[threading.Thread] = []

    def begin(trainer: Trainer) -> None:
        looker.append(threading.Thread(target=look, args=(server_of(live),)))
        looker[0].start()

    result = tmp_path / "result.png"
    writer = ResultWriter([str(result)])
    fit(tmp_path, data, writer, live, AtStep(1, begin), AtStep(2, lambda _: looks.wait(0.3)))
    looker[0].join()
    assert max(pictures) == 6
    shown = torch.tensor(list(Image.open(BytesIO(pictures[6])).tobytes())) / 255
    written = read_picture(result).pixels[0].permute(1, 2, 0).flatten()
    torch.testing.assert_close(shown, written)


def test_no_step_waits_for_a_picture_to_be_encoded(
    tmp_path: Path, data: StyleTransferData, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, encodes, go_on = LiveView(), threading.Event(), threading.Event()
    steps: list[bool] = []

    def slow(frames: Frames, pixels: Tensor, alpha: Tensor | None, step: int) -> None:
        encodes.set()
        assert go_on.wait(20)

    def look(trainer: Trainer) -> None:
        live.watch.view.frames._asked_at = float("inf")

    def note(trainer: Trainer) -> None:
        steps.append(encodes.wait(10) and not go_on.is_set())
        go_on.set()

    monkeypatch.setattr(Frames, "encode", slow)
    fit(tmp_path, data, live, AtStep(1, look), AtStep(6, note))
    assert steps == [True]  # the sixth step was done, and the picture after the second was not


def test_a_stop_of_the_page_ends_the_run_as_ctrl_c_does(run: Run, capsys: Capture) -> None:
    stopper = f"{StopAtTwo.__module__}.{StopAtTwo.__qualname__}"
    folder = run("--live", "--callbacks.stopper", stopper, code=130)
    out = capsys.readouterr().out
    assert "live at http://127.0.0.1:" in out
    assert "the live page asked for it: stopping after this step" in out
    assert (folder / "result.png").is_file()
    checkpoint = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 2
    assert yaml.safe_load((folder / "config.yaml").read_text())["live"] is None


def test_a_stop_of_the_page_ends_a_run_of_the_python_interface(
    tmp_path: Path, data: StyleTransferData
) -> None:
    live = LiveView()
    with pytest.raises(SystemExit):  # Lightning's, as on Ctrl-C
        fit(tmp_path, data, live, StopAtTwo(), StepEndStop())
    assert live.watch.view.status == "stopped"
    assert live.server is None


def test_a_run_that_fails_says_so(tmp_path: Path, data: StyleTransferData) -> None:
    live = LiveView()

    def fail(trainer: Trainer) -> None:
        raise RuntimeError("of the test's own")

    with pytest.raises(RuntimeError, match="of the test's own"):
        fit(tmp_path, data, live, AtStep(2, fail))
    assert live.watch.view.status == "failed"
    assert live.server is None


def test_a_port_that_is_taken_is_one_line_before_the_run(
    run: Run, capsys: Capture, tmp_path: Path, taken: int
) -> None:
    run("--live", str(taken), code=2)
    error = capsys.readouterr().err
    assert error.startswith(f"error: The live view can't open port {taken} of 127.0.0.1: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_machine_without_loopback_is_one_line_before_the_run(
    run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stylelightning.live.server.LOOPBACK", "192.0.2.1")  # nobody's, RFC 5737
    run("--live", code=2)
    error = capsys.readouterr().err
    assert error.startswith("error: The live view can't open port 0 of 192.0.2.1: ")
    assert error.count("\n") == 1


def test_a_run_has_one_page(run: Run, capsys: Capture) -> None:
    run("--live", "--callbacks.page", "LiveView", code=2)
    assert "A run has one live page, got 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"port": 65536}, "`port` of LiveView must be a port from 1 to 65535, or 0 for a free one"),
        ({"longest_side": 0}, "`longest_side` of LiveView must be at least 1 pixel, got 0"),
    ],
)
def test_bad_options_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LiveView(**options)


def test_the_same_picture_is_made_with_a_page(tmp_path: Path, data: StyleTransferData) -> None:
    live = LiveView()

    def look(trainer: Trainer) -> None:
        live.watch.view.frames._asked_at = float("inf")

    torch.manual_seed(0)
    shown = fit(tmp_path / "a", data, live, AtStep(1, look)).canvas.picture
    assert live.watch.view.frames.encoded == 2  # after the second step and at the end
    torch.manual_seed(0)
    assert fit(tmp_path / "b", data).canvas.picture.equal(shown)
