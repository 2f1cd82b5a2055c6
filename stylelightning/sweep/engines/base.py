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

    @abstractmethod
    def run(self, jobs: Sequence[Job]) -> Generator[Record, None, None]:
        """Make the runs and yield what is known of each when it ends, in any order.

        Ctrl-C stops the runs after their step, so that they can be gone on with; what is known of
        them is yielded, and no other is begun. So does closing the generator, which yields nothing.

        Args:
            jobs: The points to run.
        """


def check_least(option: str, value: float | None, least: int, engine: str) -> None:
    """Refuse a number that is too small; None is none.

    Args:
        option: Name of the option.
        value: Its value.
        least: Smallest that it may be.
        engine: Name of the engine that has it.

    Raises:
        ValueError: If it is below that.
    """
    if value is not None and value < least:
        raise ValueError(f"`{option}` of {engine} must be at least {least}, got {value}.")
