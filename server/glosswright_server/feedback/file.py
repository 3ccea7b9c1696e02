"""Impressions on disk: one SQLite file in the user's data folder, written by several editor windows at once.

Every call opens the file, does one short transaction and closes it again, so that no window keeps another waiting.
Every call may wait for the disk: keep it off an event loop. A file that is no database (any more) is set aside under
another name and a new one is begun; whatever else goes wrong raises `FeedbackUnavailable`.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from glosswright_server.errors import FeedbackUnavailable

from .impression import Impression, Outcome, Surface

if TYPE_CHECKING:
    import sqlite3

DATA_DIR_VARIABLE = "GLOSSWRIGHT_DATA_DIR"
FILE_NAME = "feedback.sqlite3"
FORMAT = 1
BUSY_S = 2.0
"""So long a call waits for another window's transaction."""
MOST_ROWS = 200_000
"""Beyond that the oldest are dropped: some 30 MB, years of use."""
_BROKEN = ".broken-"

_COLUMNS = (
    "session",
    "number",
    "shown_at",
    "language",
    "intent",
    "verdict",
    "model",
    "surface",
    "total_ms",
    "first_token_ms",
    "outcome",
    "kept",
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS impressions (
  session TEXT NOT NULL, number INTEGER NOT NULL, shown_at REAL NOT NULL,
  language TEXT NOT NULL, intent TEXT NOT NULL, verdict TEXT NOT NULL, model TEXT NOT NULL, surface TEXT NOT NULL,
  total_ms REAL NOT NULL, first_token_ms REAL NOT NULL, outcome TEXT NOT NULL, kept REAL,
  PRIMARY KEY (session, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS impressions_by_time ON impressions (shown_at);
CREATE TABLE IF NOT EXISTS wiped (at REAL NOT NULL);
"""


def data_dir() -> Path:
    """The folder of the file: GLOSSWRIGHT_DATA_DIR, else the platform's place for a user's data. It may not exist."""
    if override := os.environ.get(DATA_DIR_VARIABLE):
        return Path(override)
    return Path(platformdirs.user_data_dir("glosswright", appauthor=False))


class FeedbackFile:
    """The file. Safe for threads and processes; holds nothing open."""

    def __init__(self, directory: Path | None = None) -> None:
        self.path = (directory if directory is not None else data_dir()) / FILE_NAME

    def write(self, impressions: Sequence[Impression]) -> None:
        """Keep impressions, all or none; one that is known already is replaced. Raises FeedbackUnavailable."""
        rows = [tuple(_plain(getattr(one, name)) for name in _COLUMNS) for one in impressions]
        marks = ", ".join("?" * len(_COLUMNS))
        with self._open(create=True) as connection:
            connection.executemany(
                f"INSERT OR REPLACE INTO impressions ({', '.join(_COLUMNS)}) VALUES ({marks})",  # noqa: S608 - constants
                rows,
            )
            # What another window still had to say of suggestions from before a wipe is not taken up again.
            # A wipe that lies in the future was made under a clock that was wrong.
            connection.execute(
                "DELETE FROM impressions WHERE shown_at <= (SELECT max(at) FROM wiped WHERE at <= ?)", (time.time(),)
            )
            connection.execute(
                "DELETE FROM impressions WHERE shown_at <= "
                "(SELECT shown_at FROM impressions ORDER BY shown_at DESC LIMIT 1 OFFSET ?)",
                (MOST_ROWS,),
            )

    def read(self, since: float = 0.0) -> list[Impression]:
        """What was kept and shown at `since` (seconds since 1970) or later, oldest first. Raises
        FeedbackUnavailable."""
        if not self._exists():
            return []
        with self._open(create=False) as connection:
            rows = connection.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM impressions WHERE shown_at >= ? ORDER BY shown_at",  # noqa: S608
                (since,),
            ).fetchall()
        return [found for row in rows if (found := _impression(row)) is not None]

    def wipe(self) -> int:
        """Forget everything, on the disk as well, and with it broken files that were set aside; how many suggestions
        there were. Raises FeedbackUnavailable."""
        count = 0
        if self._exists():
            try:
                count = self._wipe()
            except FeedbackUnavailable:
                if self._exists():
                    raise
                self._wipe()  # it was broken: the new one remembers when it was wiped
        try:
            for broken in self.set_aside():
                broken.unlink(missing_ok=True)
        except OSError as error:
            raise FeedbackUnavailable(f"{broken} cannot be removed: {_why(error)}.") from None
        return count

    def set_aside(self) -> list[Path]:
        """The broken files that were set aside, oldest first."""
        return sorted(self.path.parent.glob(f"{self.path.stem}{_BROKEN}*"))

    def _wipe(self) -> int:
        with self._open(create=False) as connection:
            (count,) = connection.execute("SELECT count(*) FROM impressions").fetchone()
            connection.execute("DELETE FROM impressions")
            connection.execute("DELETE FROM wiped")
            connection.execute("INSERT INTO wiped VALUES (?)", (time.time(),))
        # What was deleted is overwritten already; a window that reads just now keeps the file from being made shorter.
        with contextlib.suppress(FeedbackUnavailable), self._open(create=False) as connection:
            connection.commit()
            connection.execute("VACUUM")
        return int(count)

    def _exists(self) -> bool:
        try:
            return self.path.exists()
        except OSError as error:  # a folder that may not be looked into
            raise FeedbackUnavailable(f"{self.path} cannot be used: {_why(error)}.") from None

    @contextlib.contextmanager
    def _open(self, *, create: bool) -> Iterator[sqlite3.Connection]:
        import sqlite3  # here and not above: it is not needed to start

        try:
            connection = self._connect(create=create)
            try:
                with connection:
                    yield connection
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.DatabaseError) and _is_broken(error):
                self._set_aside()  # the next call begins a new one
            raise FeedbackUnavailable(f"{self.path} cannot be used: {_why(error)}.") from None

    def _connect(self, *, create: bool) -> sqlite3.Connection:
        import sqlite3

        if create:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for last in (False, True):
            connection: sqlite3.Connection | None = None
            try:
                connection = sqlite3.connect(self.path, timeout=BUSY_S)
                with contextlib.suppress(OSError):
                    # What the user has made read-only stays so.
                    os.chmod(self.path, stat.S_IMODE(os.stat(self.path).st_mode) & 0o700)
                (found,) = connection.execute("PRAGMA user_version").fetchone()
                if found not in (0, FORMAT):
                    raise sqlite3.OperationalError("it was written by a newer version")
                # Freed pages are overwritten, so that what is wiped is gone.
                connection.execute("PRAGMA secure_delete = ON")
                if not found:
                    connection.executescript(f"{_SCHEMA} PRAGMA user_version = {FORMAT};")
                else:
                    # A page that cannot be read shows here and not in the middle of a transaction.
                    connection.execute("SELECT session FROM impressions LIMIT 1").fetchone()
            except sqlite3.DatabaseError as error:
                if connection is not None:
                    connection.close()
                if last or not _is_broken(error):
                    raise
                self._set_aside()
            else:
                return connection
        raise AssertionError("unreachable")

    def _set_aside(self) -> None:
        """Give a broken file another name: whoever wants it may still look at it."""
        with contextlib.suppress(FileNotFoundError):  # another window has done so already
            os.replace(self.path, self.path.with_suffix(f"{_BROKEN}{int(time.time())}"))
        with contextlib.suppress(OSError):
            os.unlink(f"{self.path}-journal")


def _is_broken(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is no database, or not one of ours; a lock or a full disk will pass."""
    import sqlite3

    if isinstance(error, sqlite3.OperationalError):
        return "no such table" in str(error) or "no such column" in str(error)
    return type(error) is sqlite3.DatabaseError


def _why(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, (Outcome, Surface)) else value


def _impression(row: Sequence[Any]) -> Impression | None:
    """A row as it is counted; None for one in words of a later version."""
    fields = dict(zip(_COLUMNS, row, strict=True))
    try:
        return Impression(**{**fields, "outcome": Outcome(fields["outcome"]), "surface": Surface(fields["surface"])})
    except ValueError:
        return None
