"""What a server of the live view can be asked."""

from abc import ABC, abstractmethod
from typing import Any

from stylelightning.live.frame import Frame


class View(ABC):
    """What is shown. The threads of the server call it, several at a time."""

    @abstractmethod
    def state(self, seen: str) -> dict[str, Any]:
        """Return what there is to say, as JSON holds it; ``mark`` names what is new.

        Waits up to a second for another mark.

        Args:
            seen: The mark of the state that was seen; empty for none.
        """

    @abstractmethod
    def picture(self, point: int, seen: str) -> Frame | None:
        """Return the newest picture; waits for some seconds for a newer one.

        Args:
            point: Which point of a sweep it is of.
            seen: The tag of the frame that was seen; empty for none.
        """

    @abstractmethod
    def stop(self) -> None:
        """End what is shown as Ctrl-C does; a second call does nothing."""
