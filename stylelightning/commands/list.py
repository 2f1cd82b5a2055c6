"""``python -m stylelightning list``: what a config may name."""

import inspect
import logging
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, get_args

from stylelightning.cli.answer import aligned, near_ones, write_answer
from stylelightning.cli.catalogue import components, networks
from stylelightning.cli.kinds import KINDS
from stylelightning.cli.presets import Preset, presets

if TYPE_CHECKING:
    from stylelightning.backbones import Backbone, Layer

LISTS = {
    "presets": "the package's own configs, for --config and for paint's --preset",
    **{name: kind.what for name, kind in KINDS.items()},
    "networks": "torchvision's networks, by the names that TorchvisionModel takes",
    "layers BACKBONE": "the layers of a backbone or a network: list layers VGG19",
}

USAGE = f"""\
usage: stylelightning list WHAT

The names that a config may use, one a line, with what each is.

what:
{"".join(f"  {what:18}{text}{chr(10)}" for what, text in LISTS.items())}
Of each layer: its channels, and in pixels of the picture its stride, its receptive field
and the smallest side of a picture that has it.
A class of your own is not listed; name it with its module, such as my_module.MyLoss. The layers
of a backbone of your own: stylelightning list layers my_module.MyBackbone

the options of one component:   stylelightning fit --model.losses.help GramLoss
"""

NETWORK_BACKBONE = "TorchvisionModel"
"""The backbone that a network of torchvision's is an option of."""

NETWORKS = " `stylelightning list networks` names the networks."

COLUMNS = ("layer", "channels", "stride", "receptive field", "smallest side")
NARROWEST = 24
"""Columns below which a sentence is not wrapped."""


def run(args: Sequence[str]) -> int:
    """Answer a command line.

    Args:
        args: What follows ``list``.
    """
    write_answer(listing(args))
    return 0


def listing(args: Sequence[str]) -> str:
    """Return what is to be written.

    Args:
        args: What follows ``list``.

    Raises:
        ValueError: If there is no such list.
    """
    if not args or {"--help", "-h"} & set(args):
        return USAGE
    what, *rest = args
    choices = [name.split()[0] for name in LISTS]
    if what not in choices:
        near = near_ones(what, choices)
        raise ValueError(f"There is no list {what!r}. {near}{_choices(choices)}")
    taken = 1 if what == "layers" else 0
    if len(rest) > taken:
        line = " ".join([what, *rest[:taken]])
        raise ValueError(f"`list {line}` takes nothing more, got {' '.join(rest[taken:])!r}.")
    if what == "layers":
        lines = layers(*rest)
    elif what == "networks":
        lines = networks()
    elif what == "presets":
        lines = sentences({each.name: _described(each) for each in presets()}, _width())
    else:
        lines = sentences(components(what), _width())
    return "".join(f"{line}\n" for line in lines)


def sentences(found: Mapping[str, str], width: int | None) -> list[str]:
    """Return lines of names and what they are.

    Args:
        found: What each is, by name.
        width: Columns of the terminal; None leaves each in one line.
    """
    indent = max(map(len, found)) + 2
    lines = []
    for name, sentence in found.items():
        text = name.ljust(indent) + _plain(sentence)
        if width is None or width - indent < NARROWEST:
            lines.append(text)
        else:
            hanging = " " * indent
            lines += textwrap.wrap(text, width, subsequent_indent=hanging, break_on_hyphens=False)
    return lines


def layers(name: str | None = None) -> list[str]:
    """Return a table of the layers of a backbone with its default options.

    Args:
        name: Class of the backbone, or name of a network of torchvision's.

    Raises:
        ValueError: If there is no such backbone.
    """
    own = own_backbone(name) if name and "." in name else None
    class_name, options = ("", {}) if own else backbone_and_options(name)
    from stylelightning import backbones  # imports torch

    logger = logging.getLogger(backbones.__name__)
    level = logger.level
    logger.setLevel(logging.ERROR)  # an untrained network's layers are those of a trained one
    try:
        backbone = untrained(own or getattr(backbones, class_name), options)
    except TypeError as error:
        raise ValueError(
            f"The layers of {name} can't be listed without its options: {error}."
        ) from error
    finally:
        logger.setLevel(level)
    return table(backbone.layer_table.values())


def own_backbone(name: str) -> type["Backbone"]:
    """Return a class of the user's own.

    Args:
        name: Its name with that of its module, such as ``my_module.MyBackbone``.

    Raises:
        ValueError: If there is none, or it is no backbone.
    """
    from stylelightning.backbones import Backbone

    module, _, last = name.rpartition(".")
    try:
        found = getattr(import_module(module), last, None)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"There is no backbone {name!r}: {error}, in the working folder or on PYTHONPATH."
        ) from error
    if found is None:
        near = near_ones(last, vars(import_module(module)))
        raise ValueError(f"There is no backbone {name!r}: {module} has no {last!r}. {near}".strip())
    if not inspect.isclass(found) or not issubclass(found, Backbone):
        raise ValueError(f"{name} is no backbone: derive it from Backbone.")
    if inspect.isabstract(found):
        raise ValueError(f"{name} is abstract, and has no layers: name a class derived from it.")
    return found


def backbone_and_options(name: str | None) -> tuple[str, dict[str, str]]:
    """Return the class that a name stands for, and the options that it implies.

    Args:
        name: A backbone, or a network of torchvision's; None when nothing was given.

    Raises:
        ValueError: If there is no such backbone.
    """
    classes = [each for each in components("backbones") if each != NETWORK_BACKBONE]
    way = _choices(classes) + NETWORKS
    if name is None:
        raise ValueError(f"`list layers` needs the name of a backbone. {way}")
    if name in classes:
        return name, {}
    if name == NETWORK_BACKBONE:
        raise ValueError(f"{name} has the layers of its network: name that one.{NETWORKS}")
    if name in networks():
        if same := [each for each in classes if each.lower() == name.lower()]:
            sys.stderr.write(
                f"note: {name} is torchvision's network, for {NETWORK_BACKBONE}; the layers of "
                f"the backbone {same[0]}: stylelightning list layers {same[0]}\n"
            )
        return NETWORK_BACKBONE, {"network": name}
    near = near_ones(name, [*classes, *networks()])
    raise ValueError(f"There is no backbone {name!r}. {near}{way}")


def untrained(backbone: type["Backbone"], options: dict[str, str]) -> "Backbone":
    """Return a backbone with nothing downloaded: untrained, or one that can't be."""
    weights = inspect.signature(backbone).parameters.get("weights")
    may_be_null = weights is not None and type(None) in get_args(weights.annotation)
    return backbone(**options, **({"weights": None} if may_be_null else {}))


def table(rows: Iterable["Layer"]) -> list[str]:
    """Return the lines of a table of layers, names on the left and numbers on the right."""
    lines: list[tuple[str, ...]] = [COLUMNS]
    for row in rows:
        numbers = (row.channels, row.stride, row.receptive_field, row.smallest_side)
        lines.append((row.name, *("-" if each is None else str(each) for each in numbers)))
    return aligned(lines, "<>>>>")


def _described(found: Preset) -> str:
    """Return a preset's line, and the trained filters that it needs."""
    return f"{found.line} Weights: {found.weights}." if found.weights else found.line


def _plain(sentence: str) -> str:
    """Return a sentence without the marks of reStructuredText."""
    return re.sub(r"(?::\w+:)?`+~?([^`]*)`+", r"\1", sentence)


def _choices(names: Sequence[str]) -> str:
    return f"There are {', '.join(names)}."


def _width() -> int | None:
    """Return the number of columns of the terminal, None when there is none."""
    shown = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if shown else None
