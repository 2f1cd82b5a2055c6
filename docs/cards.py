"""Pictures side by side on a page: cards in a grid, as sphinx-design has them."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A picture, what there is to see, and the command that makes it.

    Args:
        image: Path of the picture, from the page.
        text: What to see in it.
        title: Heading; empty for none.
        options: Options of ``fit``, as on the command line; empty for no command.
        alt: The picture in words; by default the text.
    """

    image: str
    text: str
    title: str = ""
    options: str = ""
    alt: str = ""

    def markdown(self) -> str:
        """Return the card, a part of a grid."""
        lines = [f":::{{grid-item-card}} {self.title}".rstrip(), f":img-top: {self.image}"]
        lines += [f":img-alt: {self.alt or self.text}", "", self.text]
        if self.options:
            lines += ["", "```bash", command(self.options), "```"]
        return "\n".join([*lines, ":::"])


def grid(cards: Sequence[Card], columns: int = 2) -> str:
    """Return a grid, of one column on a telephone.

    Args:
        cards: The cards, row by row.
        columns: Columns of a page of usual width.
    """
    between = min(2, columns)
    head = f"::::{{grid}} 1 {between} {columns} {columns}\n:gutter: 3"
    return "\n\n".join([head, *(card.markdown() for card in cards), "::::"]) + "\n"


def command(options: str) -> str:
    """Return a command line of ``fit``, an option a line."""
    first, *rest = f"stylelightning fit {options}".split(" --")
    return " \\\n  --".join([f"{first} --{rest[0]}", *rest[1:]])


def words(options: str) -> list[str]:
    """Return options as a list of arguments."""
    return shlex.split(options)
