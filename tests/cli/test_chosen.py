"""What a command line chose, in few words."""

from pathlib import Path

import pytest

from stylelightning.cli.chosen import LONGEST_LABEL, chosen, compared, run_label
from tests.conftest import Run

START = ("--config", "configs/quickstart.yaml")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], {}),
        (["--model.losses.style.weight", "3"], {"style.weight": "3"}),
        (["--model.losses.style.init_args.weight=3"], {"style.weight": "3"}),
        (["--data.style", "a/wave.jpg", "--data.size=96"], {"style": "wave", "size": "96"}),
        (["--data.style", "[a/wave.jpg, b/ink.png]"], {"style": "[wave.jpg, ink.png]"}),
        (["--model.losses.style", "null"], {"losses.style": "null"}),
        (["--model.optimizer", "torch.optim.LBFGS"], {"optimizer": "LBFGS"}),
        (["--model.optimizer.lr", "-1"], {"optimizer.lr": "-1"}),
        (["--model.init", "start.v2.png"], {"init": "start.v2"}),
        (["--trainer.max_steps=5", "--trainer.max_steps=6"], {"max_steps": "6"}),
        (["-c", "mine/softer.yaml"], {"config": "softer"}),
        (["--model.backbone.weights", "/w/vgg19-dcbb.pth"], {"backbone.weights": "vgg19-dcbb"}),
    ],
)
def test_what_was_chosen_has_short_names(args: list[str], expected: dict[str, str]) -> None:
    assert chosen([*START, *args]) == expected


def test_what_makes_no_other_picture_is_not_said() -> None:
    args = ["--output", "a.png", "--ckpt_path=last", "--trainer.default_root_dir", "runs"]
    args += ["--live", "8123", "--preview"]
    args += ["--callbacks.balance", "GradientBalance", "--trainer.enable_progress_bar=false"]
    assert chosen([*START, *args]) == {}
    assert run_label([*START, *args]) == ""


def test_a_name_says_enough() -> None:
    args = [*START, "--model.losses.style.weight", "3"]
    assert run_label(args) == "style.weight=3"
    assert run_label([*args, "--name", "heavy-style"]) == ""


def test_a_label_is_a_folder_on_every_file_system() -> None:
    values = ['a<b>c:d"e', "f|g?h*i", "con", "[1, 2]", "{a: b}", "é\udcff", "end. . "]
    for value in values:
        label = run_label(["--model.init", value])
        assert label.startswith("init=")
        assert not set(label) & set('<>:"/\\|?*\0')
        assert label[-1] not in ". "
        label.encode()  # no byte that is no text


def test_a_long_label_ends_with_how_many_are_left_out() -> None:
    args = [f"--model.losses.term{number}.weight={number}" for number in range(9)]
    label = run_label(args)
    assert len(label) <= LONGEST_LABEL
    # by hand: 14 letters each and a space between two; 55 hold three
    assert label == "term0.weight=0 term1.weight=1 term2.weight=2 +6"
    assert len(run_label(["--model.init", "x" * 300])) <= LONGEST_LABEL


def test_what_is_compared_has_numbers_as_numbers() -> None:
    config = {
        "data": {"size": None},
        "model": {
            "backbone": {"class_path": "stylelightning.backbones.VGG19"},
            "losses": {
                "style": {"class_path": "GramLoss", "init_args": {"weight": 2.5}},
                "tv": None,
            },
            "optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.02}},
            "schedule": {"steps": [10, 20]},
        },
        "trainer": {"precision": "bf16-mixed"},
    }
    others = {"averaging": "0.9", "tile": "true", "init": "gray", "style.weight": "7"}
    assert compared(config, others) == {
        "steps": "[10, 20]",
        "precision": "bf16-mixed",
        "optimizer": "Adam",
        "optimizer.lr": 0.02,
        "backbone": "VGG19",
        "style.weight": 2.5,  # the config's own
        "averaging": 0.9,
        "tile": True,
        "init": "gray",
    }


def test_the_events_are_in_a_folder_that_says_what_was_chosen(run: Run) -> None:
    folder = run("--model.losses.style.weight", "3")
    (events,) = folder.rglob("events.out.tfevents.*")
    assert events.parent == folder / "content=content style=style style.weight=3"
    assert (folder / "checkpoints" / "last.ckpt").is_file()  # all else stays where it was


def test_the_events_of_a_run_with_a_name_are_in_its_folder(run: Run) -> None:
    folder = run("--name", "heavy-style", "--model.losses.style.weight", "3")
    (events,) = folder.rglob("events.out.tfevents.*")
    assert events.parent == folder
    assert folder.parent.name == "heavy-style"


def test_a_checkpoint_of_lightnings_is_in_the_runs_folder(run: Run, tmp_path: Path) -> None:
    top = tmp_path / "top.yaml"
    top.write_text(
        "callbacks:\n  lightnings:\n    class_path: lightning.pytorch.callbacks.ModelCheckpoint\n"
    )
    folder = run("--config", str(top))
    assert list((folder / "checkpoints").glob("epoch*.ckpt"))
