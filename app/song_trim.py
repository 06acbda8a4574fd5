"""The waveform of a song with its beats and bars, on which a visitor chooses the part to dance to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from app.limits import DEFAULT_SECONDS, MAX_SECONDS, MAX_SONG_S, MIN_SECONDS

_SCRIPT = Path(__file__).parent / "web" / "song_trim.js"


@dataclass(frozen=True)
class SongPart:
    """What is danced to: ``seconds`` seconds of a song from second ``start_s`` on."""

    start_s: float = 0.0
    seconds: float = DEFAULT_SECONDS

    @classmethod
    def limited(cls, start_s: object, seconds: object) -> SongPart:
        """Whatever a browser or a program sends, moved into the limits of the page; no numbers: the defaults."""

        def number(given: object, default: float, low: float, high: float) -> float:
            if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
                return default
            return round(min(max(float(given), low), high), 3)

        return cls(
            number(start_s, 0.0, 0.0, MAX_SONG_S),
            number(seconds, DEFAULT_SECONDS, MIN_SECONDS, MAX_SECONDS),
        )

    @classmethod
    def chosen(cls, value: object) -> SongPart:
        """What a handler gets from :func:`song_trim`."""
        part = value if isinstance(value, dict) else {}
        return cls.limited(part.get("start_s"), part.get("seconds"))


def song_trim(**options: Any) -> gr.HTML:
    """An empty waveform; :func:`drawn` fills it, and :meth:`SongPart.chosen` reads what the visitor chose on it.

    No subclass, because Gradio writes a stub file beside the source of each of those.

    Args:
        options: of :class:`gradio.HTML`.
    """
    return gr.HTML(
        value=None,
        label="Part of the song",
        html_template="<song-trim></song-trim>",
        js_on_load=f"(() => {{\n{_SCRIPT.read_text(encoding='utf-8')}\n}})();",
        apply_default_css=False,
        song=None,
        about="",
        limits={"shortest": MIN_SECONDS, "longest": MAX_SECONDS, "usual": DEFAULT_SECONDS},
        **options,
    )


def drawn(song: dict[str, Any] | None, about: str = "") -> dict[str, Any]:
    """The update that makes a :func:`song_trim` draw a song, as :meth:`app.hearing.HeardSong.as_dict` has it, or
    nothing; and say ``about`` it."""
    return gr.update(song=song, about=about)
