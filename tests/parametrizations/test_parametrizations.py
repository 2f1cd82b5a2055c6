"""What the parameters of the picture are: pixels, and a user's own."""

import json
from pathlib import Path

import pytest
import torch

from stylelightning.images import read_picture
from stylelightning.parametrizations import PixelParametrization
from tests.conftest import Run


def test_pixels_are_a_copy_of_the_picture() -> None:
    given = torch.full((1, 3, 2, 2), 2.0)
    pixels = PixelParametrization()
    pixels.encode(given)
    assert torch.equal(pixels.decode(), given)
    assert [name for name, _ in pixels.named_parameters()] == ["image"]
    pixels.project()
    assert pixels.decode().max() == 1
    assert given.max() == 2


def test_pixels_take_a_picture_of_another_size() -> None:
    pixels = PixelParametrization()
    for size in ((2, 2), (4, 3)):
        pixels.encode(torch.rand(1, 3, *size))
        assert pixels.decode().shape[2:] == size


LOGITS = """
from torch import nn

from stylelightning.parametrizations import Parametrization


class Logits(Parametrization):
    \"\"\"Pixels through a sigmoid, which never leave [0, 1].\"\"\"

    def encode(self, picture):
        self.logits = nn.Parameter(picture.detach().logit(eps=0.01))

    def decode(self):
        return self.logits.sigmoid()
"""


@pytest.fixture
def logits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "logits.py").write_text(LOGITS)
    monkeypatch.syspath_prepend(tmp_path)
    return "--model.canvas=logits.Logits"


COLOURS = """
import torch
from torch import nn

from stylelightning.parametrizations import Parametrization

MIX = torch.tensor([[1.0, 0.2, 0.0], [0.0, 1.0, 0.1], [0.1, 0.0, 1.0]])


class Mixed(Parametrization):
    \"\"\"Colours of another basis, in a parameter of the name that pixels have.\"\"\"

    def encode(self, picture):
        flat = torch.linalg.inv(MIX) @ picture.detach().flatten(2)
        self.image = nn.Parameter(flat.view_as(picture).contiguous())

    def decode(self):
        return (MIX @ self.image.flatten(2)).view_as(self.image)


class Spectrum(Parametrization):
    \"\"\"Fourier coefficients: complex, and no map.\"\"\"

    def encode(self, picture):
        self.size = picture.shape[2:]
        self.coefficients = nn.Parameter(torch.fft.rfft2(picture.detach()))

    def decode(self):
        return torch.fft.irfft2(self.coefficients, s=self.size)
"""


@pytest.fixture
def colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mixed_colours.py").write_text(COLOURS)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("colours")
def test_a_canvas_keeps_its_precision_under_a_mixed_one(run: Run) -> None:
    folder = run("--model.canvas=mixed_colours.Mixed", "--trainer.precision=bf16-mixed")
    loaded = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert loaded["picture"].dtype == torch.float32
    # bfloat16 has 8 bits: hardly a value would have more
    assert (loaded["picture"] != loaded["picture"].bfloat16().float()).float().mean() > 0.5


@pytest.mark.usefixtures("colours")
def test_numbers_of_another_canvas_are_not_taken_for_its_own(run: Run) -> None:
    before = run("--trainer.max_steps=2")
    folder = run("--model.canvas=mixed_colours.Mixed", "--ckpt_path=last", "--trainer.max_steps=2")
    pictures = [read_picture(each / "result.png").pixels for each in (before, folder)]
    torch.testing.assert_close(pictures[1], pictures[0], rtol=0, atol=1.5 / 255)


@pytest.mark.usefixtures("colours")
@pytest.mark.parametrize("optimizer", ["Adam", "LBFGS"])
def test_parameters_may_be_complex_and_no_maps(run: Run, optimizer: str) -> None:
    run(
        "--model.canvas=mixed_colours.Spectrum",
        f"--model.optimizer={optimizer}",
        "--model.optimizer.lr=0.1",
        "--model.carry_moments=true",
    )


def last(folder: Path) -> dict[str, torch.Tensor]:
    loaded = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    state: dict[str, torch.Tensor] = loaded["state_dict"]
    return state


def test_a_canvas_of_ones_own_is_one_file(run: Run, logits: str) -> None:
    folder = run(logits, "--model.averaging=0.9")
    state = last(folder)
    assert set(state) == {
        "canvas.parametrization.logits",
        "canvas.average",
        "canvas.average_weight",
    }
    shown = (state["canvas.average"] / state["canvas.average_weight"]).clamp(0, 1)
    written = read_picture(folder / "result.png").pixels
    torch.testing.assert_close(written, shown, rtol=0, atol=0.5 / 255 + 1e-6)
    assert "class_path: logits.Logits" in (folder / "config.yaml").read_text()


def test_a_run_with_another_canvas_goes_on_exactly(run: Run, logits: str) -> None:
    whole = run(logits)
    run(logits, "--trainer.max_steps=2", "--name=cut")
    resumed = run(logits, "--name=cut", "--ckpt_path=last")
    for name, value in last(whole).items():
        assert torch.equal(value, last(resumed)[name])


def test_a_checkpoint_of_another_canvas_is_gone_on_with_from_its_picture(
    run: Run, logits: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--trainer.max_steps=2")
    folder = run(logits, "--ckpt_path=last")
    assert "starts cold: the checkpoint has PixelParametrization" in capsys.readouterr().err
    assert "canvas.parametrization.logits" in last(folder)


def test_a_picture_in_a_checkpoint_of_version_0_1_is_read(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from stylelightning.__main__ import main

    folder = run()
    path = folder / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint["picture"]
    state = checkpoint["state_dict"]
    state["canvas.image"] = state.pop("canvas.parametrization.image")
    torch.save(checkpoint, path)
    capsys.readouterr()
    assert main(["test", f"--ckpt_path={path}", f"--image={folder / 'result.png'}", "--json"]) == 0
    of_checkpoint, of_picture = json.loads(capsys.readouterr().out)
    # the file has 8 bits
    assert of_picture["metrics"] == pytest.approx(of_checkpoint["metrics"], rel=0.05, abs=0.01)
