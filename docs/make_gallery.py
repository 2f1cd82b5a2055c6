"""Make the gallery: run every example below and write docs/gallery.md and its pictures.

Every picture is one command on the shipped images, shown beside it. Takes about half an hour
on two CPU cores, most of it for the pictures with the whole of VGG-16. Give names to make only
those again; the page is always written whole, and alone with ``--page``.

Usage: python docs/make_gallery.py [--page | NAME ...]
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cards import Card, grid, words
from PIL import Image

DOCS = Path(__file__).parent
FOLDER = DOCS / "images" / "gallery"
JPEG_QUALITY = 88
QUICKSTART = "--config quickstart"
TEXTURE = "--config texture"
PAINTING = "--config painting"
REGIONS = "--config regions"
UNTRAINED = "--config untrained"
ADVERSARIAL = "--config adversarial"
PHOTOREALISM = "--config photorealism"
FROM_GRAY = (
    f"{QUICKSTART} --model.init gray --data.size 192 --model.schedule.min_size null"
    " --trainer.max_steps 30 --model.optimizer.lr 0.2"
)
TRAINED = "With the whole of VGG-16"
CREDIT = """\
Made with the filters of VGG-16 of K. Simonyan and A. Zisserman, Visual Geometry Group, University
of Oxford (CC BY 4.0), which the first run fetches: {doc}`weights`.
"""


@dataclass(frozen=True)
class Example:
    """One picture of the gallery.

    Args:
        name: Name of its file.
        options: Options of ``fit``, as on the command line.
        text: What to see in it.
        tiles: How many copies are laid side by side and below each other.
    """

    name: str
    options: str
    text: str
    tiles: int = 1


SECTIONS: dict[str, tuple[Example, ...]] = {
    "Styles": (
        Example(
            "painting",
            QUICKSTART,
            "The quickstart, untouched: the bay in strokes and palette of the painting.",
        ),
        Example(
            "mosaic",
            f"{QUICKSTART} --data.style configs/images/mosaic.jpg",
            "The style picture is a mosaic: the same config, nothing else is changed.",
        ),
        Example(
            "hatching",
            f"{QUICKSTART} --data.style configs/images/hatching.jpg",
            "The style picture is a drawing: the lines follow the outlines, dark is dense.",
        ),
    ),
    TRAINED: (
        Example(
            "trained-painting",
            PAINTING,
            "VGG-16 knows a boat from the sea that it is on: the same pair as the quickstart's.",
        ),
        Example(
            "trained-mosaic",
            f"{PAINTING} --data.style configs/images/mosaic.jpg",
            "The mosaic again: each stone lies along what it shows.",
        ),
        Example(
            "trained-hatching",
            f"{PAINTING} --data.style configs/images/hatching.jpg",
            "The drawing again.",
        ),
        Example(
            "trained-ink",
            f"{PAINTING} --data.content configs/images/animal.jpg"
            " --data.style configs/images/ink.jpg",
            "A fox in brush and ink.",
        ),
        Example(
            "trained-glass",
            f"{PAINTING} --data.content configs/images/building.jpg"
            " --data.style configs/images/glass.jpg",
            "A cathedral in its own windows' glass and lead.",
        ),
        Example(
            "trained-cubism",
            f"{PAINTING} --data.content configs/images/portrait.jpg"
            " --data.style configs/images/cubism.jpg",
            "A portrait in facets.",
        ),
        Example(
            "trained-portrait",
            f"{PAINTING} --data.content configs/images/portrait.jpg",
            "The portrait in the strokes of the sunflowers.",
        ),
        Example(
            "trained-nnst",
            "--config nnst --data.size 256 --trainer.precision bf16-mixed",
            "NNST's method: the drawing stays, and every place is one of the painting's.",
        ),
    ),
    "Without a trained network": (
        Example(
            "untrained-painting",
            UNTRAINED,
            "Untrained filters and the painting's own patches: strokes, and no idea of a boat.",
        ),
        Example(
            "untrained-mosaic",
            f"{UNTRAINED} --data.style configs/images/mosaic.jpg",
            "The mosaic.",
        ),
        Example(
            "untrained-hatching",
            f"{UNTRAINED} --data.style configs/images/hatching.jpg",
            "The drawing.",
        ),
    ),
    "How much of each": (
        Example(
            "more-content",
            f"{QUICKSTART} --model.losses.content.weight 80",
            "Four times the content weight: details come back, sky and water calm down.",
        ),
        Example(
            "more-style",
            f"{QUICKSTART} --model.losses.content.weight 5",
            "A quarter of the content weight: strokes take over water, village and rock.",
        ),
        Example(
            "finer-strokes",
            f"{QUICKSTART} --data.style_scale 0.6",
            "A smaller style image has finer strokes.",
        ),
    ),
    "Regions": (
        Example(
            "regions",
            REGIONS,
            "By masks the sky is painted like the painting's sky, the land like its field, and the"
            " water like the mosaic.",
        ),
    ),
    "Terms": (
        Example(
            "without-strokes",
            f"{QUICKSTART} --model.losses.strokes null",
            "Without the patch term: the network's own idea of the painting's strokes.",
        ),
        Example(
            "without-covariances",
            f"{QUICKSTART} --model.losses.style null --callbacks.grams null",
            "Without the term of means and covariances: patches alone carry the style.",
        ),
        Example(
            "gram",
            f"{QUICKSTART} --model.losses.style GramLoss --model.calibrate.style 0.3"
            " --model.calibrate.content 1",
            "Gram matrices in place of the Wasserstein distance, with a third of the content's pull"
            " at the start: much more, and the bay is lost.",
        ),
    ),
    "A critic": (
        Example(
            "critic",
            ADVERSARIAL,
            "A critic learns beside the picture what the painting's patches look like: long strokes"
            " along the forms, and whorls that are whole.",
        ),
        Example(
            "without-critic",
            f"{ADVERSARIAL} --model.losses.critic null",
            "The same run without it: short, broken marks.",
        ),
    ),
    "Photographs": (
        Example(
            "photorealism",
            PHOTOREALISM,
            "The cathedral in the evening light of the bay: colours change, edges stay.",
        ),
        Example(
            "without-photorealism",
            f"{PHOTOREALISM} --model.losses.photo null",
            "Without the matting Laplacian: a grain lies over sky and square.",
        ),
    ),
    "Bases of the picture": (
        Example(
            "basis-pixels",
            FROM_GRAY,
            "Thirty steps from gray, on pixels.",
        ),
        Example(
            "basis-waves",
            f"{FROM_GRAY} --model.canvas FourierParametrization",
            "The same thirty steps on waves, large for low frequencies: large forms move first, and"
            " there is less grain between the strokes.",
        ),
        Example(
            "basis-colours",
            f"{FROM_GRAY} --model.canvas DecorrelatedParametrization"
            " --model.canvas.of FourierParametrization",
            "On decorrelated colours of waves: light moves more than colour.",
        ),
        Example(
            "basis-bands",
            f"{FROM_GRAY} --model.canvas LaplacianParametrization",
            "On the bands of a pyramid: after so few steps the grid of the coarse bands is seen.",
        ),
    ),
    "Colours": (
        Example(
            "style-to-content",
            f"{QUICKSTART} --data.colours StyleToContent",
            "The painting is recoloured first: its strokes in the colours of the bay.",
        ),
        Example(
            "luminance-only",
            f"{QUICKSTART} --data.colours LuminanceOnly",
            "Only light and dark are painted; every pixel keeps the colour of the bay.",
        ),
        Example(
            "no-colours",
            f"{QUICKSTART} --data.colours null",
            "Nothing is recoloured: the content term holds on to the bay's own colours.",
        ),
    ),
    "Textures": (
        Example(
            "texture",
            f"{TEXTURE} --data.size 256",
            "Four copies of one texture: no seam, since everything in it goes round its borders.",
            tiles=2,
        ),
        Example(
            "texture-mosaic",
            f"{TEXTURE} --data.size 256 --data.style configs/images/mosaic.jpg",
            "The same of the mosaic.",
            tiles=2,
        ),
        Example(
            "texture-wide",
            f"{TEXTURE} --data.style configs/images/hatching.jpg --data.aspect_ratio 2",
            "Any size and shape: 512 x 256 px of the drawing.",
        ),
    ),
}
HEADER = """\
# Gallery

Made by `python docs/make_gallery.py` from the pictures in `configs/images/`.
Those are drawn by scripts, too.
Each picture is one command: the one below it.

The pictures are made with the slim VGG that comes with the package
({doc}`slim-vgg`; derived from VGG-16 by K. Simonyan and A. Zisserman, CC BY 4.0).
Two sections have the whole of VGG-16 and none, and say so; the textures have no trained network.
"""
GIVEN = (
    Card("../configs/images/content.jpg", "Content: a bay with a lighthouse."),
    Card("../configs/images/style.jpg", "Style: sunflowers."),
    Card("../configs/images/mosaic.jpg", "Style: a mosaic."),
    Card("../configs/images/hatching.jpg", "Style: ink lines on paper."),
)


def make(example: Example) -> None:
    """Run an example and write its picture."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder, "picture.png")
        command = [sys.executable, "-m", "stylelightning", "fit", *words(example.options)]
        command += ["--output", str(picture), "--trainer.default_root_dir", folder]
        subprocess.run(command, check=True, cwd=DOCS.parent)
        one = Image.open(picture).convert("RGB")
    width, height = one.size
    whole = Image.new("RGB", (width * example.tiles, height * example.tiles))
    for number in range(example.tiles**2):
        down, across = divmod(number, example.tiles)
        whole.paste(one, (across * width, down * height))
    FOLDER.mkdir(parents=True, exist_ok=True)
    whole.save(FOLDER / f"{example.name}.jpg", quality=JPEG_QUALITY)


def page() -> str:
    """Return the gallery's Markdown."""
    parts = [HEADER, grid(GIVEN, columns=4)]
    for title, examples in SECTIONS.items():
        parts.append(f"## {title}\n")
        if title == TRAINED:
            parts.append(CREDIT)
        parts.append(
            grid(
                [
                    Card(f"images/gallery/{each.name}.jpg", each.text, options=each.options)
                    for each in examples
                ]
            )
        )
    return "\n".join(parts)


def main() -> None:
    """Make the pictures that are asked for, or all, and the page."""
    examples = {each.name: each for section in SECTIONS.values() for each in section}
    names = [] if sys.argv[1:] == ["--page"] else sys.argv[1:] or list(examples)
    if unknown := set(names) - set(examples):
        sys.exit(f"Unknown: {', '.join(sorted(unknown))}. Examples: {', '.join(examples)}.")
    for name in names:
        make(examples[name])
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
