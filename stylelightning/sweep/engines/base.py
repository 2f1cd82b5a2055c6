"""What every engine promises."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence

from stylelightning.sweep.job import Job
from stylelightning.sweep.records import Record


class Engine(ABC):
    """Makes runs, one after the other or several at once.

    All engines call `run_job`, so that they make the same pictures, if their runs have the same
    number of threads.
    """

    @property
    @abstractmethod
    def at_once(self) -> int:
        """How many runs are made at the same time."""

    @abstractmethod
    def run(self, jobs: Sequence[Job]) -> Generator[Record, None, None]:
        """Make the runs and yield what is known of each when it ends, in any order.

        Closing the iterator, or Ctrl-C, stops the runs after their step: they can be gone on with.

        Args:
            jobs: The points to run.
        """
