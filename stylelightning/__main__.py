"""``python -m stylelightning``: which commands there are, and how each is called."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from stylelightning import __version__
from stylelightning.cli.answer import near_ones, write_answer, write_error
from stylelightning.cli.errors import UsageError, attempt

COMMANDS = {
    "paint": "a picture out of two: stylelightning paint me.jpg art.jpg -o out.png",
    "fit": "the same with every option there is: stylelightning fit --config quickstart",
    "plan": "what that would take, time and memory, with the same options",
    "sweep": "runs that differ in some keys: stylelightning sweep --config sweeps/start",
    "batch": "every content image in every style: stylelightning batch --contents photos "
    "--styles art",
    "video": "a clip, frame by frame: stylelightning video --content clip.mp4 --style art.jpg "
    "--output out.mp4",
    "distill": "train a slim network on a large one: stylelightning distill --config "
    "distillation/slim",
    "report": "one page of runs, to look at and to send: stylelightning report last",
    "test": "how near a picture is to its style and its content: stylelightning test --image "
    "out.png",
    "list": "presets, and what a config may name: stylelightning list presets",
    "weights": "which trained filters there are and are here: stylelightning weights",
}
"""Help by name. Each is a module of ``stylelightning.commands``, imported when it is called."""

USAGE = f"""\
usage: stylelightning [--version] [--help] COMMAND ...

Neural style transfer by optimisation: one command turns two pictures into a third.

commands:
{"".join(f"  {name:9}{text}{chr(10)}" for name, text in COMMANDS.items())}
every option of a command:      stylelightning fit --help
the options of one component:   stylelightning fit --model.losses.help GramLoss
a command of your own:          python -m stylelightning my_module.my_function
"""

Command = Callable[[Sequence[str]], int | None]


def main(args: list[str] | None = None) -> int:
    """Run the program.

    Args:
        args: Command line without the program's name; ``sys.argv`` by default.

    Returns:
        Exit code: 0 done, 1 failed run, 2 bad command line or input, 130 and 143 stopped by
        Ctrl-C and SIGTERM (or a closed terminal). ``STYLELIGHTNING_DEBUG=1`` shows the traceback
        of every error.

    Raises:
        Exception: An error in a run that no user can mend; its picture is written.
    """
    if args is None:
        speak_utf8()
        find_own_modules()
    given = sys.argv[1:] if args is None else args
    try:
        outcome = attempt(lambda: _answer(given))
    except KeyboardInterrupt:  # before or after the run: there is no picture to save
        write_error("stopped")
        return 130
    if outcome.error:
        write_error(f"error: {outcome.error}")
    return outcome.code or int(outcome.value or 0)


def readable(args: Sequence[str]) -> Sequence[str]:
    """Return arguments that are texts, so that a config can keep them.

    Raises:
        UsageError: If one has bytes that are no UTF-8.
    """
    for each in args:
        if any("\ud800" <= letter <= "\udfff" for letter in each):
            raise UsageError(
                f"{each!r} has bytes that are no UTF-8, which a config can't keep: rename the file."
            )
    return args


def speak_utf8() -> None:
    """Start the program again in Python's UTF-8 mode where files and names are not UTF-8.

    So it is under ``LC_ALL=C`` with ``PYTHONUTF8=0``; Windows has UTF-8 for all names.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.name == "posix":
        os.environ["PYTHONUTF8"] = "1"  # for the processes of a sweep, too
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def find_own_modules() -> None:
    """Let modules in the working folder be found by the installed program as by ``python -m``."""
    folder = os.getcwd()  # noqa: PTH109 - as Python has it in its path
    if not sys.flags.safe_path and not {folder, ""} & set(sys.path):
        sys.path.insert(0, folder)


def _answer(given: Sequence[str]) -> int | None:
    """Return what a command line's command returns, or that of the program's own two options."""
    if list(given) in (["--version"], ["-V"]):
        write_answer(f"stylelightning {__version__}\n")
        return 0
    if not given or given[0] in ("--help", "-h"):
        write_answer(USAGE)
        return 0 if given else 2
    return command(given[0])(readable(given[1:]))


def command(name: str) -> Command:
    """Return what runs a command.

    Args:
        name: One of ``COMMANDS``, or a function of the user's own with its module, such as
            ``my_module.my_function``.

    Raises:
        UsageError: If there is none.
    """
    if name in COMMANDS:
        found: Command = import_module(f"stylelightning.commands.{name}").run
        return found
    module, _, function = name.rpartition(".")
    if not module or not all(part.isidentifier() for part in name.split(".")):
        near = near_ones(name, COMMANDS)
        raise UsageError(f"There is no command {name!r}. {near}There are {', '.join(COMMANDS)}.")
    try:
        own: Command | None = getattr(import_module(module), function, None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # a module that it needs
        raise UsageError(
            f"There is no command {name!r}: there is no module {error.name!r} in the working "
            "folder, where `python -m stylelightning` looks, or on PYTHONPATH."
        ) from error
    if not callable(own):
        functions = [each for each, value in vars(sys.modules[module]).items() if callable(value)]
        raise UsageError(
            f"There is no command {name!r}: {module} has no function {function!r}. "
            f"{near_ones(function, functions)}".rstrip()
        )
    return own


if __name__ == "__main__":
    sys.exit(main())
