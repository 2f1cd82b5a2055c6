"""``python -m stylelightning plan``: what a run would take, time and memory."""

from collections.abc import Sequence

from stylelightning.cli.answer import write_answer
from stylelightning.cli.first_look import check_run
from stylelightning.cli.presets import with_preset
from stylelightning.cli.trainer_settings import SILENT


def run(args: Sequence[str]) -> int:
    """Answer it; nothing is written.

    Args:
        args: The options of ``fit``.
    """
    args = with_preset(args)
    check_run(args)
    # these import torch: seconds
    from stylelightning.cli.config import check_config, run_parser, set_seed
    from stylelightning.cli.forecast import report
    from stylelightning.cli.process import exit_code_of_a_stop, on_sigterm, set_up_process
    from stylelightning.cli.run import one_picture_trainer
    from stylelightning.run.folder import MadeFolders

    set_up_process()
    parser, made = run_parser("plan"), MadeFolders()
    try:
        with exit_code_of_a_stop(), on_sigterm():
            config = parser.parse_args(args)
            set_seed(config)
            check_config(config, made)
            planned = parser.instantiate(config)
            settings = {**planned.trainer, **SILENT, "max_steps": -1, "min_steps": None}
            text = report(
                planned.model,
                planned.data,
                lambda callbacks: one_picture_trainer({**settings, "callbacks": callbacks}),
                config.trainer.max_steps,
            )
    finally:
        made.remove_empty()
    write_answer(f"{text}\n")
    return 0
