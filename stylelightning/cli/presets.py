"""The package's own configs by name; nothing of torch is imported.

A name is the path below ``configs/`` without its ending: ``quickstart``, ``study/baseline``.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from stylelightning.cli.answer import near_ones
from stylelightning.cli.catalogue import first_sentence
from stylelightning.cli.yaml_text import load_yaml
from stylelightning.files.paths import absolute_path, natural
from stylelightning.files.shipped import shipped, shipped_folder

DEFAULT = "quickstart"
"""The preset of a run that is given no config."""
LONGEST_LINE = 100
"""Characters of a preset's line, from which on it is cut at its last comma or colon."""
SOURCES = Path(__file__).parents[1] / "backbones" / "weights" / "sources.toml"


@dataclass(frozen=True)
class Preset:
    """One of the package's own configs.

    Args:
        name: What it is called by.
        path: Its file.
        line: What it is, the beginning of the file's first comment.
        weights: The trained filters that its first run fetches or must be given, with their size
            where it is known; empty for none.
    """

    name: str
    path: Path
    line: str
    weights: str


def preset_names() -> list[str]:
    """Return the names of the package's configs: those at the top first, then folder by folder."""
    folder = shipped_folder()
    paths = [path.relative_to(folder).with_suffix("") for path in folder.rglob("*.yaml")]
    ordered = sorted(paths, key=lambda path: (path.parts[:-1], natural(path.name)))
    return [path.as_posix() for path in ordered]


def presets() -> list[Preset]:
    """Return the package's configs, in the order of ``preset_names``."""
    return [preset(name) for name in preset_names()]


def preset(name: str) -> Preset:
    """Return one of the package's configs.

    Args:
        name: What it is called by.

    Raises:
        FileNotFoundError: If there is none; near names are said.
    """
    path = preset_path(name)
    text = path.read_text(encoding="utf-8")
    return Preset(name, path, line_of(text), _weights_of(load_yaml(text)))


def preset_path(name: str) -> Path:
    """Return the file of one of the package's configs.

    Args:
        name: What it is called by, such as ``quickstart`` or ``study/baseline``.

    Raises:
        FileNotFoundError: If there is none; near names are said.
    """
    names = preset_names()
    if name not in names:
        raise FileNotFoundError(
            f"There is no preset {name!r}. {_near(name, names)}`stylelightning list presets` names "
            "them."
        )
    return shipped_folder() / f"{name}.yaml"


def config_path(given: str) -> Path:
    """Return the file that ``--config`` names.

    Args:
        given: A path, of which one that begins with ``configs/`` may be the package's own, or the
            name of a preset. A file that is there wins over a preset of its name.

    Raises:
        FileNotFoundError: If there is no such file or preset; files and presets with near names are
            said.
        IsADirectoryError: If it is a folder.
    """
    path = absolute_path(shipped(given))
    if path.is_file():
        return path
    names = preset_names()
    if given in names:
        return preset_path(given)
    if path.is_dir():
        raise IsADirectoryError(f"The config {path} is a folder: give a YAML file.")
    folder = Path(given).parent
    files = [str(folder / each.name) for each in path.parent.glob("*") if each.is_file()]
    raise FileNotFoundError(
        f"There is no config file {path} and no preset {given!r}. "
        f"{_near(given, [*files, *names])}`stylelightning list presets` names them."
    )


def with_preset(args: Sequence[str], preset: str = DEFAULT) -> list[str]:
    """Return the options of a run, of which one without a config takes a preset.

    Args:
        args: The options; those that ask for help alone stay as they are.
        preset: The preset.
    """
    given = any(arg.startswith(("--config=", "-c")) or arg == "--config" for arg in args)
    return [*args] if given or asks_for_help(args) else ["--config", preset, *args]


def asks_for_help(args: Sequence[str]) -> bool:
    """Return whether options ask for help, such as ``--model.losses.help``."""
    keys = [arg.partition("=")[0] for arg in args]
    return any(key in ("-h", "--help") or re.fullmatch(r"--\S+\.help", key) for key in keys)


def line_of(text: str) -> str:
    """Return what a config is, in one line.

    Args:
        text: Its YAML, of which the first comment says it: its first sentence, without addresses,
            and cut at a comma or a colon if it is long.
    """
    lines = text.splitlines()
    words = [line[2:] for line in takewhile(lambda line: line.startswith("# "), lines)]
    line = first_sentence(re.sub(r"\s*\(https?://[^)]*\)", "", " ".join(words)))
    if len(line) <= LONGEST_LINE:
        return line
    return re.split(r"[,:;](?= [^,:;]*$)", line[:LONGEST_LINE])[0] + "."


def _near(given: str, names: Sequence[str]) -> str:
    """Return a sentence with near names, first those that are in a folder that was left out."""
    same = [name for name in names if name.rpartition("/")[2] == given]
    return f"Did you mean {same[0]}? " if same else near_ones(given, names)


def _weights_of(config: Mapping[str, Any]) -> str:
    """Return the trained filters that a config's first run fetches or must be given."""
    network, weights = _filters(config)
    facts = tomllib.loads(SOURCES.read_text(encoding="utf-8"))
    if weights in (None, facts["slim"]["name"]):
        return ""
    for source in [facts["oxford"], *facts["torchvision"]]:
        if (source["name"], source["network"]) == (weights, network):
            return f"{weights} of {network}, {source['megabytes']} MB"
    return f"{weights} of {network}"


def _filters(config: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return a config's network and the name of its filters."""
    options = config.get("options", {})
    if "base" in config and not {"model.backbone", "model.backbone.weights"} & options.keys():
        return _filters(load_yaml(config_path(config["base"]).read_text(encoding="utf-8")))
    model = config.get("model", {})
    backbone = options.get("model.backbone") or model.get("backbone") or model.get("teacher") or {}
    given = backbone.get("init_args", {})
    return given.get("network", backbone.get("class_path", "")), given.get("weights")
