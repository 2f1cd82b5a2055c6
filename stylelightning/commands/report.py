"""``python -m stylelightning report``: the page of one run or several."""

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path

from stylelightning.cli.answer import write_answer
from stylelightning.cli.plain_parser import PlainParser
from stylelightning.run.folder import RunFolder, last_begun, newest_run

DESCRIPTION = """\
Writes a page of runs that `fit` made: the pictures side by side, their metrics, what differs in
their settings and what is the same, curves and a slider between any two. It is one file with the
pictures inside, which needs no server and no network and can be sent to somebody else."""

EPILOG = """\
A run is its folder, such as runs/quickstart/version_0; runs/quickstart is the newest of that name,
and `last` the newest of all in runs/. A sweep has a page already. What is on it: docs/report.md."""

ROOT = Path("runs")
"""Where runs are, unless a path says otherwise."""


def run(args: Sequence[str]) -> int:
    """Write the page.

    Args:
        args: What follows ``report``.

    Raises:
        OSError: If a run is missing, or the page can't be written.
        ValueError: If a folder is no run's.
    """
    given = parser().parse_args(args)
    folders = [find_run(each) for each in given.run]
    folders = list({each.path.resolve(): each for each in folders}.values())
    from stylelightning.cli.console import set_up_console
    from stylelightning.report.runs import contents_of
    from stylelightning.report.write import write_page  # imports torch: 4 s

    set_up_console(quiet=True)  # the answer is all that goes to standard output
    single = folders[0].report if len(folders) == 1 else RunFolder(Path()).report
    path = Path(given.output).expanduser() if given.output else single
    if path.is_dir():
        path = RunFolder(path).report
    write_page(path, contents_of(folders))
    write_answer(f"{path}  {path.stat().st_size / 1e6:.1f} MB\n")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    made = PlainParser("report", DESCRIPTION, EPILOG)
    made.add_argument(
        "run", nargs="+", metavar="RUN", help="a run's folder, a name in runs/, or `last`"
    )
    made.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the page; by default report.html in the run's folder, of several in this one",
    )
    return made


def find_run(given: str) -> RunFolder:
    """Return the folder of the run that is meant.

    Args:
        given: A run's folder, a folder of versions of one name, whose newest is taken, either of
            them also as a name in ``runs/``, or ``last``.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it is no run's.
    """
    if given == "last" and not Path(given).exists():
        if (last := last_begun(ROOT)) is None:
            raise FileNotFoundError(f"There is no run in {ROOT.absolute()}: make one with `fit`.")
        return last
    path = Path(given).expanduser()
    if not path.exists() and (ROOT / given).exists():
        path = ROOT / given
    if not path.exists():
        raise FileNotFoundError(f"There is no run {given}. {_near(path)}{_WHAT}")
    if not path.is_dir():
        raise ValueError(f"{given} is a file: name the folder of the run. {_WHAT}")
    newest = newest_run(path.parent, path.name)
    found = RunFolder(path) if newest is None else newest
    if found.student.exists() or found.explained.exists():
        raise ValueError(
            f"{found.path} is a run of `distill`, which makes a network: name one of `fit`."
        )
    if not found.config.is_file() and not found.result.is_file():
        raise ValueError(f"{given} is no run: it has neither config nor picture. {_inside(path)}")
    return found


_WHAT = "A run is a folder such as runs/quickstart/version_0; `last` is the newest."


def _near(path: Path) -> str:
    """Return a sentence with the folders that a path may have meant; empty for none."""
    places = [path.parent, *([ROOT / path.parent] if not path.is_absolute() else [])]
    folders = [each for place in places if place.is_dir() for each in place.iterdir()]
    names = {each.name: each for each in folders if each.is_dir()}
    near = difflib.get_close_matches(path.name, names, n=3)
    return f"Did you mean {', '.join(str(names[name]) for name in near)}? " if near else ""


def _inside(path: Path) -> str:
    """Return what to name in place of a folder that holds runs, or what a run is."""
    from stylelightning.sweep.sweep_folder import SweepFolder

    sweep = SweepFolder(path)
    if sweep.table.is_file():
        return f"It is a sweep, whose page is {sweep.report}."
    names = [each.name for each in sorted(path.iterdir()) if newest_run(path, each.name)]
    if names:
        return f"It has runs in it: name one, such as {path / names[0]}."
    return _WHAT
