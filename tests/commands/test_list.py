"""What `list` names is what a config can use."""

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
import torch
import torchvision
from lightning.pytorch.cli import OptimizerCallable
from torch.optim import Optimizer

import stylelightning
from stylelightning import backbones
from stylelightning.__main__ import main
from stylelightning.backbones import Layer
from stylelightning.cli import catalogue
from stylelightning.cli.catalogue import ONE_SIZE, components, first_sentence, networks
from stylelightning.cli.kinds import KINDS
from stylelightning.cli.parser import Parser
from stylelightning.cli.presets import preset_names
from stylelightning.commands import list as listing
from stylelightning.files.paths import natural
from stylelightning.run.checks import check_optimizer

Capture = pytest.CaptureFixture[str]
PROGRAM = [sys.executable, "-m", "stylelightning"]


# what is known without an import is what Python sees


def test_the_catalogue_holds_every_component_of_this_project() -> None:
    written = json.loads(catalogue.STORED.read_text(encoding="utf-8"))
    assert written == catalogue.described(), f"Run: python -m {catalogue.__name__}"
    assert {"VGG19", "GramLoss", "LossLog", "LuminanceOnly", "LPIPS"} < set().union(
        *written.values()
    )
    assert all(all(kind.values()) for kind in written.values())


def test_the_packages_of_components_are_public() -> None:
    assert set(KINDS) < set(stylelightning.__all__)


def test_the_optimizers_are_those_that_can_change_a_picture() -> None:
    usable = {}
    classes: list[Any] = [value for value in vars(torch.optim).values() if inspect.isclass(value)]
    for value in [*classes, *KINDS["optimizers"].classes().values()]:
        if issubclass(value, Optimizer) and value is not Optimizer:
            picture = torch.nn.Parameter(torch.ones(1, 3, 4, 4))
            try:
                optimizer: Optimizer = value([picture])
                check_optimizer(optimizer, "32-true", {})
                optimizer.step(_closure(picture))
            except (TypeError, ValueError):
                continue
            assert not picture.equal(torch.ones(1, 3, 4, 4))
            usable[value.__name__] = first_sentence(inspect.getdoc(value) or "")
    assert components("optimizers") == usable


def _closure(picture: torch.nn.Parameter) -> Callable[[], float]:
    def closure() -> float:
        picture.grad = None
        loss = picture.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    return closure


def test_the_networks_are_those_of_torchvision_for_any_size() -> None:
    known = torchvision.models.list_models(module=torchvision.models)
    modules = {name: torchvision.models.get_model_builder(name).__module__ for name in known}
    one_size = {name for name, module in modules.items() if module.rpartition(".")[2] in ONE_SIZE}
    assert one_size == {"maxvit_t", "vit_b_16", "vit_b_32", "vit_h_14", "vit_l_16", "vit_l_32"}
    assert set(networks()) == set(known) - one_size


@pytest.mark.parametrize("kind", KINDS)
def test_a_config_may_use_every_name(kind: str, capsys: Capture) -> None:
    parser = Parser()
    base = OptimizerCallable if kind == "optimizers" else resolve_name(KINDS[kind].base)
    parser.add_argument("--it", type=base)
    for each in components(kind):
        with pytest.raises(SystemExit) as stop:
            parser.parse_args([f"--it.help={each}"])
        assert stop.value.code == 0, each
        assert each in capsys.readouterr().out


# sentences and order


@pytest.mark.parametrize(
    ("docstring", "sentence"),
    [
        pytest.param("One. Two.", "One.", id="the first of two"),
        pytest.param("\n    One goes\n    on.\n\n    Two.", "One goes on.", id="two lines"),
        pytest.param("Gatys et al. draw it. Two.", "Gatys et al. draw it.", id="abbreviation"),
        pytest.param("No stop\n\nTwo.", "No stop", id="no full stop"),
        pytest.param("", "", id="none"),
    ],
)
def test_the_first_sentence_of_a_docstring(docstring: str, sentence: str) -> None:
    assert first_sentence(docstring) == sentence


def test_numbers_in_names_are_sorted_as_numbers() -> None:
    names = ["resnet101", "Resnet18", "LBFGS", "vgg11", "vgg11_bn", "resnet18_2", "adam"]
    assert sorted(names, key=natural) == [
        "adam",
        "LBFGS",
        "Resnet18",
        "resnet18_2",
        "resnet101",
        "vgg11",
        "vgg11_bn",
    ]


# the command


@pytest.mark.parametrize("what", [*KINDS, "networks", "presets"])
def test_a_list_does_not_wait_for_torch(what: str) -> None:
    code = (
        "import sys; from stylelightning.__main__ import main; "
        f"assert main(['list', {what!r}]) == 0; "
        "assert not {'torch', 'torchvision', 'lightning', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    others = {"networks": networks, "presets": preset_names}
    listed = others[what]() if what in others else list(components(what))
    assert [line.split()[0] for line in done.stdout.splitlines()] == listed


def test_a_preset_says_what_it_is_and_which_weights_it_needs(capsys: Capture) -> None:
    assert main(["list", "presets"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["painting"].endswith("project makes. Weights: oxford of VGG16, 58 MB.")
    assert "Weights" not in lines["quickstart"]


@pytest.mark.parametrize("args", [[], ["--help"], ["losses", "-h"]], ids=" ".join)
def test_list_alone_says_what_can_be_listed(args: list[str], capsys: Capture) -> None:
    assert main(["list", *args]) == 0
    out = capsys.readouterr().out
    for what in (*KINDS, "networks", "presets", "layers BACKBONE"):
        assert f"\n  {what} " in out


def test_the_help_of_the_program_names_list(capsys: Capture) -> None:
    assert main(["--help"]) == 0
    assert "stylelightning list presets" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "error"),
    [
        pytest.param(
            "loses",
            "There is no list 'loses'. Did you mean losses? There are presets, backbones, "
            "losses, critics, criteria, penalties, initial, callbacks, colours, parametrizations, "
            "metrics, optimizers, networks, layers.",
            id="list",
        ),
        pytest.param(
            "losses GramLoss", "`list losses` takes nothing more, got 'GramLoss'.", id="more"
        ),
        pytest.param(
            "layers VGG19 --pooling avg",
            "`list layers VGG19` takes nothing more, got '--pooling avg'.",
            id="options",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_way_out(
    args: str, error: str, capsys: Capture
) -> None:
    assert main(["list", *args.split()]) == 2
    assert capsys.readouterr() == ("", f"error: {error}\n")


def test_an_unknown_command_is_told_both(capsys: Capture) -> None:
    assert main(["lst"]) == 2
    assert (
        capsys.readouterr().err
        == "error: There is no command 'lst'. Did you mean list? There are paint, fit, plan, "
        "sweep, batch, video, distill, report, test, list, weights.\n"
    )


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLELIGHTNING_DEBUG", "1")
    with pytest.raises(ValueError, match="There is no list 'nothing'"):
        main(["list", "nothing"])


# the terminal


def test_a_line_is_whole_when_there_is_no_terminal(capsys: Capture) -> None:
    assert main(["list", "colours"]) == 0
    assert capsys.readouterr().out == "".join(
        f"{name:14}  {sentence}\n" for name, sentence in components("colours").items()
    )


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_a_terminal_gets_wrapped_lines_without_codes() -> None:
    here, there = os.openpty()
    with os.fdopen(here, "rb", buffering=0) as reader:
        subprocess.run(
            [*PROGRAM, "list", "colours"],
            stdout=there,
            env={**os.environ, "COLUMNS": "50"},
            check=True,
        )
        os.close(there)
        lines = reader.read(4096).decode().splitlines()
    assert lines[:2] == [
        "ContentToStyle  Gives the content image the style",
        "                image's palette before the run",
    ]
    assert max(map(len, lines)) <= 50
    assert "\x1b" not in "".join(lines)


def test_sentences_are_wrapped_beside_the_names_unless_too_narrow() -> None:
    found = {"A": "Is --not-broken, at hyphens.", "Bcd": "Keeps ``a.b``."}
    assert listing.sentences(found, 29) == [
        "A    Is --not-broken, at",
        "     hyphens.",
        "Bcd  Keeps a.b.",
    ]
    assert listing.sentences(found, 28) == ["A    Is --not-broken, at hyphens.", "Bcd  Keeps a.b."]


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run(
            [*PROGRAM, "list", "networks"], stdout=pipe, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "list", "networks"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (2, b"error: No space left on device\n")


# layers


@pytest.mark.parametrize("name", components("backbones"))
def test_layers_of_a_backbone_are_those_of_its_table(name: str, capfd: Capture) -> None:
    if name == listing.NETWORK_BACKBONE:
        name = "squeezenet1_1"
    assert main(["list", "layers", name]) == 0
    out, err = capfd.readouterr()
    assert err == ""  # nothing is optimised: no warning of untrained weights
    class_name, options = listing.backbone_and_options(name)
    backbone = listing.untrained(getattr(backbones, class_name), options)
    _, *lines = out.splitlines()
    assert [line.split()[0] for line in lines] == list(backbone.layers)
    numbers = [
        [each.channels, each.stride, each.receptive_field, each.smallest_side]
        for each in backbone.layer_table.values()
    ]
    assert [[None if n == "-" else int(n) for n in line.split()[1:]] for line in lines] == numbers


def test_a_table_of_layers_is_aligned() -> None:
    whole: Any = None  # the receptive field of what sees the whole picture
    rows = [Layer("a", 3, 1, 1, 1), Layer("longer", 1024, 16, 268, 32)]
    rows.append(Layer("whole", 8, 32, whole, 1))
    assert listing.table(rows) == [
        "layer   channels  stride  receptive field  smallest side",
        "a              3       1                1              1",
        "longer      1024      16              268             32",
        "whole          8      32                -              1",
    ]


@pytest.mark.parametrize(
    ("name", "found"),
    [("VGG19", ("VGG19", {})), ("resnet50", ("TorchvisionModel", {"network": "resnet50"}))],
)
def test_what_has_layers(name: str, found: tuple[str, dict[str, str]]) -> None:
    assert listing.backbone_and_options(name) == found


WAY = (
    "There are Pixels, RandomMultiscale, SlimVGG, VGG16, VGG19. "
    "`stylelightning list networks` names the networks."
)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        pytest.param(None, f"`list layers` needs the name of a backbone. {WAY}", id="no"),
        pytest.param(
            "VGG17",
            f"There is no backbone 'VGG17'. Did you mean VGG19, VGG16? {WAY}",
            id="unknown",
        ),
        pytest.param(
            "resnet5",
            f"There is no backbone 'resnet5'. Did you mean resnet50, resnet152, resnet34? {WAY}",
            id="unknown network",
        ),
        pytest.param(
            "TorchvisionModel",
            "TorchvisionModel has the layers of its network: name that one. "
            "`stylelightning list networks` names the networks.",
            id="which network",
        ),
    ],
)
def test_what_has_no_layers(name: str | None, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        listing.backbone_and_options(name)


def test_a_network_with_a_backbones_name_is_said_to_be_another(capsys: Capture) -> None:
    assert main(["list", "layers", "vgg19"]) == 0
    out, err = capsys.readouterr()
    assert "features.0" in out or "layer" in out
    assert "the layers of the backbone VGG19: stylelightning list layers VGG19\n" in err


OWN = """
from stylelightning.backbones import Backbone, Pixels

class Mine(Pixels): pass
class Needy(Backbone):
    def __init__(self, depth): pass
number = 3
"""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("own_nets.Mien", "own_nets has no 'Mien'. Did you mean Mine?"),
        ("own_nets.number", "own_nets.number is no backbone: derive it from Backbone"),
        ("own_nets.Needy", "own_nets.Needy is abstract"),
        ("absent_nets.Net", "No module named 'absent_nets', in the working folder"),
    ],
)
def test_the_layers_of_a_backbone_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, name: str, words: str
) -> None:
    (tmp_path / "own_nets.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["list", "layers", "own_nets.Mine"]) == 0
    assert "layer" in capsys.readouterr().out
    assert main(["list", "layers", name]) == 2
    assert words in capsys.readouterr().err
