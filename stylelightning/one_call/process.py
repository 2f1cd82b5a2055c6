"""What a run changes of the process, put back when it is over."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from lightning.pytorch.utilities.seed import isolate_rng

from stylelightning.callbacks.interrupt import ENDS
from stylelightning.cli.class_change import keep_options_on_class_change, parsing_put_back
from stylelightning.cli.console import NOISE
from stylelightning.execution.environment import unchanged_environment


@contextmanager
def unchanged_process(quiet: bool) -> Iterator[None]:
    """Put back random states, environment, signals, torch's settings, loggers and the parser.

    Args:
        quiet: Whether the warnings of a run are left out too.
    """
    with ExitStack() as stack:
        stack.enter_context(_random_states())
        stack.enter_context(unchanged_environment())
        stack.enter_context(_signals())
        stack.enter_context(_torch())
        stack.enter_context(_loggers(quiet))
        stack.enter_context(parsing_put_back())
        stack.enter_context(warnings.catch_warnings())
        for text in NOISE:
            warnings.filterwarnings("ignore", message=text)
        if quiet:
            warnings.simplefilter("ignore")
        keep_options_on_class_change()
        yield


@contextmanager
def _random_states() -> Iterator[None]:
    isolated = isolate_rng()
    isolated.__enter__()
    try:
        yield
    finally:
        isolated.__exit__(None, None, None)  # after an error too, which it doesn't see to itself


@contextmanager
def _signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDS)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # else it is not Python's
                signal.signal(number, handler)


@contextmanager
def _torch() -> Iterator[None]:
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    benchmark = torch.backends.cudnn.benchmark
    deterministic = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        if torch.get_float32_matmul_precision() != precision:
            torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.benchmark = benchmark
        torch.use_deterministic_algorithms(deterministic, warn_only=warns)


@contextmanager
def _loggers(quiet: bool) -> Iterator[None]:
    """Leave Lightning's chatter out, and all below an error if it is to be quiet."""
    least = logging.ERROR if quiet else logging.WARNING
    levels = {"lightning.pytorch": least, "lightning.fabric": least}
    if quiet:
        levels["stylelightning"] = least
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
