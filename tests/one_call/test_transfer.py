"""A picture by one call: what it takes, what it returns, what it leaves as it was."""

import logging
import os
import random
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonargparse._loaders_dumpers as loaders_dumpers
import jsonargparse._typehints as typehints
import numpy as np
import pytest
import torch
from lightning.pytorch import Callback, Trainer
from PIL import Image
from torch import Tensor

from stylelightning import StyledPicture, TransferError, transfer
from stylelightning.__main__ import main
from stylelightning.data import StyleImage
from stylelightning.images import read_config, read_picture
from stylelightning.losses import Loss, References
from tests.conftest import ROOT, TINY, Run


def made(content: Any, style: Any, **options: Any) -> StyledPicture:
    return transfer(content, style, **{"preset": TINY, "quiet": True, **options})


def test_it_makes_the_picture_that_fit_makes(content: Path, style: Path, run: Run) -> None:
    folder = run("--seed_everything", "4", "--model.losses.style.weight", "300")
    picture = made(str(content), style, seed=4, options={"model.losses.style.weight": 300})
    expected = read_picture(folder / "result.png").pixels[0]
    assert torch.equal((picture.tensor * 255).round() / 255, expected)


def test_a_strength_weighs_the_content(content: Path, style: Path) -> None:
    # the config's weight is 100, and at 0 it counts eight times as much, at 1 an eighth
    for strength, weight in ((None, 100.0), (0, 800.0), (0.5, 100.0), (1, 12.5)):
        losses = made(content, style, strength=strength).config["model"]["losses"]
        assert losses["content"]["init_args"]["weight"] == weight
        assert losses["style"]["init_args"]["weight"] == 1000.0
    options = {"model.losses.content.weight": 7}
    losses = made(content, style, strength=1, options=options).config["model"]["losses"]
    assert losses["content"]["init_args"]["weight"] == 7


def as_tensor(path: Path) -> Tensor:
    return read_picture(path).pixels


def as_array(path: Path) -> Any:
    return np.asarray(Image.open(path))


@pytest.mark.parametrize(
    "kind",
    [
        str,
        Image.open,
        as_tensor,
        lambda path: as_tensor(path)[0],
        as_array,
        lambda path: as_array(path) / 255,
        lambda path: (as_array(path) / 255).astype(np.float16).astype(np.float32),
    ],
    ids=["text", "pillow", "tensor", "3 dims", "bytes", "floats", "half"],
)
def test_every_kind_of_picture_is_taken(
    content: Path, style: Path, kind: Callable[[Path], Any]
) -> None:
    expected = made(content, style).tensor
    for each in (made(kind(content), style), made(content, kind(style))):
        # half floats have 11 bits; the others are the same picture
        torch.testing.assert_close(each.tensor, expected, atol=0.01, rtol=0)


def test_several_styles_of_several_kinds_are_blended(content: Path, style: Path) -> None:
    styles = [style, StyleImage(as_array(content), weight=3.0)]
    picture = made(content, styles)
    given = picture.config["data"]["style"]
    assert [each["weight"] for each in given] == [1.0, 3.0]
    assert given[0]["path"] == str(style)
    assert given[1]["path"] == "<picture of shape (3, 24, 32) in memory>"
    assert not torch.equal(picture.tensor, made(content, style).tensor)


def test_the_result_is_a_picture_with_its_losses(content: Path, style: Path) -> None:
    picture = made(content, style, size=24)
    assert (picture.tensor.shape, picture.tensor.dtype) == ((3, 18, 24), torch.float32)
    assert picture.tensor.min() >= 0
    assert picture.tensor.max() <= 1
    assert (picture.pil.mode, picture.pil.size) == ("RGB", (24, 18))
    assert (picture.finished, picture.folder, picture.alpha) == (True, None, None)
    assert set(picture.losses) == {"content", "style", "tv", "total"}
    terms = [picture.losses[name] for name in ("content", "style", "tv")]
    assert sum(terms) == pytest.approx(picture.losses["total"])
    assert {len(values) for values in picture.history.values()} == {picture.steps}
    assert picture.history["total"][-1] == picture.losses["total"]
    assert repr(picture).startswith("<StyledPicture of 24x18 px after 3 steps, total ")
    assert picture._repr_png_()[:4] == b"\x89PNG"


def test_the_content_images_opacity_is_kept(content: Path, style: Path) -> None:
    opaque = Image.open(content)
    opaque.putalpha(128)
    picture = made(opaque, style)
    assert picture.pil.mode == "RGBA"
    assert picture.alpha is not None
    assert picture.alpha.shape == (1, 24, 32)


def test_a_saved_picture_makes_itself_again(tmp_path: Path, content: Path, style: Path) -> None:
    path, again = tmp_path / "one.png", tmp_path / "two.png"
    made(content, style, options={"model.losses.tv.weight": 5}).save(path)
    given = ["--trainer.default_root_dir", str(tmp_path / "runs"), "--output", str(again)]
    assert main(["fit", "--config", str(path), *given]) == 0
    assert torch.equal(read_picture(path).pixels, read_picture(again).pixels)


def test_a_config_does_not_say_where_a_run_was_shown(content: Path, style: Path) -> None:
    config = made(content, style, options={"live": 0, "preview": True}).config
    assert (config["live"], config["preview"]) == (None, None)


def test_a_saved_picture_keeps_which_style_paints_which_region(
    tmp_path: Path, content: Path, style: Path
) -> None:
    labels = Image.new("RGB", (32, 24), "blue")
    labels.paste("yellow", (16, 0, 32, 24))
    labels.save(tmp_path / "labels.png")
    mask = str(tmp_path / "labels.png")
    styles = [
        StyleImage(str(style), regions=["blue"]),
        StyleImage(str(content), mask=mask, regions=["yellow"]),
    ]
    picture = made(content, styles, options={"data.content_masks": mask})
    picture.save(tmp_path / "first.png")
    kept = [(each["mask"], each["regions"]) for each in picture.config["data"]["style"]]
    assert kept == [(None, ["blue"]), (mask, ["yellow"])]
    again = transfer(content, styles, preset=tmp_path / "first.png", quiet=True)
    assert torch.equal(again.tensor, picture.tensor)


def test_masks_may_be_paths(tmp_path: Path, content: Path, style: Path) -> None:
    left = Image.new("L", (32, 24))
    left.paste(255, (0, 0, 16, 24))
    path = tmp_path / "left.png"
    left.save(path)
    pictures = []
    for kind in (str, Path):
        masks: Any = {"left": kind(path)}  # annotated as texts, as a config has them
        styles = [StyleImage(content, mask=masks), StyleImage(style, regions=["rest"])]
        pictures.append(made(content, styles, options={"data.content_masks": masks}))
    assert torch.equal(pictures[0].tensor, pictures[1].tensor)
    assert pictures[1].config["data"]["style"][0]["mask"] == {"left": str(path)}
    assert pictures[1].config["data"]["content_masks"] == {"left": str(path)}


def test_a_saved_picture_says_what_was_in_memory(
    tmp_path: Path, content: Path, style: Path
) -> None:
    path = tmp_path / "out.png"
    made(Image.open(content), style).save(path)
    assert "content: <picture of 32x24 px in memory>" in read_config(path)
    assert "default_root_dir: null" in read_config(path)


def test_nothing_is_written_unless_asked(
    tmp_path: Path, content: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    made(content, style)
    assert set(tmp_path.rglob("*")) == before
    made(content, style, output="made/out.png")
    assert set(tmp_path.rglob("*")) == {*before, tmp_path / "made", tmp_path / "made/out.png"}


def test_a_folder_gets_all_that_fit_writes(tmp_path: Path, content: Path, style: Path) -> None:
    picture = made(content, style, folder=tmp_path / "mine")
    assert picture.folder == tmp_path / "mine" / "tiny" / "version_0"
    assert {each.name for each in picture.folder.iterdir()} >= {
        "checkpoints", "config.yaml", "images", "losses.csv", "result.png"
    }  # fmt: skip


def test_the_process_is_left_as_it_was(content: Path, style: Path) -> None:
    def state() -> list[Any]:
        return [
            random.getstate(),
            str(np.random.get_state()),  # noqa: NPY002 - the one that a seed is set of
            torch.get_rng_state().tolist(),
            dict(os.environ),
            [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
            [
                logging.getLogger(each).level
                for each in ("", "lightning.pytorch", "lightning.fabric", "stylelightning")
            ],
            logging.getLogger("stylelightning").handlers[:],
            warnings.filters[:],
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.get_float32_matmul_precision(),
            torch.backends.cudnn.benchmark,
            torch.get_default_dtype(),
            torch.is_grad_enabled(),
            dict(loaders_dumpers.loaders),
            typehints.ActionTypeHint._check_type,
        ]

    before = state()
    options = {
        "trainer.deterministic": True,
        "trainer.benchmark": True,
        "model.matmul_precision": "medium",
    }
    with pytest.warns(UserWarning, match="deterministic"):
        made(content, style, options=options, quiet=False)
    assert state() == before
    with pytest.raises(ValueError, match="at least 1 pixel"):
        made(content, style, size=0)
    assert state() == before


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"preset": "nope"}, FileNotFoundError, r"^There is no config file .*nope"),
        ({"content": "nope.png"}, FileNotFoundError, r"^Cannot read the picture .*nope\.png: the"),
        ({"content": 3}, ValueError, r"^`content` must be a path, .* or a tensor, got int\.$"),
        ({"style": np.zeros((4, 4))}, ValueError, r"the shape \(H, W, 3\), got \(4, 4\): PIL"),
        ({"style": np.zeros((4, 4, 3), int)}, ValueError, r"^An array for `style` .* got int64"),
        ({"style": np.full((4, 4, 3), 255.0)}, ValueError, r"must be in \[0, 1\]"),
        ({"style": []}, ValueError, r"must name at least one image"),
        ({"size": 0}, ValueError, r"^`data.size` must be at least 1 pixel, got 0\.$"),
        ({"strength": 2}, ValueError, r"^`strength` must be from 0 to 1, got 2: 0\.5 is the"),
        ({"seed": -1}, ValueError, r"^`seed_everything` must be from 0 to"),
        ({"output": "out.doc"}, ValueError, r"its name must end in one of"),
        ({"options": {"model.losses.style.wieght": 1}}, ValueError, r"Did you mean weight\?"),
        ({"options": {"no.such": 1}}, ValueError, r"^There is no option 'no\.such'"),
        ({"options": {"model": object()}}, ValueError, r"got for 'model' an instance of object"),
        ({"options": {"a b": 1}}, ValueError, r"keys of a config, .* got 'a b'\.$"),
        ({"options": {"data.style": "x"}}, ValueError, r"'data.style': give it as `style`\.$"),
        ({"options": {"model.help": "x"}}, ValueError, r"which only a command line can answer"),
        ({"options": {"print_config": ""}}, ValueError, r"which only a command line can answer"),
        ({"options": {"data.size": 9}, "size": 8}, ValueError, r"^`size` and `options`"),
        (
            {"options": {"callbacks.snapshots.every_n_steps": 2}},
            ValueError,
            r"^`callbacks.snapshots` writes .* give `folder` too\.$",
        ),
    ],
)
def test_a_mistake_is_one_line(
    content: Path, style: Path, values: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        made(**{"content": content, "style": style, **values})
    assert "\n" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_run_that_fails_has_its_picture(content: Path, style: Path) -> None:
    class Fail(Callback):
        def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
            if trainer.global_step == 2:
                raise OSError(28, "No space left on device")

    with pytest.raises(TransferError, match=r"^No space left on device$") as raised:
        made(content, style, callbacks=[Fail()])
    assert raised.value.picture is not None
    assert raised.value.picture.steps == 2
    assert not raised.value.picture.finished


class Warmth(Loss):
    """Asks for more red than blue."""

    def prepare(self, references: References) -> None:
        pass

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        red, _, blue = features["image"].mean((0, 2, 3)).unbind()
        return (1 + blue - red).square()


def test_a_class_is_an_option(content: Path, style: Path) -> None:
    options = {"model.losses.warm": Warmth, "model.losses.warm.layers": ["image"]}
    weights = [made(content, style, options={**options, "model.losses.warm.weight": w})
               for w in (0.0, 1e5)]  # fmt: skip
    red, _, blue = (weights[1].tensor - weights[0].tensor).mean((1, 2))
    assert red > blue
    assert weights[1].losses["warm"] > 0


class Press(Callback):
    """Presses Ctrl-C in the middle of the second step, or another signal, so many times."""

    def __init__(self, times: int, number: signal.Signals = signal.SIGINT) -> None:
        self.times = times
        self.number = number

    def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: Any) -> None:
        if trainer.global_step == 1:
            for _ in range(self.times):
                signal.raise_signal(self.number)


def test_an_interrupt_returns_the_picture_so_far(content: Path, style: Path) -> None:
    handler = signal.getsignal(signal.SIGINT)
    picture = made(content, style, callbacks=[Press(1)])
    assert (picture.finished, picture.steps) == (False, 2)
    assert len(picture.history["total"]) == 2
    assert picture.tensor.shape == (3, 12, 16)
    assert "interrupted" in repr(picture)
    assert signal.getsignal(signal.SIGINT) == handler


def test_two_interrupts_are_one_error(content: Path, style: Path) -> None:
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        made(content, style, callbacks=[Press(2)])
    assert signal.getsignal(signal.SIGINT) == handler


def test_sigterm_goes_to_whoever_handles_it(content: Path, style: Path) -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    try:
        picture = made(content, style, callbacks=[Press(1, signal.SIGTERM)])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not picture.finished
    assert signal.SIGTERM in came


def script(
    folder: Path, content: Path, style: Path, call: str
) -> "subprocess.CompletedProcess[str]":
    code = (
        "from stylelightning import transfer\n"
        f"given = {str(content)!r}, {str(style)!r}\n"
        f"picture = transfer(*given, preset={str(TINY)!r}{call})\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip


def test_a_script_is_told_of_each_scale_and_nothing_else(
    tmp_path: Path, content: Path, style: Path
) -> None:
    done = script(tmp_path, content, style, "")
    assert done.stderr == ""
    first, last = done.stdout.splitlines()
    assert first.startswith("step 3/6  16x12 px  content ")
    assert last.startswith("step 6/6  32x24 px  content ")


def test_a_quiet_script_says_nothing(tmp_path: Path, content: Path, style: Path) -> None:
    done = script(tmp_path, content, style, ", quiet=True, size=64")  # enlarged: a warning else
    assert (done.stdout, done.stderr) == ("", "")


def test_a_script_hears_warnings_and_that_it_is_no_notebook(
    tmp_path: Path, content: Path, style: Path
) -> None:
    done = script(tmp_path, content, style, ", show=True, size=64")
    enlarged, notebook = done.stderr.splitlines()
    assert "is enlarged to 64 px" in enlarged
    assert notebook.startswith("NotebookPicture has an effect in a notebook only")
