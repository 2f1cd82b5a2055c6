"""The folder of a sweep: ``<root>/<name>/``."""

from dataclasses import dataclass
from pathlib import Path

from stylelightning.run.folder import RunFolder


@dataclass
class SweepFolder:
    """What a sweep's folder holds, and by what name: beside these, a folder for each point.

    Args:
        path: The folder.

    Attributes:
        sheets: The folder of the contact sheets.
        report: The report, HTML.
        table: What is known of the points, CSV.
        lock: The file that the process locks that makes the sweep.
        taken: The names that no point's folder can have.
    """

    path: Path

    def __post_init__(self) -> None:
        """Name what is in the folder."""
        self.sheets = self.path / "sheets"
        self.report = self.path / "report.html"
        self.table = self.path / "results.csv"
        self.lock = self.path / "sweep.lock"
        self.taken = [path.name for path in (self.sheets, self.report, self.table, self.lock)]

    def state(self, point: str) -> Path:
        """Return what is known of a point, JSON."""
        return self.path / point / "point.json"

    def run(self, folder: str) -> RunFolder:
        """Return the folder of a run, which a record names relative to the sweep's."""
        return RunFolder(self.path / folder)
