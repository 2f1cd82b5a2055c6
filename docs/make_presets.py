"""Make the page of presets: paint one pair under each, and write down what it took.

An hour of one core, most of it for the recipes of other programs. Give names to make only
those again; what the others took is kept in docs/images/presets/measured.json. The page is always
written whole, and alone with ``--page``.

Usage: python docs/make_presets.py [--page | NAME ...]
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cards import Card, grid, words
from PIL import Image

DOCS = Path(__file__).parent
FOLDER = DOCS / "images" / "presets"
MEASURED = FOLDER / "measured.json"
JPEG_QUALITY = 88
SIZE = 256
ON_VGG16 = "--model.backbone VGG16 --model.backbone.weights oxford"


@dataclass(frozen=True)
class Preset:
    """A preset on the page.

    Args:
        name: Its name.
        text: When to take it, and what to see.
        changes: Options that it needs here.
    """

    name: str
    text: str
    changes: str = ""

    @property
    def options(self) -> str:
        """The options of its run."""
        return f"--config {self.name} {self.changes}".strip()


SECTIONS: dict[str, tuple[Preset, ...]] = {
    "Of this project": (
        Preset("quickstart", "The first picture, and any picture in a hurry. Nothing is fetched."),
        Preset("painting", "The best picture. VGG-16's filters are fetched once, 58 MB."),
        Preset("untrained", "No trained network at all: strokes, and no idea of a boat."),
        Preset("fast", "crowson's losses in a fraction of its time.", ON_VGG16),
        Preset("adversarial", "A critic learns beside the picture: long strokes, few details."),
    ),
    "Of papers and other programs": (
        Preset(
            "gatys2016", "The paper: from white noise, with L-BFGS and Gram matrices.", ON_VGG16
        ),
        Preset(
            "johnson-neural-style",
            "The first program that many used, in Lua at its time.",
            ON_VGG16,
        ),
        Preset("neural-style-pt", "The same in PyTorch.", ON_VGG16),
        Preset("crowson", "Wasserstein distances over five scales: smooth and painted.", ON_VGG16),
        Preset("pystiche", "Fine strokes; sunflowers stand where the boat was.", ON_VGG16),
        Preset(
            "gordicaleksa",
            "Content and Gram matrices in the range [0, 255]. Sunflowers again.",
            f"{ON_VGG16} --model.backbone.normalization null",
        ),
        Preset(
            "strotss-like",
            "The content made of the style's own matter: a sunflower for a boat.",
            "--model.backbone.weights oxford --model.backbone.normalization null"
            " --model.backbone.activations unit",
        ),
        Preset("nnst", "The content's drawing in the style's strokes and hues."),
        Preset(
            "gpdm-like",
            "Patches of pixels alone: the palette, a grain, no strokes. Nothing is fetched.",
        ),
    ),
}
HEADER = f"""\
# Which preset?

The same pair under every preset, {SIZE} px on the longer side, in `bf16-mixed`, each run to its
end.
*Seconds* are those of one core of a Xeon with AMX, from the start of the process to its end, and
*MB* the most memory that it had.
Compare them with each other; `stylelightning plan` measures your own machine.

In a hurry or without a network: `quickstart`.
For the picture that hangs on a wall: `painting`.
To compare with a paper or another program: its own preset, proven equal to its formula
({{doc}}`configs`).
`stylelightning list presets` names them all.

Presets that ask for VGG-19, or for VGG-16 with torchvision's filters, ran on VGG-16 with Oxford's
original ones (K. Simonyan and A. Zisserman, Visual Geometry Group, University of Oxford,
CC BY 4.0), as the commands say; the quickstart's slim network is derived from them.
Left out are `resnet`, whose filters are not at hand here, `texture`, which has no content image,
`photorealism`, which takes two photographs, `large`, which is for pictures of 2048 px and more
({{doc}}`large-pictures`), and `regions`, which has two style images and masks: {{doc}}`regions`.
"""


def make(preset: Preset) -> dict[str, float]:
    """Paint a preset's picture.

    Returns:
        The seconds and the megabytes that it took.
    """
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder, "picture.png")
        command = [sys.executable, "-m", "stylelightning", "fit", *words(preset.options)]
        command += ["--data.size", str(SIZE), "--data.content", "configs/images/content.jpg"]
        command += ["--data.style", "configs/images/style.jpg", "--output", str(picture)]
        command += ["--trainer.default_root_dir", folder]
        command += ["--trainer.precision", "bf16-mixed"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, cwd=DOCS.parent, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        seconds = used.ru_utime + used.ru_stime
        if status:
            sys.exit(f"{preset.name} failed.")
        FOLDER.mkdir(parents=True, exist_ok=True)
        Image.open(picture).convert("RGB").save(FOLDER / f"{preset.name}.jpg", quality=JPEG_QUALITY)
    return {"seconds": round(seconds, 1), "megabytes": round(used.ru_maxrss / 1024)}


def page(measured: dict[str, dict[str, float]]) -> str:
    """Return the page's Markdown."""
    names = [each.name for section in SECTIONS.values() for each in section]
    missing = [f"`{name}`" for name in names if name not in measured]
    parts = [HEADER, *([f"Not painted yet: {', '.join(missing)}.\n"] if missing else [])]
    for title, presets in SECTIONS.items():
        cards = []
        for each in (each for each in presets if each.name in measured):
            took = measured[each.name]
            text = f"{each.text} *{took['seconds']:.0f} s, {took['megabytes']:,.0f} MB.*"
            alt = f"The bay under the preset {each.name}."
            image = f"images/presets/{each.name}.jpg"
            cards.append(Card(image, text, each.name, each.options, alt))
        if cards:
            parts.append(f"## {title}\n\n{grid(cards)}")
    return "\n".join(parts)


def main() -> None:
    """Make the pictures that are asked for, or all, and the page."""
    presets = {each.name: each for section in SECTIONS.values() for each in section}
    names = [] if sys.argv[1:] == ["--page"] else sys.argv[1:] or list(presets)
    if unknown := set(names) - set(presets):
        sys.exit(f"Unknown: {', '.join(sorted(unknown))}. Presets: {', '.join(presets)}.")
    for name in names:
        took = make(presets[name])
        MEASURED.write_text(f"{json.dumps({**read_measured(), name: took}, indent=2)}\n")
    (DOCS / "presets.md").write_text(page(read_measured()), encoding="utf-8")


def read_measured() -> dict[str, dict[str, float]]:
    """Return what each preset took that was painted before."""
    found: dict[str, dict[str, float]] = {}
    if MEASURED.is_file():
        found = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()
