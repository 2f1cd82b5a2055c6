"""Draw pictures with labels side by side, as one picture."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

Cell = Image.Image | str | None
"""A picture, a note on grey in place of one, or nothing."""

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

GAP = 8  # pixels between two cells
LINE = 22  # pixels from one line of a label to the next
NOTE_LINE = 16
LABEL_LINES = 3
TALLEST = 2  # height of a picture by its width: a taller one is made narrower
INK, SOFT_INK, GREY = (0, 0, 0), (110, 110, 110), (228, 228, 228)

_FONT = ImageFont.load_default(15)
_NOTE_FONT = ImageFont.load_default(12)


@dataclass(frozen=True)
class Block:
    """A part of a sheet: cells in rows under one title.

    Args:
        title: What the cells have in common; empty for no line.
        columns: Labels above the cells.
        rows: For each row's label its cells; the label may be empty.
    """

    title: str
    columns: Sequence[str]
    rows: Mapping[str, Sequence[Cell]]


def draw_sheet(blocks: Sequence[Block], tile: int, heading: str = "") -> Image.Image:
    """Return labelled pictures on white, block below block.

    A picture keeps its shape; it is as wide as a tile, or narrower if it is very tall. A label
    is wrapped to the width of a tile; what is beyond its third line is cut.

    Args:
        blocks: The parts, from top to bottom.
        tile: Width of a picture in pixels.
        heading: A line above everything.
    """
    margin = _margin(blocks, tile)
    count = max((len(block.columns) for block in blocks), default=0)
    width = margin + count * (tile + GAP) + GAP
    head = wrapped(heading, _FONT, width - 2 * GAP, LABEL_LINES) if heading else []
    fitted = [_fitted(block, tile) for block in blocks]
    height = sum(_height(block, tile) for block in fitted) + len(head) * LINE + GAP
    whole = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(whole)
    _write(draw, (GAP, GAP), head, INK)
    top = GAP + len(head) * LINE
    for block in fitted:
        _draw_block(whole, block, tile, margin, top)
        top += _height(block, tile)
    return whole


def banded(picture: Image.Image, text: str, tile: int) -> Image.Image:
    """Return the picture at its size on a sheet, with a line of text on a band at its foot.

    Args:
        picture: Picture of mode RGB; it is left as it is.
        text: What the band says.
        tile: Width of a picture on the sheet in pixels.
    """
    picture = _resized(picture, tile)
    draw = ImageDraw.Draw(picture)
    top = picture.height - LINE
    draw.rectangle((0, top, picture.width, picture.height), fill=GREY)
    draw.text((GAP, top + 3), text, fill=INK, font=_NOTE_FONT)
    return picture


def wrapped(text: str, font: Font, width: int, most: int) -> list[str]:
    """Return the lines of a text that fit a width, broken at spaces and after ``. / _ = , -``.

    A part that is too long for a line is broken anywhere. When there are too many lines, the last
    one that is kept ends with "…".

    Args:
        text: What to write.
        font: How it is written.
        width: Of a line, in pixels.
        most: Number of lines that are kept, at least 1.
    """
    lines = [""]
    for part in re.findall(r"[^\s./_=,-]*[./_=,-]|[^\s./_=,-]+|\s+", text):
        if font.getlength((lines[-1] + part).rstrip()) <= width:
            lines[-1] += part
            continue
        if lines[-1].strip():
            lines.append("")
        for letter in part.lstrip():
            if lines[-1] and font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    lines = [line.strip() for line in lines]
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and font.getlength(last + "…") > width:
        last = last[:-1]
    return [*lines[: most - 1], last.rstrip() + "…"]


def _fitted(block: Block, tile: int) -> Block:
    """Return the block with its pictures at their size on the sheet."""
    rows = {
        label: [_resized(each, tile) if isinstance(each, Image.Image) else each for each in cells]
        for label, cells in block.rows.items()
    }
    return Block(block.title, block.columns, rows)


def _resized(picture: Image.Image, tile: int) -> Image.Image:
    height = picture.height * tile // picture.width
    if height <= TALLEST * tile:
        size = (tile, max(1, height))
    else:
        size = (max(1, picture.width * TALLEST * tile // picture.height), TALLEST * tile)
    return picture.resize(size, Image.Resampling.BICUBIC)


def _margin(blocks: Sequence[Block], tile: int) -> int:
    """Return the width that the labels of the rows take on the left."""
    labels = [line for block in blocks for row in block.rows for line in _label(row, tile)]
    widest = max((_FONT.getlength(line) for line in labels), default=0)
    return round(widest) + GAP if widest else 0


def _label(text: str, tile: int) -> list[str]:
    return wrapped(text, _FONT, tile, LABEL_LINES)


def _head_height(block: Block, tile: int) -> int:
    """Return the height of a block's title and of the labels of its columns."""
    most = max((len(_label(each, tile)) for each in block.columns), default=0)
    return (most + bool(block.title)) * LINE


def _row_height(cells: Sequence[Cell], label: str, tile: int) -> int:
    pictures = [each.height for each in cells if isinstance(each, Image.Image)]
    lines = len(_label(label, tile)) * LINE if label else 0
    return max([*(pictures or [tile * 3 // 4]), lines])


def _height(block: Block, tile: int) -> int:
    rows = [_row_height(cells, label, tile) + GAP for label, cells in block.rows.items()]
    return _head_height(block, tile) + sum(rows)


def _draw_block(whole: Image.Image, block: Block, tile: int, margin: int, top: int) -> None:
    draw = ImageDraw.Draw(whole)
    if block.title:
        _write(draw, (GAP, top), [block.title], SOFT_INK)
        top += LINE
    lefts = [margin + GAP + place * (tile + GAP) for place in range(len(block.columns))]
    for left, label in zip(lefts, block.columns, strict=True):
        _write(draw, (left, top), _label(label, tile), INK)
    top += _head_height(block, tile) - LINE * bool(block.title)
    for label, cells in block.rows.items():
        height = _row_height(cells, label, tile)
        _write(draw, (GAP, top), _label(label, tile), INK)
        for left, cell in zip(lefts, cells, strict=False):  # the last ones may be missing
            if isinstance(cell, Image.Image):
                whole.paste(cell, (left, top))
            elif cell is not None:
                _draw_note(draw, cell, (left, top, left + tile, top + height))
        top += height + GAP


def _draw_note(draw: ImageDraw.ImageDraw, text: str, box: tuple[int, int, int, int]) -> None:
    """Write a note on grey, in the box (left, top, right, bottom)."""
    left, top, right, bottom = box
    draw.rectangle((left, top, right - 1, bottom - 1), fill=GREY)
    most = max(1, (bottom - top - 2 * GAP) // NOTE_LINE)
    lines = wrapped(text, _NOTE_FONT, right - left - 2 * GAP, most)
    for number, line in enumerate(lines):
        place = (left + GAP, top + GAP + number * NOTE_LINE)
        draw.text(place, line, fill=(60, 60, 60), font=_NOTE_FONT)


def _write(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], lines: Sequence[str], colour: Colour
) -> None:
    for number, line in enumerate(lines):
        draw.text((place[0], place[1] + number * LINE), line, fill=colour, font=_FONT)
