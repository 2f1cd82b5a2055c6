from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from stylelightning.distillation.data import DistillationData
from stylelightning.images import write_picture
from tests.distillation.conftest import make_data


def constant_folder(folder: Path, value: float) -> str:
    folder.mkdir()
    write_picture(folder / "a.png", torch.full((1, 3, 16, 16), value))
    return str(folder)


def test_every_kind_has_its_share_of_the_crops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # black and white pictures as they are, and noise that is neither
    monkeypatch.setattr(
        "stylelightning.distillation.data.draw_crop", lambda pictures, *_: _tensor(pictures[0])
    )
    pictures = {
        constant_folder(tmp_path / "black", 0.0): 2.0,
        constant_folder(tmp_path / "white", 1.0): 1.0,
    }
    data = DistillationData(pictures, {}, noise_share=1.0, side=16, batch_size=1000)
    means = data.batch(0).mean((1, 2, 3))
    black, white = float((means == 0).float().mean()), float((means == 1).float().mean())
    # the shares are parts of their sum, 4; the deviation is at most 0.016
    assert black == pytest.approx(1 / 2, abs=0.05)
    assert white == pytest.approx(1 / 4, abs=0.05)


def _tensor(pixels: Any) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1) / 255


def test_without_a_share_there_is_no_noise(tmp_path: Path) -> None:
    # black stays black unless it is made noisy, a third, or blended, a sixth
    folder = constant_folder(tmp_path / "black", 0.0)
    data = DistillationData({folder: 3.0}, {}, noise_share=0, side=16, batch_size=200)
    plain = (data.batch(0).amax((1, 2, 3)) == 0).float().mean()
    assert float(plain) == pytest.approx(2 / 3 * 5 / 6, abs=0.1)


def test_a_batch_depends_on_its_step_and_the_seed_alone(folders: Path) -> None:
    data = make_data(folders)
    first = data.batch(5)
    torch.manual_seed(1)
    data.batch(6)
    assert first.shape == (2, 3, 16, 16)
    assert torch.equal(data.batch(5), first)
    assert torch.equal(make_data(folders).batch(5), first)
    assert not torch.equal(data.batch(6), first)
    assert not torch.equal(make_data(folders, seed=1).batch(5), first)


def test_what_the_student_is_cut_on_is_drawn_apart(folders: Path) -> None:
    data = make_data(folders)
    fitted = data.to_fit()
    assert len(fitted) == 3
    assert all(torch.equal(a, b) for a, b in zip(fitted, data.to_fit(), strict=True))
    assert not any(torch.equal(a, data.batch(n)) for n, a in enumerate(fitted))
    assert not torch.equal(fitted[0], fitted[1])


@pytest.mark.parametrize("step", [0, 4])
def test_the_loader_begins_at_the_trainers_step(folders: Path, step: int) -> None:
    data = make_data(folders)
    data.trainer = SimpleNamespace(global_step=step)  # type: ignore[assignment]
    found = list(islice(data.train_dataloader(), 3))
    assert all(torch.equal(each, data.batch(step + n)) for n, each in enumerate(found))


def test_several_workers_give_the_same_batches(folders: Path) -> None:
    data = make_data(folders, num_workers=2)
    data.trainer = SimpleNamespace(global_step=3)  # type: ignore[assignment]
    found = list(islice(data.train_dataloader(), 5))
    assert all(torch.equal(each, data.batch(3 + n)) for n, each in enumerate(found))


def test_a_loader_has_no_place_of_its_own(folders: Path) -> None:
    loader: Any = make_data(folders).train_dataloader()
    assert loader.state_dict() == {}
    loader.load_state_dict({})
    assert torch.equal(next(iter(loader)), make_data(folders).batch(0))


def test_the_measured_batches_are_the_same_each_time(folders: Path) -> None:
    data = make_data(folders, measure_batches=2)
    assert data.measured_kinds == ("photographs", "noise")
    first, again = ([list(loader) for loader in data.val_dataloader()] for _ in range(2))
    assert [len(batches) for batches in first] == [2, 2]
    for kind, repeated in zip(first, again, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(kind, repeated, strict=True))
        assert not torch.equal(kind[0], kind[1])


def test_measured_pictures_are_not_altered(folders: Path, tmp_path: Path) -> None:
    held_out = constant_folder(tmp_path / "gray", 0.4)
    data = make_data(folders, held_out={"gray": held_out}, batch_size=30)
    gray, noise = (next(iter(loader)) for loader in data.val_dataloader())
    torch.testing.assert_close(gray, torch.full((30, 3, 16, 16), 0.4))
    # all of [0, 1], whatever its colour
    assert float(noise.amin((2, 3)).max()) < 0.1
    assert float(noise.amax((2, 3)).min()) > 0.9


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"side": 0}, "`side` must be a multiple of 16 pixels, got 0"),
    ({"side": 40}, "`side` must be a multiple of 16 pixels, got 40"),
    ({"batch_size": 0}, "`batch_size` must be at least 1, got 0"),
    ({"fit_batches": 0}, "`fit_batches` must be at least 1, got 0"),
    ({"measure_batches": -1}, "`measure_batches` must be at least 1, got -1"),
    ({"pictures": {}}, "for one folder or more"),
    ({"pictures": {"a": 1.0, "b": 0.0}}, "must be above 0"),
    ({"pictures": {"a": -1.0}}, "must be above 0"),
    ({"noise_share": -0.1}, "`noise_share` at least 0, got .* and -0.1"),
    ({"held_out": {"noise": "a"}}, "`held_out`: noise is measured anyway"),
]


@pytest.mark.parametrize(("values", "words"), WRONG)
def test_what_is_out_of_its_range_is_refused(
    folders: Path, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        make_data(folders, **values)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("data.pictures", lambda folder: {"pictures": {folder: 1.0}}),
        ("data.held_out", lambda folder: {"held_out": {"kind": folder}}),
    ],
)
def test_a_folder_that_is_not_there_is_named(
    folders: Path, key: str, values: Callable[[str], dict[str, Any]]
) -> None:
    missing = str(folders / "nowhere")
    with pytest.raises(FileNotFoundError, match=f"`{key}`: there are no pictures in {missing}"):
        make_data(folders, **values(missing))
