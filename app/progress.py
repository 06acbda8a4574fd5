"""How far a dance is, in words and as a bar; and what is said when it cannot be."""

from __future__ import annotations

import html
from pathlib import Path

from app.work import Tell, Update

TITLES = {
    "waiting": "Waiting for the machine",
    "loading": "Getting ready",
    "listening": "Listening to the music",
    "composing": "Composing the dance",
    "cleaning": "Planting the feet",
    "filming": "Dressing and filming",
    "packing": "Packing the files",
    "measuring": "Measuring",
}
"""What visitors read, by stage of :data:`app.limits.STAGE_SECONDS`."""

SHARES = {"loading": 0.02, "listening": 0.09, "composing": 0.08, "cleaning": 0.02, "filming": 0.79}
"""Of the time of one dance, by stage: about what 30 s of a song take (README, How good is it)."""

PACKING_SHARE = 0.05
"""Of the time of the whole job, in the end."""

_UNITS = 1000


def of_all(tell: Tell, number: int, count: int) -> Tell:
    """A :class:`~app.work.Tell` for the ``number``-th of ``count`` dances that counts all the work of the job."""
    names = list(SHARES)

    def told(stage: str, done: int, total: int) -> None:
        before = sum(SHARES[name] for name in names[: names.index(stage)])
        share = (number + before + SHARES[stage] * done / max(total, 1)) / count
        tell(stage, round(_UNITS * share * (1 - PACKING_SHARE)), _UNITS)

    return told


def packing(tell: Tell, share: float) -> None:
    """Tell that ``share`` of the packing is done."""
    tell("packing", round(_UNITS * (1 - PACKING_SHARE + PACKING_SHARE * share)), _UNITS)


def bar(update: Update) -> str:
    """A progress bar with the name of the stage."""
    percent = round(100 * update.done / max(update.total, 1))
    title = html.escape(TITLES[update.stage])
    return (
        f'<div class="mb-progress"><div><span role="status">{title}</span><span>{percent} %</span></div>'
        f'<progress max="100" value="{percent}" aria-label="Progress of the dance">{percent} %</progress></div>'
    )


def remark(text: str) -> str:
    """A line that is read out when it appears."""
    return f'<p class="mb-remark" role="status">{html.escape(text)}</p>'


def trouble(text: str) -> str:
    """What went wrong and what to do."""
    return f'<p class="mb-trouble" role="alert">{html.escape(text)}</p>'


def without_paths(error: Exception, *paths: str | Path | None) -> str:
    """The message of an error; the visitor knows files by their names, not by their places on the server."""
    text = str(error)
    for path in paths:
        if path:
            text = text.replace(str(path), Path(path).name)
    return text
