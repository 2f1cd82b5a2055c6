"""The table of all losses in the docs says what the classes say."""

import inspect
import re
from typing import Any

from stylelightning import losses
from stylelightning.losses import Loss, StatisticalLoss
from tests.conftest import ROOT

ROW = re.compile(r"^\| \{class\}`~stylelightning\.losses\.(\w+)` \| (.+) \|$", re.MULTILINE)
COMPARED = {
    (True, False): "content",
    (False, True): "style",
    (True, True): "both",
    (False, False): "nothing",
}


def in_regions(loss: Loss) -> str:
    if loss.takes_weights:
        return "yes"
    return "refused" if loss.needs_style else "as a whole"


def test_the_table_of_losses_has_what_every_class_says_of_itself() -> None:
    kinds: list[Any] = [
        kind
        for kind in (getattr(losses, name) for name in losses.__all__)
        if inspect.isclass(kind) and issubclass(kind, Loss) and not inspect.isabstract(kind)
    ]
    expected = {
        type(loss).__name__: (
            COMPARED[loss.needs_content, loss.needs_style],
            loss.scope,
            "yes" if isinstance(loss, StatisticalLoss) else "on `image`",
            in_regions(loss),
        )
        for loss in (kind() for kind in kinds)
    }
    rows = ROW.findall((ROOT / "docs" / "losses.md").read_text(encoding="utf-8"))
    assert {name: tuple(said.split(" | ")) for name, said in rows} == expected
    assert len(rows) == len(expected)
