"""A resumed run makes the very picture of an uninterrupted one."""

import signal
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from stylelightning import StyleTransfer, StyleTransferData
from stylelightning.images import write_picture
from stylelightning.optimizers import HostLBFGS
from tests.conftest import Run, smooth_picture
from tests.run import forks
from tests.run.forks import ended, signal_to
from tests.runs import OPTIMIZERS, make_module, make_trainer

RESUMED = {**OPTIMIZERS, "host-lbfgs": lambda p: HostLBFGS(p, lr=1.0, history_size=4)}
SETTINGS: dict[str, dict[str, Any]] = {
    "sgd": {"averaging": 0.9, "carry_moments": True},
    "adam": {
        "averaging": 0.9,
        "carry_moments": True,
        "lr_scheduler": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9),
    },
    "lbfgs": {},
    "host-lbfgs": {},
}
STEPS = 6  # of the two scales of `make_module`, the boundary after 3


def make(name: str) -> StyleTransfer:
    torch.manual_seed(0)
    return make_module(optimizer=RESUMED[name], **SETTINGS[name])


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("name", RESUMED)
def test_resuming_is_exact_from_every_step(
    tmp_path: Path, content: Path, style: Path, name: str, precision: str
) -> None:
    data = StyleTransferData(str(content), str(style), size=32)
    every = ModelCheckpoint(tmp_path / "saved", "{step}", every_n_train_steps=1, save_top_k=-1)
    whole = make(name)
    make_trainer(tmp_path, every, precision=precision).fit(whole, data)
    for step in range(1, STEPS + 1):
        resumed = make(name)
        again = ModelCheckpoint(tmp_path / f"again-{step}", "{step}", every_n_train_steps=1)
        make_trainer(tmp_path, again, precision=precision).fit(
            resumed, data, ckpt_path=tmp_path / "saved" / f"step={step}.ckpt", weights_only=True
        )
        assert torch.equal(resumed.canvas.decode(), whole.canvas.decode()), step
        assert torch.equal(resumed.picture, whole.picture), step


def load(folder: Path) -> Any:
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)


STATEFUL = {
    "patch": ["PatchLoss", "size=5", "search_components=20"],
    "neural-neighbor": ["NeuralNeighborLoss", "stride=2"],
    "split-neural-neighbor": ["SplitNeuralNeighborLoss", "samples=9", "renew_every_n_steps=2"],
    "sliced-wasserstein": ["SlicedWassersteinLoss", "size=3", "renew_every_n_steps=2"],
}


@pytest.mark.parametrize("steps", [2, 3, 4])
@pytest.mark.parametrize("loss", STATEFUL)
def test_a_loss_with_a_state_resumes_with_it(run: Run, loss: str, steps: int) -> None:
    kind, *options = STATEFUL[loss]
    args = [f"--model.losses.style={kind}", "--model.losses.style.layers=[image]"]
    args += ["--model.losses.style.weight=100"]
    args += [f"--model.losses.style.{option}" for option in options]
    run(f"--trainer.max_steps={steps}", *args)
    resumed, whole = run("--ckpt_path=last", *args), run(*args)
    assert (resumed / "result.png").read_bytes() == (whole / "result.png").read_bytes()


def test_a_checkpoint_holds_no_backbone(run: Run) -> None:
    folder = run()
    assert list(load(folder)["state_dict"]) == ["canvas.parametrization.image"]


def test_last_continues_the_newest_run_to_the_same_file(run: Run) -> None:
    run("--trainer.max_steps", "2")
    resumed = run("--ckpt_path", "last")
    whole = run()
    assert (resumed.name, whole.name) == ("version_1", "version_2")  # version_0 is not touched
    assert (resumed / "config.yaml").read_text() == (whole / "config.yaml").read_text()
    assert (resumed / "result.png").read_bytes() == (whole / "result.png").read_bytes()


def test_last_without_a_checkpoint_starts_anew(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run("--ckpt_path", "last")
    assert "There is no checkpoint under" in capsys.readouterr().err
    assert (folder / "result.png").is_file()


def test_a_finished_run_can_be_extended(run: Run) -> None:
    whole = run("--name", "whole", "--model.schedule.steps", "[3, 5]")
    run()
    extended = run("--ckpt_path", "last", "--model.schedule.steps", "[3, 5]")
    images = [
        load(each)["state_dict"]["canvas.parametrization.image"] for each in (whole, extended)
    ]
    assert torch.equal(*images)


def test_flags_win_over_the_checkpoint(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("--trainer.max_steps", "2")
    resumed = run("--ckpt_path", "last", "--model.optimizer.lr", "0.007", "--trainer.max_steps=3")
    (group,) = load(resumed)["optimizer_states"][0]["param_groups"]
    assert group["lr"] == pytest.approx(0.007)
    assert "Adam: lr is 0.007, no longer 0.02." in capsys.readouterr().err
    assert "lr: 0.007" in (resumed / "config.yaml").read_text()


def test_another_option_than_the_rate_wins_too(run: Run) -> None:
    run("--trainer.max_steps", "2")
    resumed = run("--ckpt_path=last", "--model.optimizer.eps=0.1", "--trainer.max_steps=3")
    assert load(resumed)["optimizer_states"][0]["param_groups"][0]["eps"] == 0.1


def test_a_new_rate_keeps_what_the_schedule_did_to_the_old_one(run: Run) -> None:
    schedule = ["--model.lr_scheduler=ExponentialLR", "--model.lr_scheduler.gamma=0.5"]
    run("--trainer.max_steps", "2", *schedule)
    resumed = run(
        "--ckpt_path=last", "--model.optimizer.lr=0.04", "--trainer.max_steps=3", *schedule
    )
    # by hand: 0.04 halved after each of the three steps
    assert load(resumed)["optimizer_states"][0]["param_groups"][0]["lr"] == pytest.approx(0.005)


def test_another_optimizer_starts_cold(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("--trainer.max_steps", "2")
    resumed = run("--ckpt_path", "last", "--model.optimizer", "LBFGS")
    assert "LBFGS starts cold: the checkpoint has Adam." in capsys.readouterr().err
    assert (resumed / "result.png").is_file()


@pytest.mark.parametrize("names", [("LBFGS", "HostLBFGS"), ("HostLBFGS", "LBFGS")], ids=str)
def test_a_history_can_go_to_the_host_and_back(
    run: Run, names: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, then = (f"--model.optimizer={name}" for name in names)
    run("--trainer.max_steps=3", first)
    resumed = run("--ckpt_path=last", "--trainer.max_steps=5", then)
    assert "starts cold" not in capsys.readouterr().err
    whole = run("--trainer.max_steps=5", first)
    assert torch.equal(load(resumed)["picture"], load(whole)["picture"])


def test_another_schedule_of_the_rate_starts_anew(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run(
        "--trainer.max_steps",
        "2",
        "--model.lr_scheduler=ExponentialLR",
        "--model.lr_scheduler.gamma=0.5",
    )
    run("--ckpt_path", "last")
    assert "The learning-rate schedule starts anew" in capsys.readouterr().err


def test_averaging_can_be_switched_at_a_resume(run: Run) -> None:
    run("--trainer.max_steps", "2")
    averaged = run("--ckpt_path", "last", "--model.averaging", "0.9", "--trainer.max_steps", "4")
    assert "canvas.average" in load(averaged)["state_dict"]
    plain = run("--ckpt_path", "last", "--trainer.max_steps", "5")
    assert "canvas.average" not in load(plain)["state_dict"]


def test_another_option_of_the_schedule_of_the_rate_wins(run: Run) -> None:
    given = ["--model.lr_scheduler=ExponentialLR", "--model.lr_scheduler.gamma"]
    run("--trainer.max_steps=2", given[0], f"{given[1]}=0.5")
    resumed = run("--ckpt_path=last", "--trainer.max_steps=3", given[0], f"{given[1]}=1.0")
    # by hand: 0.02 halved twice, then left alone
    assert load(resumed)["optimizer_states"][0]["param_groups"][0]["lr"] == pytest.approx(0.005)


def test_lbfgs_still_makes_one_evaluation_a_step_after_a_resume(run: Run) -> None:
    lbfgs = ["--model.optimizer=LBFGS", "--model.optimizer.max_iter=5"]
    run("--trainer.max_steps=2", *lbfgs)
    resumed = run("--ckpt_path=last", "--trainer.max_steps=3", *lbfgs)
    assert load(resumed)["optimizer_states"][0]["state"][0]["func_evals"] == 3


@pytest.mark.parametrize("name", ["LBFGS", "HostLBFGS"])
@pytest.mark.parametrize("size", [2, 5])
def test_lbfgs_goes_on_with_a_longer_or_shorter_history(run: Run, name: str, size: int) -> None:
    lbfgs = [f"--model.optimizer={name}", "--model.schedule=Schedule", "--data.size=16"]
    lbfgs += ["--model.schedule.steps=12", "--model.schedule.min_size=null"]
    run(*lbfgs, "--model.optimizer.history_size=3", "--trainer.max_steps=6")
    resumed = run(*lbfgs, f"--model.optimizer.history_size={size}", "--ckpt_path=last")
    (state,) = load(resumed)["optimizer_states"][0]["state"].values()
    lengths = {len(state[key]) for key in ("old_dirs", "old_stps", "ro", "al")}
    assert lengths == {size}  # it remembers as many as it may


def test_a_tiny_rate_can_be_raised(run: Run) -> None:
    run("--trainer.max_steps=2", "--model.optimizer.lr=1e-30")
    resumed = run("--ckpt_path=last", "--model.optimizer.lr=0.1", "--trainer.max_steps=3")
    assert load(resumed)["optimizer_states"][0]["param_groups"][0]["lr"] == 0.1


def test_a_much_larger_weight_is_no_divergence(run: Run) -> None:
    run("--trainer.max_steps=2")
    run("--ckpt_path=last", "--model.losses.style.weight=1e6")


def test_a_run_that_was_done_is_not_run_again(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for steps in (2, -1):
        first = run(f"--trainer.max_steps={steps}")
        again = run("--ckpt_path=last", f"--trainer.max_steps={steps}")
        done = 6 if steps < 0 else steps
        assert f"the picture is that of step {done}" in capsys.readouterr().err
        assert (again / "result.png").read_bytes() == (first / "result.png").read_bytes()
        if (again / "losses.csv").exists():  # no step, no row of its own
            assert (again / "losses.csv").read_bytes() == (first / "losses.csv").read_bytes()


@pytest.mark.parametrize("wait", [0.0, 0.3])
def test_sigterm_leaves_a_picture_or_no_folder(tmp_path: Path, wait: float) -> None:
    process = start(tmp_path / "run")
    folder = tmp_path / "run" / "runs" / "tiny" / "version_0"
    while not folder.exists():
        assert process.is_alive()
        time.sleep(0.005)
    time.sleep(wait)  # before the first step, or after some
    signal_to(process, signal.SIGTERM)
    assert ended(process) == 143
    assert not folder.exists() or (folder / "result.png").is_file()


def test_the_table_of_a_resumed_run_begins_with_the_steps_before(run: Run) -> None:
    first = run("--trainer.max_steps=3")
    again = run("--ckpt_path=last")
    before, after = (folder / "losses.csv" for folder in (first, again))
    assert after.read_text().startswith(before.read_text())
    steps = [int(line.split(",")[0]) for line in after.read_text().splitlines()[1:]]
    assert steps == [1, 2, 3, 4, 6]
    checkpoint = first / "checkpoints" / "last.ckpt"
    other = run(f"--ckpt_path={checkpoint}", "--model.losses.tv", "null")
    header, row, *_ = (other / "losses.csv").read_text().splitlines()
    assert "tv" not in header
    assert row.startswith("4,")


def test_what_differs_from_the_checkpoints_run_is_said(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--trainer.max_steps=2")
    run("--ckpt_path=last", "--model.losses.style.normalization=chw")
    error = capsys.readouterr().err
    assert (
        "Other settings than the checkpoint's run: model.losses.style.init_args.normalization, "
        "trainer.max_steps." in error
    )


def test_a_schedule_that_is_elsewhere_by_then_is_refused(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--model.schedule.steps=5", "--trainer.max_steps=4")
    run("--ckpt_path=last", "--model.schedule.steps=2", code=2)
    assert "at step 4 in scale 1 of 2" in capsys.readouterr().err


def test_a_checkpoint_of_another_size_is_refused(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--trainer.max_steps", "2")
    run("--ckpt_path", "last", "--data.size", "40", code=2)
    error = capsys.readouterr().err
    assert "The checkpoint holds a picture of 16x12 px at scale 1" in error
    assert "the scales of this run are 20x15 px, 40x30 px" in error


def test_what_is_no_checkpoint_is_refused(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "no.ckpt").write_bytes(b"nonsense")
    run("--ckpt_path", str(tmp_path / "no.ckpt"), code=2)
    assert (
        f"{tmp_path / 'no.ckpt'} is not a whole checkpoint of this program"
        in capsys.readouterr().err
    )
    torch.save({"state_dict": {"features.0.weight": torch.zeros(1)}}, tmp_path / "vgg.ckpt")
    run("--ckpt_path", str(tmp_path / "vgg.ckpt"), code=2)
    assert "is not a whole checkpoint of this program" in capsys.readouterr().err
    whole = run() / "checkpoints" / "last.ckpt"
    whole.write_bytes(whole.read_bytes()[:5000])
    run("--ckpt_path", "last", code=2)
    assert f"{whole} is not a whole checkpoint" in capsys.readouterr().err
    run("--ckpt_path", str(tmp_path / "missing.ckpt"), code=2)
    assert "There is no checkpoint" in capsys.readouterr().err


def start(folder: Path, *args: str) -> ForkServerProcess:
    """Begin a run of 120 steps in a folder of its own, with relative paths alone."""
    write_picture(folder.parent / "content.png", smooth_picture(24, 32, seed=1))
    write_picture(folder.parent / "style.png", smooth_picture(32, 32, seed=2))
    steps = ["--model.schedule.steps=60", "--callbacks.checkpoint.every_n_steps=10"]
    return forks.start(folder, *steps, *args)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The picture of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert ended(start(folder)) == 0
    return (folder / "runs" / "tiny" / "version_0" / "result.png").read_bytes()


def wait_for_step(run: Path, step: int) -> None:
    """Wait until the run has logged a step; it logs every second one."""
    for _ in range(1200):
        table = run / "losses.csv"
        if table.is_file() and len(table.read_text().splitlines()) > step // 2 + 1:
            return
        time.sleep(0.05)
    raise AssertionError(f"The run did not reach step {step}.")


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=["kill-9", "ctrl-c", "sigterm"]
)
def test_an_interrupted_run_resumes_to_the_same_file(
    tmp_path: Path, whole: bytes, number: signal.Signals
) -> None:
    """The picture is identical byte for byte to that of the uninterrupted run."""
    versions = tmp_path / "run" / "runs" / "tiny"
    first = start(tmp_path / "run")
    wait_for_step(versions / "version_0", 24)
    signal_to(first, number)
    code = {signal.SIGKILL: -signal.SIGKILL, signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert ended(first) == code
    assert (versions / "version_0" / "result.png").exists() is (number != signal.SIGKILL)
    assert ended(start(tmp_path / "run", "--ckpt_path", "last")) == 0
    before, after = (
        (versions / f"version_{n}" / "losses.csv").read_text().splitlines()[1:] for n in (0, 1)
    )
    steps = [int(row.split(",")[0]) for row in after]
    assert steps == sorted(set(steps))
    taken_over = [int(row.split(",")[0]) for row in after if row in before]  # times and all
    assert max(taken_over) >= (18 if number == signal.SIGKILL else 22)  # it did not start again
    assert (versions / "version_1" / "result.png").read_bytes() == whole
