import copy
import threading
from pathlib import Path

import pytest
import torch

from stylelightning import StyleTransferData
from stylelightning.callbacks import ImageSnapshot
from stylelightning.callbacks.background import HELD, WAITING, BackgroundWriter
from tests.runs import make_module, make_trainer


def test_work_is_done_in_its_order_in_one_other_thread() -> None:
    writer, seen = BackgroundWriter(), []
    for number in range(20):
        writer.later(lambda number=number: seen.append((number, threading.current_thread())))  # type: ignore[misc]
    writer.finish()
    assert [number for number, _ in seen] == list(range(20))
    assert len({thread for _, thread in seen} - {threading.current_thread()}) == 1


def test_the_thread_works_alone_and_leaves_the_others_their_number() -> None:
    torch.set_num_threads(2)
    writer, seen = BackgroundWriter(), []
    writer.later(lambda: seen.append(torch.get_num_threads()))
    writer.finish()
    other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    other.start()
    other.join()
    assert [*seen, torch.get_num_threads()] == [1, 2, 2]


def test_only_so_much_waits() -> None:
    writer, open_gate, started = BackgroundWriter(), threading.Event(), threading.Event()

    def wait() -> None:
        open_gate.wait(10)

    def hand_over() -> None:
        for _ in range(WAITING + 1):
            writer.later(wait)
        started.set()

    thread = threading.Thread(target=hand_over)
    thread.start()
    assert not started.wait(0.1)  # the last has to wait
    open_gate.set()
    assert started.wait(10)
    thread.join()
    writer.finish()


def test_a_failure_is_raised_at_the_latest_at_the_end() -> None:
    writer = BackgroundWriter()
    writer.later(lambda: (_ for _ in ()).throw(OSError("disk is full")))
    with pytest.raises(OSError, match="disk is full"):
        writer.finish()
    writer.finish()  # said once


def test_a_run_fails_for_a_picture_that_could_not_be_written(
    tmp_path: Path, content: Path, style: Path
) -> None:
    (tmp_path / "images").write_text("a file where the folder should be")
    trainer = make_trainer(tmp_path, ImageSnapshot(every_n_steps=1, min_seconds=0))
    with pytest.raises(OSError, match="images"):
        trainer.fit(make_module(), StyleTransferData(str(content), str(style), size=16))


def test_a_callback_can_be_copied() -> None:
    snapshots = ImageSnapshot()
    snapshots.writer.later(lambda: None)
    assert copy.deepcopy(snapshots).every_n_steps == snapshots.every_n_steps
    snapshots.writer.finish()


def test_only_so_many_bytes_wait_and_one_large_picture_alone() -> None:
    writer, open_gate = BackgroundWriter(), threading.Event()
    passed: list[int] = []

    def wait() -> None:
        open_gate.wait(10)

    def next_one(held: int) -> None:
        writer.make_room(held)
        passed.append(held)

    def waiting(held: int) -> threading.Thread:
        thread = threading.Thread(target=next_one, args=(held,))
        thread.start()
        return thread

    next_one(2 * HELD)  # nothing is held: even one that is too large may come
    writer.later(wait, 2 * HELD)
    thread = waiting(1)
    thread.join(0.1)
    assert thread.is_alive()
    open_gate.set()
    thread.join(10)
    writer.finish()
    assert passed == [2 * HELD, 1]
