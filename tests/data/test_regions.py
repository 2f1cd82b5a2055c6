"""Regions from the command line: what each mask leads to, a picture or one line."""

from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image
from torch import Tensor

from stylelightning.__main__ import main
from stylelightning.images import read_picture, write_picture
from stylelightning.losses import GramLoss
from tests.conftest import TINY, Run, smooth_picture

Capture = pytest.CaptureFixture[str]
SIZE = (32, 24)


class Unweighted(GramLoss):
    """A term of a user's own that does not know of weights."""

    takes_weights = False


class Broken(GramLoss):
    """A term of a user's own that fails."""

    def compare(self, *_: object) -> Tensor:
        """Fail."""
        raise IndexError("no such matrix")


@pytest.fixture
def masks(tmp_path: Path) -> dict[str, str]:
    """Write masks of many kinds and return their paths."""
    folder = tmp_path / "masks"
    folder.mkdir()
    left = Image.new("L", SIZE, 0)
    left.paste(255, (0, 0, 16, 24))
    labels = Image.new("RGB", SIZE, "blue")
    labels.paste("yellow", (16, 0, 32, 24))
    large = labels.resize((320, 240), Image.Resampling.NEAREST)
    images = {
        "left.png": left,
        "right.png": Image.eval(left, lambda level: 255 - level),
        "white.png": Image.new("L", SIZE, 255),
        "black.png": Image.new("L", SIZE, 0),
        "square.png": Image.new("L", (24, 24), 255),
        "small.png": left.resize((16, 12)),
        "labels.png": labels,
        "palette.png": labels.quantize(2),
        "one.png": Image.new("RGB", SIZE, "red"),
    }
    for name, image in images.items():
        image.save(folder / name)
    large.save(folder / "labels.jpg", quality=60)
    layer = labels.convert("RGBA")
    layer.paste((255, 255, 255, 0), (16, 0, 32, 24))
    layer.save(folder / "layer.png")
    Image.effect_noise((200, 150), 90).convert("RGB").save(folder / "photo.jpg")
    write_picture(folder / "smooth.png", smooth_picture(24, 32, 5))
    return {path.name: str(path) for path in folder.iterdir()}


def painted(**styles: Path) -> str:
    """Return the value of ``data.style`` for style images by region."""
    entries = (f"{{path: {path}, regions: ['{name}']}}" for name, path in styles.items())
    return f"[{', '.join(entries)}]"


def bytes_of(folder: Path) -> Tensor:
    return (read_picture(folder / "result.png").pixels * 255).round()


def test_a_white_mask_makes_the_picture_of_no_mask_bit_for_bit(
    run: Run, masks: dict[str, str]
) -> None:
    for options in ((), ("--trainer.precision", "bf16-mixed")):
        plain = bytes_of(run(*options))
        for given in (f"{{all: {masks['white.png']}}}", masks["one.png"]):
            assert torch.equal(bytes_of(run(*options, "--data.content_masks", given)), plain)


@pytest.mark.parametrize("guidance", ["soft", "inside", "all"])
@pytest.mark.parametrize("weighting", ["area", "equal"])
def test_regions_are_painted_each_by_its_style_image(
    run: Run, masks: dict[str, str], style: Path, tmp_path: Path, guidance: str, weighting: str
) -> None:
    write_picture(other := tmp_path / "other.png", 1 - smooth_picture(32, 32, seed=2))
    plain = bytes_of(run())
    folder = run(
        "--data.content_masks", masks["labels.png"],
        "--data.style", painted(blue=style, yellow=other),
        "--data.regions.guidance", guidance,
        "--data.regions.weighting", weighting,
        "--model.losses.style.layers", "[level1]",
    )  # fmt: skip
    assert not torch.equal(bytes_of(folder), plain)
    assert (folder / "images" / "regions.png").is_file()


PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "another size": ("{sky: small.png}", ()),
    "one colour": ("one.png", ()),
    "a palette": ("palette.png", ("blue", "#ffff00")),
    "an alpha channel": ("layer.png", ("blue", "rest")),
    "a JPEG": ("labels.jpg", ("#0000fe", "yellow")),
    "two masks": ("{sky: left.png, land: right.png}", ("sky", "land")),
    "a rest": ("{sky: left.png}", ("sky", "rest")),
    "masks that overlap": ("{sky: left.png, all: white.png}", ("sky", "all")),
}


def with_paths(text: str, masks: dict[str, str]) -> str:
    for name, path in masks.items():
        text = text.replace(name, path)
    return text


@pytest.mark.parametrize("name", PICTURES)
def test_masks_of_all_kinds_make_a_picture(
    run: Run, masks: dict[str, str], style: Path, name: str
) -> None:
    given, regions = PICTURES[name]
    options = ["--data.content_masks", with_paths(given, masks)]
    if regions:  # each by its name
        options += ["--data.style", painted(**dict.fromkeys(regions, style))]
    pixels = read_picture(run(*options) / "result.png").pixels
    assert pixels.shape == (1, 3, 24, 32)
    assert pixels.std() > 0.05


LINES: dict[str, tuple[tuple[str, ...], str]] = {
    "another shape": (("{sky: square.png}",), "must have the shape of the content image, 32x24 px"),
    "black": (("{sky: black.png}",), "must be white somewhere, but it is black"),
    "a photograph": (("photo.jpg",), "looks like a photograph"),
    "a smooth photograph": (("smooth.png",), "looks like a photograph"),
    "no file": (("{sky: nothing.png}",), "nothing.png"),
    "no label file": (("nothing.png",), "nothing.png"),
    "no names": (("{}",), "must name a region"),
    "an unknown name kept": (
        ("labels.png", "--data.regions.keep", "[red]"),
        "'red', which the content image does not have: it has blue, yellow",
    ),
    "an unknown name held": (
        ("labels.png", "--data.regions.content", "{sky: 2}"),
        "'sky', which the content image does not have: it has blue, yellow",
    ),
    "an unknown name painted": (
        ("labels.png", "--data.style", "[{path: STYLE, regions: [sky]}]"),
        "'sky', which the content image does not have: it has blue, yellow",
    ),
    "neither painted nor kept": (
        ("labels.png", "--data.style", "[{path: STYLE, regions: [blue]}]"),
        "The region 'yellow' of the content image has no style image",
    ),
    "all kept": (
        ("labels.png", "--data.regions.keep", "[blue, yellow]"),
        "leave a region to paint",
    ),
    "no content image": (
        ("labels.png", "--data.content", "null", "--model.losses.content", "null"),
        "needs a content image and a style image",
    ),
    "no style image": (
        ("labels.png", "--data.style", "null", "--model.losses.style", "null"),
        "needs a content image and a style image",
    ),
    "a factor below 0": (("labels.png", "--data.regions.content", "{blue: -1}"), "at least 0"),
    "no mask": (
        ("null", "--data.style", "[{path: STYLE, regions: [blue]}]"),
        "needs regions of the content image: give `data.content_masks`",
    ),
    "a term that heeds no weights": (
        ("labels.png", "--model.losses.style=tests.data.test_regions.Unweighted"),
        "Unweighted can't be computed in regions",
    ),
    "a term that fails": (
        ("labels.png", "--model.losses.style=tests.data.test_regions.Broken"),
        "The loss 'style', Broken, fails in `forward`",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_what_makes_no_sense_is_one_line(
    run: Run, masks: dict[str, str], style: Path, capsys: Capture, name: str
) -> None:
    given, text = LINES[name]
    options = [with_paths(each, masks).replace("STYLE", str(style)) for each in given]
    root = run("--data.content_masks", *options, code=2)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    errors = [line for line in lines if not line.startswith("warning: model.losses.style: ")]
    assert len(errors) == 1, errors
    assert text in errors[0]
    assert not list(root.glob("*/version_*"))


@pytest.mark.parametrize("masked", ["sky: MASK", "blue"])
def test_a_kept_region_is_the_content_image_exactly(
    run: Run, masks: dict[str, str], content: Path, masked: str
) -> None:
    given = f"{{sky: {masks['left.png']}}}" if masked.startswith("sky") else masks["labels.jpg"]
    name = masked.split(":")[0]
    folder = run("--data.content_masks", given, "--data.regions.keep", f"[{name}]")
    made, kept = bytes_of(folder), (read_picture(content).pixels * 255).round()
    assert torch.equal(made[..., :15], kept[..., :15])
    assert (made[..., 17:] != kept[..., 17:]).float().mean() > 0.5


def test_a_region_may_be_held_more(run: Run, masks: dict[str, str], content: Path) -> None:
    own = read_picture(content).pixels
    distances = []
    for factor in ("0", "20"):
        folder = run(
            "--data.content_masks", masks["labels.png"],
            "--data.regions.content", f"{{blue: {factor}}}",
            "--model.losses.style.weight", "1", "--model.schedule.steps", "30",
        )  # fmt: skip
        made = read_picture(folder / "result.png").pixels
        distances.append(float((made - own)[..., :14].square().mean()))
    assert distances[1] < 0.8 * distances[0]


def test_resuming_in_regions_is_exact(
    run: Run, masks: dict[str, str], style: Path, content: Path
) -> None:
    options = [
        "--data.content_masks", masks["labels.png"],
        "--data.style", painted(blue=style, yellow=content),
        "--model.losses.patches", "PatchLoss", "--model.losses.patches.layers", "[image]",
        "--model.losses.patches.size", "3", "--model.losses.patches.weight", "100",
        "--model.losses.patches.renew_every_n_steps", "2",
    ]  # fmt: skip
    whole = run(*options)
    for steps in ("2", "4"):  # in the first scale and in the second, between two searches
        stopped = run(*options, "--trainer.max_steps", steps)
        resumed = run(*options, "--ckpt_path", str(stopped / "checkpoints" / "last.ckpt"))
        assert torch.equal(bytes_of(resumed), bytes_of(whole)), steps


def test_calibration_and_balance_see_the_regions(
    run: Run, masks: dict[str, str], style: Path
) -> None:
    folder = run(
        "--data.content_masks", f"{{sky: {masks['left.png']}, land: {masks['right.png']}}}",
        "--model.calibrate", "{content: 1, style: 2}",
        "--callbacks.balance", "GradientBalance", "--callbacks.balance.every_n_steps", "3",
    )  # fmt: skip
    assert list((folder / "gradients").glob("*.png"))


def test_output_onto_a_mask_is_refused(
    run: Run, masks: dict[str, str], style: Path, capsys: Capture
) -> None:
    before = Path(masks["labels.png"]).read_bytes()
    for key, options in (
        ("data.content_masks", ("--data.content_masks", masks["labels.png"])),
        ("data.content_masks", ("--data.content_masks", f"{{sky: {masks['labels.png']}}}")),
        (
            "data.style",
            (
                "--data.content_masks", masks["palette.png"],
                "--data.style", f"[{{path: {style}, mask: {masks['labels.png']}}}]",
            ),
        ),
    ):  # fmt: skip
        run(*options, "--output", masks["labels.png"], code=2)
        assert f"`output` would replace `{key}`" in capsys.readouterr().err
    assert Path(masks["labels.png"]).read_bytes() == before


def test_a_sweep_has_points_with_and_without_masks(
    tmp_path: Path, masks: dict[str, str], content: Path, style: Path
) -> None:
    spec = tmp_path / "sweep.yaml"
    options = {"data.content": str(content), "data.style": str(style)}
    axis = [None, masks["labels.png"], {"sky": masks["left.png"]}]
    given = {"name": "masks", "base": str(TINY), "options": options}
    spec.write_text(yaml.safe_dump({**given, "axes": {"data.content_masks": axis}}))
    assert main(["sweep", "--config", str(spec), "--root", str(tmp_path / "runs")]) == 0
    made = list((tmp_path / "runs").rglob("result.png"))
    assert len(made) == 3
    assert len({path.read_bytes() for path in made}) == 3
