"""LPIPS with weights that are drawn, not trained: the file's place, its hash, its absence."""

import hashlib
from pathlib import Path

import pytest
import torch
import torchvision

from stylelightning.backbones.weights.files import digest
from stylelightning.metrics import LPIPS, PictureMetrics, default_metrics
from stylelightning.metrics import lpips as module
from tests.conftest import smooth_picture

CONTENT, PICTURE = smooth_picture(24, 32, seed=1), smooth_picture(24, 32, seed=3)


def write_weights(network: str = "squeezenet1_1") -> None:
    """Write a file of drawn weights to where torchvision looks, by the name of the trained ones."""
    file = LPIPS("squeeze").file
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(torchvision.models.get_model(network, weights=None).state_dict(), file)


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> Path:
    write_weights()
    monkeypatch.setattr(module, "digest", lambda file: file.stem.rpartition("-")[2])
    return LPIPS("squeeze").file


def test_the_file_is_the_one_in_torch_hubs_cache(weights: Path) -> None:
    # the name is torchvision's
    assert weights == Path(torch.hub.get_dir(), "checkpoints", "squeezenet1_1-b8a52dc0.pth")
    assert LPIPS("squeeze").available


def test_the_distance_is_0_for_the_same_picture_and_grows(weights: Path) -> None:
    metric = LPIPS("squeeze")
    values = []
    for part in (0.0, 0.3, 1.0):
        metric.reset()
        metric.update(CONTENT.lerp(PICTURE, part), CONTENT)
        values.append(metric.compute()["lpips"].item())
    assert values[0] == 0
    assert values[0] < values[1] < values[2]


def test_several_pictures_give_their_mean(weights: Path) -> None:
    metric = LPIPS("squeeze")
    metric.update(CONTENT, CONTENT)
    metric.update(PICTURE, CONTENT)
    alone = LPIPS("squeeze")
    alone.update(PICTURE, CONTENT)
    assert metric.compute()["lpips"] == alone.compute()["lpips"] / 2


def test_the_smallest_picture_is_exact() -> None:
    # oracle: torchvision's own networks, without weights, up to their last layer that is read
    for name, network, last in (
        ("alex", torchvision.models.alexnet(), 12),
        ("squeeze", torchvision.models.squeezenet1_1(), 13),
        ("vgg", torchvision.models.vgg16(), 30),
    ):
        least = module.NEEDS[name].smallest_side
        part = network.features[:last].eval()
        with torch.no_grad():
            part(torch.zeros(1, 3, least, least))
            with pytest.raises(RuntimeError):
                part(torch.zeros(1, 3, least - 1, least - 1))


def test_a_picture_too_small_is_refused(weights: Path) -> None:
    with pytest.raises(ValueError, match="at least 17 px on its shorter side for 'squeeze', got 9"):
        LPIPS("squeeze").update(PICTURE[..., :9, :], CONTENT)


def test_without_weights_nothing_is_downloaded_and_one_line_says_what_is_missing() -> None:
    with pytest.raises(FileNotFoundError) as error:
        LPIPS().update(PICTURE.repeat(1, 1, 2, 2), CONTENT)
    folder = Path(torch.hub.get_dir(), "checkpoints")
    assert str(error.value) == (
        f"LPIPS needs alexnet-owt-7be5be79.pth, which is not in {folder}: put it there, or let it "
        "be downloaded from https://download.pytorch.org/models/alexnet-owt-7be5be79.pth with "
        "`download: true`."
    )
    assert not folder.exists()


def test_weights_of_another_hash_are_refused() -> None:
    write_weights()  # the right shapes, which is all that torchvision would ask for
    with pytest.raises(OSError, match=r"the hash of .*squeezenet1_1-b8a52dc0\.pth is another"):
        LPIPS("squeeze").update(PICTURE, CONTENT)


def test_the_hash_is_the_beginning_of_sha256(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"weights")
    assert digest(file) == hashlib.sha256(b"weights").hexdigest()


def test_a_download_that_is_asked_for_goes_through_torchvision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def fetch(name: str, network: str, entries: object) -> None:
        asked.append((name, network, entries))
        write_weights()

    monkeypatch.setattr(module, "find_weights", fetch)
    monkeypatch.setattr(module, "digest", lambda file: file.stem.rpartition("-")[2])
    metric = LPIPS("squeeze", download=True)
    metric.update(PICTURE, CONTENT)
    metric.update(PICTURE, CONTENT)
    assert asked == [("IMAGENET1K_V1", "LPIPS", torchvision.models.SqueezeNet1_1_Weights)]


def test_it_is_among_the_default_metrics_only_with_its_weights() -> None:
    names = [name for metric in default_metrics() for name in metric.names]
    assert "lpips" not in names
    file = LPIPS().file
    file.parent.mkdir(parents=True)
    file.touch()
    assert [name for metric in default_metrics() for name in metric.names] == [
        *names[:-1],
        "lpips",
        names[-1],
    ]


def test_a_damaged_file_leaves_only_its_own_number_out() -> None:
    file = LPIPS().file
    file.parent.mkdir(parents=True)
    file.touch()
    metrics = PictureMetrics()
    large = PICTURE.repeat(1, 1, 2, 2)
    found = metrics.measure(large, large, [large.flip(3)])
    assert {"ssim", "total_variation"} <= found.keys()
    assert metrics.failures.keys() == {"lpips"}
    assert "the hash of" in metrics.failures["lpips"]


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(ValueError, match="`network` must be one of alex, squeeze, vgg, got 'alx'"):
        LPIPS("alx")  # type: ignore[arg-type]
