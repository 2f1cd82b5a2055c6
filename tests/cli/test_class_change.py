"""What a class takes over from the one whose place it takes, and what is said of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from torch import Tensor

from stylelightning.backbones import VGG19, Backbone
from stylelightning.backbones.base import Features
from stylelightning.cli.class_change import LONGEST, keep_options_on_class_change
from stylelightning.cli.config import kept_config, run_parser
from stylelightning.cli.parser import Parser
from tests.conftest import ROOT

Capture = pytest.CaptureFixture[str]

CONFIGS = ROOT / "configs"
UNTRAINED = str(CONFIGS / "untrained.yaml")
GATYS = str(CONFIGS / "gatys2016.yaml")
OTHER = {"VGG16": "VGG19", "VGG19": "VGG16"}


def network_of(path: Path) -> str | None:
    backbone = yaml.safe_load(path.read_text()).get("model", {}).get("backbone", {})
    name: str | None = backbone.get("class_path")
    return name


NETWORKS = {path: network_of(path) for path in sorted(CONFIGS.rglob("*.yaml"))}
VGG_CONFIGS = [path for path, name in NETWORKS.items() if name in OTHER]


class WiderVGG(VGG19):
    """VGG-19 with an option more."""

    def __init__(self, width: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.width = width


class Particular(Backbone):
    """Options of other networks with other types and choices, and any option besides."""

    def __init__(
        self,
        levels: Literal["few", "many"] = "few",
        sizes: dict[str, int] | None = None,
        seed: int = 0,
        **more: int,
    ) -> None:
        super().__init__()
        self.options = {"levels": levels, "sizes": sizes, "seed": seed, **more}

    def forward(self, image: Tensor, layers: Iterable[str]) -> Features:
        return {}


@pytest.fixture(scope="module")
def parser() -> Parser:
    keep_options_on_class_change()
    return run_parser()


def config_of(parser: Parser, *args: str) -> dict[str, Any]:
    """Return the whole config of a command line."""
    config: dict[str, Any] = yaml.safe_load(kept_config(parser, parser.parse_args(list(args))))
    return config


def options_of(parser: Parser, key: str, *args: str) -> dict[str, Any]:
    """Return the options of the class at a key of ``model``."""
    value = config_of(parser, *args)["model"]
    for part in key.split("."):
        value = value[part]
    options: dict[str, Any] = value["init_args"]
    return options


def flat(value: Any, key: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {
            k: v for name, each in value.items() for k, v in flat(each, f"{key}.{name}").items()
        }
    return {key.removeprefix("."): value}


def said(capsys: Capture) -> list[str]:
    return capsys.readouterr().err.splitlines()


# a network in place of another


def test_configs_of_both_networks_are_shipped() -> None:
    assert {NETWORKS[path] for path in VGG_CONFIGS} == set(OTHER)
    assert Path(GATYS) in VGG_CONFIGS


@pytest.mark.parametrize("path", VGG_CONFIGS, ids=lambda path: str(path.relative_to(CONFIGS)))
def test_changing_the_network_changes_nothing_else(
    parser: Parser, path: Path, capsys: Capture
) -> None:
    network = NETWORKS[path]
    assert network is not None
    before = flat(config_of(parser, "--config", str(path)))
    after = flat(config_of(parser, "--config", str(path), "--model.backbone", OTHER[network]))
    assert before.keys() == after.keys()
    differing = {key: after[key] for key in after if before[key] != after[key]}
    assert differing == {"model.backbone.class_path": f"stylelightning.backbones.{OTHER[network]}"}
    assert said(capsys) == []


@pytest.mark.parametrize(
    "change",
    [
        "--model.backbone=VGG16",
        "--model.backbone=stylelightning.backbones.VGG16",
        "--model.backbone=stylelightning.backbones.vgg.VGG16",
        "--model.backbone.class_path=VGG16",
        "--model.backbone={class_path: VGG16}",
        "--model.backbone=tests.cli.test_class_change.WiderVGG",
        "file",
        "short file",
    ],
)
def test_however_a_network_is_named_it_takes_the_options_over(
    parser: Parser, change: str, tmp_path: Path, capsys: Capture
) -> None:
    top = tmp_path / "top.yaml"
    named = "{class_path: VGG16}" if change == "file" else "VGG16"
    top.write_text(f"model:\n  backbone: {named}\n")
    change = f"--config={top}" if "file" in change else change
    given = ["--model.backbone.first_padding=reflect", "--model.backbone.weights=mine.pth"]
    options = options_of(parser, "backbone", "--config", GATYS, *given, change)
    # by hand: those of gatys2016.yaml and the two given; VGG's own are max and null
    assert options["pooling"] == "avg"
    assert options["first_padding"] == "reflect"
    assert options["weights"] == "mine.pth"
    assert said(capsys) == []


def test_what_is_given_with_the_new_class_wins(parser: Parser) -> None:
    change = "--model.backbone={class_path: VGG16, init_args: {pooling: l2}}"
    options = options_of(parser, "backbone", "--config", GATYS, change, "--model.backbone.seed=3")
    assert (options["pooling"], options["seed"], options["padding"]) == ("l2", 3, "zeros")


@pytest.mark.parametrize("where", ["option", "file"])
def test_an_option_that_the_new_network_lacks_is_named_once(
    parser: Parser, where: str, tmp_path: Path, capsys: Capture
) -> None:
    top = tmp_path / "top.yaml"
    top.write_text("model: {backbone: RandomMultiscale}\n")
    change = {"option": "--model.backbone=RandomMultiscale", "file": f"--config={top}"}[where]
    assert options_of(parser, "backbone", "--config", GATYS, change)["padding"] == "zeros"
    assert said(capsys) == [
        "warning: model.backbone: RandomMultiscale leaves out VGG19's weights: IMAGENET1K_V1, "
        "pooling: avg and keeps padding: zeros."
    ]


def test_an_option_that_is_of_another_type_there_is_left_out(
    parser: Parser, capsys: Capture
) -> None:
    args = ["--config", UNTRAINED, "--model.backbone.seed=5"]
    change = "--model.backbone=tests.cli.test_class_change.Particular"
    options = options_of(parser, "backbone", *args, change)
    assert options == {"levels": "few", "sizes": None, "seed": 5}
    assert said(capsys) == [
        "warning: model.backbone: Particular leaves out RandomMultiscale's levels: 5, "
        "sizes: [3, 7] and keeps seed: 5."
    ]


def test_an_option_that_no_constructor_names_is_left_out(parser: Parser, capsys: Capture) -> None:
    args = ["--config", GATYS, "--model.backbone=tests.cli.test_class_change.Particular"]
    args.append("--model.backbone.dict_kwargs.depth=3")
    config = config_of(parser, *args, "--model.backbone=VGG16")
    assert config["model"]["backbone"].keys() == {"class_path", "init_args"}
    assert "warning: model.backbone: VGG16 leaves out Particular's depth: 3." in said(capsys)


def test_what_was_left_out_is_said_with_print_config_too(parser: Parser, capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        config_of(parser, "--config", GATYS, "--model.backbone=Pixels", "--print_config")
    assert said(capsys) == [
        "warning: model.backbone: Pixels leaves out VGG19's weights: IMAGENET1K_V1, pooling: avg, "
        "padding: zeros."
    ]


def test_a_whole_config_that_loses_much_is_still_one_short_line(
    parser: Parser, tmp_path: Path, capsys: Capture
) -> None:
    top = tmp_path / "whole.yaml"
    top.write_text(yaml.safe_dump(config_of(parser, "--config", GATYS), sort_keys=False))
    config_of(parser, "--config", str(top), "--model.backbone=Pixels")
    (line,) = said(capsys)
    assert len(line) <= len("warning: ") + LONGEST
    # by hand: the arguments of VGG's constructor
    names = "weights, pooling, pooling_factor, padding, first_padding, normalization, activations"
    assert names in line


# losses, callbacks, colours


def test_a_loss_takes_layers_and_weight_over_and_says_so(parser: Parser, capsys: Capture) -> None:
    change = "--model.losses.style=GaussianWassersteinLoss"
    options = options_of(parser, "losses.style", "--config", GATYS, change)
    assert options["weight"] == 1.6e8
    assert options["layers"] == ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
    assert said(capsys) == [
        "warning: model.losses.style: GaussianWassersteinLoss leaves out GramLoss's "
        "normalization: chw and keeps weight: 1.6e+08, layers, reduction: mean."
    ]


def test_a_weight_that_is_kept_is_said_even_where_nothing_is_lost(
    parser: Parser, capsys: Capture
) -> None:
    change = "--model.losses.content=PatchLoss"
    config_of(parser, "--config", GATYS, change)
    assert said(capsys) == [
        "warning: model.losses.content: PatchLoss keeps ContentLoss's weight: 2000, "
        "layers: ['relu4_2']."
    ]
    config_of(parser, "--config", GATYS, change, "--model.losses.content.weight=3")
    assert said(capsys) == []


def test_callbacks_and_colours_take_over_what_they_know(
    parser: Parser, tmp_path: Path, capsys: Capture
) -> None:
    top = tmp_path / "top.yaml"
    top.write_text("callbacks: {log: ImageSnapshot}\ndata: {colours: StyleToContent}\n")
    args = ["--config", UNTRAINED, "--callbacks.log.every_n_steps=7"]
    config = config_of(parser, *args, "--data.colours.strength=0.5", "--config", str(top))
    assert config["callbacks"]["log"]["init_args"]["every_n_steps"] == 7
    assert config["data"]["colours"]["init_args"]["strength"] == 0.5
    assert said(capsys) == []


def test_an_entry_of_a_list_takes_nothing_over(parser: Parser, capsys: Capture) -> None:
    first = "[{class_path: LossLog, init_args: {every_n_steps: 7}}]"
    lists = [f"--trainer.callbacks={first}", "--trainer.callbacks=[ImageSnapshot]"]
    (callback,) = config_of(parser, "--config", UNTRAINED, *lists)["trainer"]["callbacks"]
    assert callback["init_args"]["every_n_steps"] == 50  # ImageSnapshot's own
    assert said(capsys) == []


# optimizers and schedulers


@pytest.mark.parametrize("where", ["option", "file"])
def test_an_optimizer_takes_nothing_over_and_says_what(
    parser: Parser, where: str, tmp_path: Path, capsys: Capture
) -> None:
    top = tmp_path / "top.yaml"
    top.write_text("model: {optimizer: Adam}\n")
    change = {"option": "--model.optimizer=Adam", "file": f"--config={top}"}[where]
    options = options_of(parser, "optimizer", "--config", GATYS, change)
    assert options["lr"] == 1e-3  # torch's own
    assert said(capsys) == [
        "warning: model.optimizer: Adam leaves out LBFGS's lr: 1, history_size: 20."
    ]


def test_an_option_that_is_given_anew_is_not_missed(parser: Parser, capsys: Capture) -> None:
    args = ["--config", UNTRAINED, "--model.optimizer=LBFGS", "--model.optimizer.lr=1"]
    assert options_of(parser, "optimizer", *args)["lr"] == 1
    assert said(capsys) == ["warning: model.optimizer: LBFGS leaves out Adam's betas: [0.9, 0.99]."]


def test_the_options_of_an_optimizer_that_nobody_named_are_not_missed(
    parser: Parser, tmp_path: Path, capsys: Capture
) -> None:
    plain = yaml.safe_load(Path(UNTRAINED).read_text())
    del plain["model"]["optimizer"]
    (tmp_path / "plain.yaml").write_text(yaml.safe_dump(plain))
    args = ["--config", str(tmp_path / "plain.yaml"), "--model.optimizer=SGD"]
    assert options_of(parser, "optimizer", *args)["lr"] == 1e-3  # torch's own
    config_of(parser, "--config", GATYS)  # names L-BFGS where the parser has Adam
    assert said(capsys) == []
    config_of(parser, *args[:2], "--model.optimizer.lr=0.5", args[2])
    assert said(capsys) == [
        "warning: model.optimizer: SGD leaves out Adam's lr: 0.5, betas: [0.9, 0.99]."
    ]


def test_one_class_by_two_paths_is_no_change(parser: Parser, capsys: Capture) -> None:
    args = ["--config", UNTRAINED, "--model.optimizer=torch.optim.adam.Adam"]
    assert options_of(parser, "optimizer", *args)["lr"] == 0.02
    assert said(capsys) == []


def test_a_scheduler_takes_nothing_over(parser: Parser, capsys: Capture) -> None:
    step = ["--model.lr_scheduler=StepLR", "--model.lr_scheduler.step_size=3"]
    step.append("--model.lr_scheduler.gamma=0.5")
    change = ["--model.lr_scheduler=MultiStepLR", "--model.lr_scheduler.milestones=[5]"]
    options = options_of(parser, "lr_scheduler", "--config", GATYS, *step, *change)
    assert options["gamma"] == 0.1  # torch's own
    assert said(capsys) == [
        "warning: model.lr_scheduler: MultiStepLR leaves out StepLR's step_size: 3, gamma: 0.5."
    ]
