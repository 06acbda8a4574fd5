"""A dance as one HTML file that plays anywhere: opened from disk, sent by mail, put on a web server."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from pathlib import Path

from app.player.bundle import WEB, player_script
from app.player.pack import pack_dance
from app.player.sound import encode_sound
from dancegen.body import Body
from motionbeat.beats import BeatGrid
from motionbeat.motion import Motion
from motionbeat.output import StagedFiles, check_free


def player_page(dance: bytes, title: str) -> str:
    """The text of the HTML file.

    Args:
        dance: from :func:`app.player.pack.pack_dance`.
        title: of the page, plain text.
    """
    page = (WEB / "page.html").read_text(encoding="utf-8")
    parts = {
        "@title@": html.escape(title),
        "@dance@": base64.b64encode(dance).decode(),
        "@script@": player_script(),
    }
    return re.sub("|".join(parts), lambda mark: parts[mark[0]], page)


def write_player_html(
    path: str | Path,
    motions: Motion | Sequence[Motion],
    bodies: Body | Sequence[Body],
    audio: str | Path | None = None,
    grid: BeatGrid | None = None,
    audio_start_s: float = 0.0,
    title: str = "A dance",
    force: bool = False,
) -> None:
    """Write the dance as one HTML file with everything inside, which needs no network and no other file.

    Args:
        path: the file.
        motions, bodies, grid: as :func:`app.player.pack.pack_dance` takes them.
        audio: any file with sound that ffmpeg reads, the mp4 of the dance included; None for silence.
        audio_start_s: second of its sound at which the dance begins.
        title: of the page.
        force: replace a file that is there already.

    Raises:
        UserError: the file exists and ``force`` is False, it cannot be written, the sound cannot be read, or the body
            may not be passed on; nothing is left behind then.
        ValueError: motions and bodies do not fit together.
    """
    path = Path(path)
    given = [] if audio is None else [Path(audio)]
    check_free([path], given, force)
    first = motions if isinstance(motions, Motion) else motions[0]
    sound = None if audio is None else encode_sound(audio, audio_start_s, first.duration)
    page = player_page(pack_dance(motions, bodies, grid, sound), title)
    with StagedFiles([path], force) as staged:
        staged.paths[0].write_text(page, encoding="utf-8")
        staged.commit()
