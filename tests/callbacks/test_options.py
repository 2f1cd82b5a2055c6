"""Options of callbacks that are refused."""

from typing import Any

import pytest

from stylelightning.callbacks import (
    GramMatrixVisualizer,
    ImageSnapshot,
    LossLog,
    StopOnDivergence,
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageSnapshot(0), "`every_n_steps` of ImageSnapshot must be at least 1, got 0"),
        (lambda: ImageSnapshot(1, 0), "`board_size` of ImageSnapshot must be at least 1 pixel"),
        (
            lambda: ImageSnapshot(1, min_seconds=-1),
            "`min_seconds` of ImageSnapshot must be a number",
        ),
        (lambda: LossLog(-1), "`every_n_steps` of LossLog must be at least 1"),
        (lambda: GramMatrixVisualizer(1, 0), "`panel_size` of GramMatrixVisualizer must be"),
        (lambda: StopOnDivergence(factor=1), "`factor` of StopOnDivergence must be above 1"),
        (lambda: StopOnDivergence(patience=0), "`patience` of StopOnDivergence must be at least"),
        (lambda: StopOnDivergence(check_every_n_steps=0), "`check_every_n_steps` of Stop"),
    ],
)
def test_bad_options_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
