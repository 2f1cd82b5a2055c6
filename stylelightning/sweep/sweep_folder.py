"""The folder of a sweep: ``<root>/<name>/``."""

from dataclasses import dataclass
from pathlib import Path

from stylelightning.run.folder import RunFolder


@dataclass(frozen=True)
class SweepFolder:
    """What a sweep's folder holds, and by what name: beside these, a folder for each point.

    Args:
        path: The folder.
    """

    path: Path

    @property
    def sheets(self) -> Path:
        """The folder of the contact sheets."""
        return self.path / "sheets"

    @property
    def report(self) -> Path:
        """The report, HTML."""
        return self.path / "report.html"

    @property
    def table(self) -> Path:
        """What is known of the points, CSV."""
        return self.path / "results.csv"

    @property
    def lock(self) -> Path:
        """The file that the process locks that makes the sweep."""
        return self.path / "sweep.lock"

    @property
    def taken(self) -> list[str]:
        """The names that no point's folder can have."""
        return [path.name for path in (self.sheets, self.report, self.table, self.lock)]

    def state(self, point: str) -> Path:
        """Return what is known of a point, JSON."""
        return self.path / point / "point.json"

    def run(self, folder: str) -> RunFolder:
        """Return the folder of a run, which a record names relative to the sweep's."""
        return RunFolder(self.path / folder)
