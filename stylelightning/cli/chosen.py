"""What a run's command line chose, in few words: for lists of runs and tables of their settings."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stylelightning.cli.yaml_text import load_yaml

Setting = bool | float | str

SECTIONS = ("data.", "model.losses.", "model.schedule.", "model.", "trainer.")
"""What is left out before an option's name."""
UNSAID = re.compile(
    r"(config|name|output|ckpt_path|live|preview|print_config.*|callbacks.*"
    r"|trainer\.(default_root_dir|logger.*|enable_.*|accelerator|devices))"
)
"""Options that say where a run reads and writes and what it shows, not what picture it makes."""
PICTURES = ("data.content", "data.style", "model.init")
LONGEST_VALUE = 24
LONGEST_LABEL = 60
"""Characters, of at most four bytes each: file systems take 255 bytes."""


def chosen(args: Sequence[str]) -> dict[str, str]:
    """Return the options of a command line that change the picture, by short name.

    Configs that are layered on the first are among them, as ``config``.

    Args:
        args: The command line.

    Example:
        >>> chosen(["--config", "a.yaml", "--data.size", "96", "--model.losses.style.weight=3"])
        {'size': '96', 'style.weight': '3'}
    """
    given = _options(args)
    layers = [Path(value).stem for key, value in given if key in ("config", "c")][1:]
    found = {"config": "+".join(layers)} if layers else {}
    for key, value in given:
        if key != "c" and not UNSAID.fullmatch(key):
            found[short_key(key)] = _short_value(key, value)
    return found


def run_label(args: Sequence[str]) -> str:
    """Return what tells a run from others of its name, as the name of a folder.

    Args:
        args: Its command line.

    Returns:
        The options that change the picture, cut where they are many; empty where there are none,
        and where ``--name`` says enough.

    Example:
        >>> run_label(["--config", "a.yaml", "--data.size", "96", "--data.style=b/wave.jpg"])
        'size=96 style=wave'
    """
    if any(key == "name" for key, _ in _options(args)):
        return ""
    parts = [f"{key}={value}" if value else key for key, value in chosen(args).items()]
    parts = [re.sub(r"[^\w.=+,@-]", "_", part) for part in parts]
    kept = list(parts)
    while len(" ".join(kept)) > LONGEST_LABEL - len(" +99") and len(kept) > 1:
        kept.pop()
    label = " ".join(kept)[: LONGEST_LABEL - len(" +99")]
    if len(kept) < len(parts):
        label += f" +{len(parts) - len(kept)}"
    return label.rstrip(". ")  # which Windows does not keep


def compared(config: Mapping[str, Any], others: Mapping[str, str]) -> dict[str, Setting]:
    """Return the settings by which runs are compared.

    Args:
        config: A run's whole config.
        others: What else tells it from other runs, as ``chosen`` has it.

    Returns:
        Size, steps, precision, optimizer and its rate, backbone and the losses' weights, and the
        others, by short name.
    """
    model = config["model"]
    found: dict[str, Any] = {
        "size": config["data"]["size"],
        "steps": _mapping(model.get("schedule")).get("steps"),
        "precision": config["trainer"]["precision"] or "32-true",  # Lightning's own
        "optimizer": _class(model.get("optimizer")),
        "optimizer.lr": _options_of(model.get("optimizer")).get("lr"),
        "backbone": _class(model.get("backbone")),
    }
    for name, loss in _mapping(model.get("losses")).items():
        found[f"{name}.weight"] = _options_of(loss).get("weight")
    for key, text in others.items():
        if found.get(key) is None:
            found[key] = _value(text)
    said = {key: str(value) if isinstance(value, list) else value for key, value in found.items()}
    return {
        key: value for key, value in said.items() if isinstance(value, bool | int | float | str)
    }


def short_key(key: str) -> str:
    """Return an option's name without its section.

    Example:
        >>> short_key("model.losses.style.init_args.weight"), short_key("model.losses.style")
        ('style.weight', 'losses.style')
    """
    key = key.replace(".init_args.", ".").removesuffix(".class_path")
    section = next((each for each in SECTIONS if key.startswith(each)), "")
    short = key.removeprefix(section)
    whole_loss = section == "model.losses." and "." not in short  # `style` is a picture
    return f"losses.{short}" if whole_loss else short


def _options(args: Sequence[str]) -> list[tuple[str, str]]:
    """Return the names and values of a command line, in order."""
    found: list[tuple[str, str]] = []
    for each in args:
        if each.startswith("--") or each == "-c":
            key, _, value = each.lstrip("-").partition("=")
            found.append((key.removesuffix("+"), value))
        elif found:
            key, value = found[-1]
            found[-1] = key, f"{value} {each}".strip()
    return found


def _short_value(key: str, text: str) -> str:
    """Return a value without its folder or package, cut if it is long."""
    if re.fullmatch(r"(\w+\.)+[A-Z]\w*", text) and key not in PICTURES:
        text = text.rpartition(".")[2]
    elif key in PICTURES or "/" in text or "\\" in text:
        text = re.sub(r"[^\s,:=\[\]{}'\"]*[/\\]", "", text)
        text = Path(text).stem if re.fullmatch(r"[^\s,:=\[\]{}'\"]+", text) else text
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _options_of(part: object) -> Mapping[str, Any]:
    """Return the options of a class in a config."""
    return _mapping(_mapping(part).get("init_args"))


def _class(part: object) -> str | None:
    """Return the name of a class in a config."""
    path = _mapping(part).get("class_path")
    return None if path is None else str(path).rpartition(".")[2]


def _value(text: str) -> Setting:
    """Return a text as the number or truth value that it stands for, if it does."""
    value = load_yaml(text) if re.fullmatch(r"[\w.+-]+", text) else text
    return value if isinstance(value, bool | int | float) else text
