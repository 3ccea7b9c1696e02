"""The recorder: nobody waits for it, and what it cannot write now it writes later."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from glosswright_server.errors import FeedbackUnavailable
from glosswright_server.feedback import recorder as recorder_module
from glosswright_server.feedback.file import FeedbackFile
from glosswright_server.feedback.impression import Impression, Outcome
from glosswright_server.feedback.recorder import Recorder

from .support import impression

pytestmark = pytest.mark.timeout(30)


class Disk(FeedbackFile):
    """A file whose disk can be full, slow or both."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.full = False
        self.stuck = threading.Event()
        self.stuck.set()
        self.writes: list[int] = []

    def write(self, impressions: Sequence[Impression]) -> None:
        self.writes.append(len(impressions))
        self.stuck.wait(20)
        if self.full:
            raise FeedbackUnavailable("the disk is full.")
        super().write(impressions)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


def recorder_for(disk: Disk) -> Recorder:
    return Recorder(disk, gather_s=0.02, retry_s=(0.02, 0.05))


def test_a_burst_is_one_transaction(disk: Disk) -> None:
    """Of one suggestion only the last news is written, and all together."""
    recorder = recorder_for(disk)
    for number in range(50):
        recorder.record(impression(number))
    recorder.record(impression(7, outcome=Outcome.ACCEPTED))
    assert recorder.flush(5)
    assert len(disk.read()) == 50
    assert len(disk.writes) <= 3
    assert [one.outcome for one in disk.read() if one.number == 7] == [Outcome.ACCEPTED]
    recorder.close()


def test_a_stuck_disk_keeps_nobody(disk: Disk) -> None:
    """Recording, flushing and closing come back while a write hangs in the file system."""
    recorder = recorder_for(disk)
    disk.stuck.clear()
    recorder.record(impression())
    began = time.monotonic()
    while not disk.writes:
        time.sleep(0.005)
    for number in range(1000):
        recorder.record(impression(number))
    assert not recorder.flush(0.1)
    recorder.close(0.1)
    assert time.monotonic() - began < 5
    disk.stuck.set()


def test_a_full_disk_is_tried_again(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is lost while the disk is full, newer news win, and the log has one line of it."""
    recorder = recorder_for(disk)
    disk.full = True
    with caplog.at_level(logging.WARNING):
        recorder.record(impression())
        while len(disk.writes) < 4:
            time.sleep(0.005)
        recorder.record(impression(outcome=Outcome.ACCEPTED))
        disk.full = False
        assert recorder.flush(5)
    assert [one.outcome for one in disk.read()] == [Outcome.ACCEPTED]
    assert len(caplog.records) == 1
    assert "the disk is full" in caplog.text
    recorder.close()


def test_what_piles_up_is_bounded(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days without a disk cost no memory: the oldest go."""
    monkeypatch.setattr(recorder_module, "MOST_PENDING", 10)
    disk.full = True
    recorder = recorder_for(disk)
    for number in range(100):
        recorder.record(impression(number))
    while len(disk.writes) < 2:
        time.sleep(0.005)
    disk.full = False
    assert recorder.flush(5)
    assert [one.number for one in disk.read()] == list(range(90, 100))
    recorder.close()


def test_what_is_turned_off_keeps_nothing(disk: Disk) -> None:
    """The setting counts from the moment it is set."""
    recorder = Recorder(disk, gather_s=10)
    recorder.record(impression(1))
    recorder.turn(on=False)
    recorder.record(impression(2))
    assert recorder.flush(5)
    recorder.close(5)
    assert disk.writes == []
    assert not recorder.enabled


def test_the_end_writes_what_is_there(disk: Disk) -> None:
    """An editor that is closed a moment after a suggestion was accepted has it counted."""
    recorder = Recorder(disk, gather_s=60)
    recorder.record(impression())
    recorder.close(5)
    assert disk.read() == [impression()]
