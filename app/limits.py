"""What one visitor may ask of a machine that all visitors share."""

from __future__ import annotations

MAX_UPLOAD = "50mb"
"""Largest file that is taken."""

MAX_SONG_S = 900.0
"""Longest song, seconds: listening to a quarter of an hour takes some ten CPU seconds."""

MIN_SECONDS = 5.0
MAX_SECONDS = 60.0
"""Shortest and longest dance that may be asked for; the command line has no such limit."""

DEFAULT_SECONDS = 15.0

MAX_MOTION_S = 300.0
"""Longest motion that is measured, seconds."""

MAX_VARIATIONS = 4
MAX_STEPS = 50
"""Denoising steps: more are no better (docs/experiments.md), only slower."""

MAX_SEED = 2**31 - 1
"""What a number field of a browser holds exactly."""

MAX_WAITING = 24
"""Visitors in the queue; those that come after are asked to come back."""

CACHE_SECONDS = 3600
"""Uploads and results older than this are deleted, looked after just as often."""

STAGE_SECONDS = {
    "waiting": 1800.0,
    "loading": 120.0,
    "listening": 120.0,
    "composing": 300.0,
    "cleaning": 120.0,
    "filming": 600.0,
    "packing": 120.0,
    "measuring": 120.0,
}
"""How long each stage of one dance may take before it is stopped: some ten times what it needs on two slow cores."""
