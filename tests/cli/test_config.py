"""Configs in layers, options and classes by name."""

from pathlib import Path

import pytest
import torch
import yaml

from stylelightning.__main__ import main
from stylelightning.images import read_picture
from tests.conftest import GRAMS, TINY, Run

Capture = pytest.CaptureFixture[str]


def test_a_later_config_changes_only_the_losses_that_it_names(run: Run, tmp_path: Path) -> None:
    top = tmp_path / "top.yaml"
    top.write_text(
        "model:\n  losses:\n    style:\n      init_args:\n        weight: 7\n    tv: null\n"
    )
    folder = run("--config", str(top))
    losses = yaml.safe_load((folder / "config.yaml").read_text())["model"]["losses"]
    assert losses["content"]["init_args"]["weight"] == 100
    assert losses["style"]["class_path"] == "stylelightning.losses.GramLoss"
    assert losses["style"]["init_args"]["weight"] == 7
    assert losses["tv"] is None


def test_a_loss_is_changed_added_and_removed_on_the_command_line(run: Run) -> None:
    folder = run(
        "--model.losses.style.weight=5",
        "--model.losses.tv=null",
        "--model.losses.smooth=TotalVariationLoss",
        "--model.losses.smooth.exponent=1",
    )
    header = (folder / "losses.csv").read_text().splitlines()[0]
    assert header.startswith("step,scale,size,content,style,smooth,total")


def test_another_optimizer_forgets_the_options_of_the_first(run: Run) -> None:
    # jsonargparse would hand Adam's lr 0.02 to LBFGS; this fails too when its hook is gone
    folder = run("--model.optimizer", "LBFGS")
    optimizer = yaml.safe_load((folder / "config.yaml").read_text())["model"]["optimizer"]
    assert optimizer["class_path"] == "torch.optim.LBFGS"
    assert optimizer["init_args"]["lr"] == 1


def test_an_optimizer_of_this_project_goes_by_its_bare_name(run: Run) -> None:
    folder = run("--model.optimizer=HostLBFGS", "--model.optimizer.history_size=20")
    optimizer = yaml.safe_load((folder / "config.yaml").read_text())["model"]["optimizer"]
    assert optimizer["class_path"] == "stylelightning.optimizers.HostLBFGS"
    assert optimizer["init_args"]["history_size"] == 20


def test_colours_are_named_in_the_config_and_shown_in_every_picture(
    run: Run, content: Path
) -> None:
    folder = run("--data.colours=LuminanceOnly", "--data.colours.match=false")
    colours = yaml.safe_load((folder / "config.yaml").read_text())["data"]["colours"]
    assert colours == {
        "class_path": "stylelightning.colours.LuminanceOnly",
        "init_args": {"match": False},
    }
    # oracle: I of YIQ is the content image's, in the result and in the last snapshot
    chroma = torch.tensor([0.596, -0.274, -0.322])
    expected = torch.einsum("bchw,c->bhw", read_picture(content).pixels, chroma)
    for path in (folder / "result.png", folder / "images" / "step_000006.png"):
        shown = torch.einsum("bchw,c->bhw", read_picture(path).pixels, chroma)
        assert (shown - expected).abs().median() < 0.01  # some are cut to [0, 1]


def test_a_loss_of_ones_own_is_one_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "warmth.py").write_text(
        "from stylelightning.losses import Loss\n\n\n"
        "class Warmth(Loss):\n"
        "    def prepare(self, references):\n"
        "        pass\n\n"
        "    def forward(self, features):\n"
        "        red, _, blue = features['image'].mean((0, 2, 3))\n"
        "        return (1 + blue - red).square()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    folder = run(
        "--model.losses.warm=warmth.Warmth",
        "--model.losses.warm.weight=50",
        "--model.losses.warm.layers=[image]",
    )
    assert "warm" in (folder / "losses.csv").read_text().splitlines()[0]


RESNET = [
    "--model.backbone=TorchvisionModel",
    "--model.backbone.network=resnet18",
    "--model.backbone.weights=null",
    "--model.losses.content.layers=[layer1.0.relu]",
]


@pytest.mark.parametrize(
    "layers", ["[conv1, layer1.0.relu]", "{conv1: 1.0, layer1.0.relu: 0.5}"], ids=["list", "map"]
)
@pytest.mark.parametrize("where", ["option", "file"])
def test_layers_with_dots_in_their_names(run: Run, tmp_path: Path, layers: str, where: str) -> None:
    top = tmp_path / "top.yaml"
    top.write_text(f"model: {{losses: {{style: {{init_args: {{layers: {layers}}}}}}}}}\n")
    given = {"option": f"--model.losses.style.layers={layers}", "file": f"--config={top}"}
    folder = run(GRAMS, given[where], *RESNET)
    assert read_picture(folder / "result.png").pixels.shape == (1, 3, 24, 32)
    assert (folder / "grams" / "style" / "layer1.0.relu" / "step_000006.png").is_file()
    style = yaml.safe_load((folder / "config.yaml").read_text())["model"]["losses"]["style"]
    assert style["init_args"]["layers"] == yaml.safe_load(layers)
    assert main(["fit", "--config", str(folder / "result.png")]) == 0  # the picture made again
    again = folder.parent / "version_1" / "result.png"
    assert again.read_bytes() == (folder / "result.png").read_bytes()


def test_gram_matrices_of_a_residual_network_are_said_unless_smoothed(
    run: Run, capsys: Capture
) -> None:
    layers = "--model.losses.style.layers=[conv1]"
    warning = (
        "warning: The loss 'style' takes Gram matrices of a residual network, which carry a style "
        "badly (Wang, Li and Vasconcelos, CVPR 2021): try --model.backbone.softmax_smoothing true."
    )
    run(*RESNET, layers, "--trainer.max_steps=1")
    assert warning in capsys.readouterr().err.splitlines()
    run(*RESNET, layers, "--trainer.max_steps=1", "--model.backbone.softmax_smoothing=true")
    run(*RESNET, "--model.losses.style=null", "--trainer.max_steps=1")
    run("--trainer.max_steps=1")
    assert "residual" not in capsys.readouterr().err


def test_several_style_images_are_one_option_and_none_is_replaced(
    run: Run, style: Path, content: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blend = f"[{{path: {style}, weight: 3}}, {content}]"
    folder = run("--data.style", blend)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    first = {"path": str(style), "weight": 3.0, "scale": 1.0, "mask": None, "regions": []}
    assert config["data"]["style"] == [first, str(content)]
    again = run("--config", str(folder / "config.yaml"), "--data.style", blend)
    pictures = [read_picture(each / "result.png").pixels for each in (folder, again)]
    assert torch.equal(*pictures)
    run("--data.style", blend, "--output", str(style), code=2)
    assert "`output` would replace `data.style`" in capsys.readouterr().err


def test_a_config_without_an_optimizer_can_be_run_again(run: Run, tmp_path: Path) -> None:
    tiny = yaml.safe_load(TINY.read_text())
    del tiny["model"]["optimizer"]
    (tmp_path / "plain.yaml").write_text(yaml.safe_dump(tiny))
    images = [f"--data.{kind}={tmp_path / kind}.png" for kind in ("content", "style")]
    root = f"--trainer.default_root_dir={tmp_path / 'runs'}"
    assert main(["fit", "--config", str(tmp_path / "plain.yaml"), *images, root]) == 0
    first = tmp_path / "runs" / "tiny" / "version_0"
    assert main(["fit", "--config", str(first / "result.png")]) == 0
    assert (first / "result.png").read_bytes() == (
        first.parent / "version_1" / "result.png"
    ).read_bytes()


def test_one_callbacks_option_is_changed_by_its_name(run: Run, tmp_path: Path) -> None:
    folder = run(GRAMS, "--callbacks.snapshots.every_n_steps=1", "--callbacks.grams=null")
    assert (folder / "images" / "step_000001.png").is_file()
    assert not (folder / "grams").exists()
    assert (folder / "losses.csv").is_file()


def test_help_of_a_class_comes_from_its_docstring(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stop:
        raise SystemExit(main(["fit", "--model.losses.help", "GramLoss"]))
    assert stop.value.code == 0
    assert "What a matrix is divided by" in capsys.readouterr().out
