"""Deletes what visitors have uploaded and been given, when it is old.

Gradio's own ``delete_cache`` is not enough: whenever a component is updated in somebody's session, Gradio goes on with
a copy of it, and does not look after the files of copies (seen in 6.31).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Set
from pathlib import Path


def sweep(folder: Path, older_than_s: float, keep: Set[Path] = frozenset()) -> int:
    """Delete what is older than ``older_than_s`` seconds below a folder: files, and folders with nothing in them.

    Args:
        folder: that belongs to the page alone.
        older_than_s: since a file was last written, moved or handed out again, or anything in a folder changed.
        keep: files that stay whatever their age.

    Returns:
        How many files went.
    """
    gone = 0
    now = time.time()
    # what is in a folder before the folder itself
    for path in sorted(folder.rglob("*"), reverse=True):
        try:
            if path in keep or now - path.lstat().st_ctime <= older_than_s:
                continue
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
                gone += 1
        except OSError:
            # a folder with files in it, or a file that has gone meanwhile
            continue
    return gone


def keep_tidy(folder: Path, older_than_s: float, keep: Set[Path] = frozenset()) -> threading.Thread:
    """:func:`sweep` again and again, in a thread that is returned and ends with the process."""

    def go_on() -> None:
        while True:
            time.sleep(older_than_s / 4)
            sweep(folder, older_than_s, keep)

    thread = threading.Thread(target=go_on, name="tidy", daemon=True)
    thread.start()
    return thread
