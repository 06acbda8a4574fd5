"""The reference: statistics of the ground truth that come with the project, in ``assets/reference``.

``reference.npz`` holds a :class:`~dancegen.evaluation.measured_set.MeasuredSet` without any motion: for each piece of
30 s its measures and controls, mean beat phase vectors and bar profiles, the features of windows of 10 s, the features
of whole dances under the published protocols, and the beats of the songs. ``reference.json`` says what dances they are
of. Test dances are not in it, so it may judge them; a dance that is in it is judged without those of its own source.

The nearest training window of a dance (its copy rate) cannot be found from it: windows of all training motion would be
48 MB, and be motion. ``python -m dancegen.evaluate --pairs`` measures that from the pairs themselves.
"""

from __future__ import annotations

import functools
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from dancegen.evaluation.measured_set import CONTROLS, LEGACY, LEGACY_SCORES, DanceRow, MeasuredSet
from dancegen.evaluation.measures import MEASURES, PIECE_S, Fit
from dancegen.metrics import PROTOCOLS, BarProfile, FeatureSet
from dancegen.metrics.bar_profile import PLACES_PER_BEAT
from motionbeat.array_files import numbers, read_arrays, wrong_file
from motionbeat.assets import asset_path
from motionbeat.batch import project_version
from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError

VERSION = 1
ARRAYS_FILE, ABOUT_FILE = "reference.npz", "reference.json"
_AGAIN = "Make it again with python -m dancegen.evaluate --make-reference --pairs DIR."
_ARRAYS = (
    "piece_dance", "values", "controls", "vectors", "events", "feet", "body", "meters", "bars", "window_dance",
    "legacy_scores", "legacy_chances", "variety", "beats", "downbeats", "beat_dance", "meters_of_dances",
)  # fmt: skip
_LARGEST = 1e9
_LONGEST_BAR = 16


def shipped_reference() -> MeasuredSet:
    """The reference that comes with the project, kept for the next call.

    Raises:
        UserError: it is missing or damaged.
    """
    return load_reference(asset_path("reference"))


@functools.lru_cache(maxsize=2)
def load_reference(folder: Path) -> MeasuredSet:
    """Read a reference that :func:`save_reference` wrote.

    Raises:
        UserError: it is missing, damaged, or of another version of this program.
    """
    about = _read_about(folder / ABOUT_FILE)
    path = folder / ARRAYS_FILE
    features = [f"{name}_{topic}" for name in ("windows", *LEGACY) for topic in ("kinetic", "geometric")]
    arrays = read_arrays(path, "a reference", _AGAIN, (*_ARRAYS, *features))
    try:
        dances = tuple(DanceRow(**row) for row in about["dances"])
        return _from_arrays(dances, arrays)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise wrong_file(path, "a reference", error, _AGAIN) from None


def save_reference(measured: MeasuredSet, arrays_path: Path, about_path: Path) -> None:
    """Write both files.

    Args:
        measured: of ground truth.
        arrays_path: ends in ``.npz``.
        about_path: of the JSON.
    """
    fits = measured.fits
    longest = PLACES_PER_BEAT * max(fit.feet.meter for fit in fits)
    arrays: dict[str, np.ndarray] = {
        "piece_dance": measured.piece_dance.astype(np.int16),
        "values": measured.values.astype(np.float32),
        "controls": measured.controls.astype(np.float32),
        "vectors": np.stack([fit.vectors for fit in fits]).astype(np.complex64),
        "events": np.stack([fit.events for fit in fits]).astype(np.int32),
        "feet": np.stack([_padded(fit.feet, longest) for fit in fits]),
        "body": np.stack([_padded(fit.body, longest) for fit in fits]),
        "meters": np.array([fit.feet.meter for fit in fits], dtype=np.int8),
        "bars": np.array([(fit.feet.bars, fit.body.bars) for fit in fits], dtype=np.float32),
        "windows_kinetic": measured.windows.kinetic.astype(np.float16),
        "windows_geometric": measured.windows.geometric.astype(np.float16),
        "window_dance": measured.window_dance.astype(np.int16),
        "legacy_scores": measured.legacy_scores.astype(np.float32),
        "legacy_chances": measured.legacy_chances.astype(np.float32),
        "variety": measured.variety.astype(np.float32),
        "beats": np.concatenate([grid.beats for grid in measured.grids]).astype(np.float32),
        "downbeats": np.concatenate([np.isin(grid.beats, grid.downbeats) for grid in measured.grids]),
        "beat_dance": np.repeat(np.arange(len(measured.grids)), [len(grid) for grid in measured.grids]).astype(
            np.int16
        ),
        "meters_of_dances": np.array([grid.meter for grid in measured.grids], dtype=np.int8),
    }
    for name in LEGACY:
        arrays[f"{name}_kinetic"] = measured.legacy[name].kinetic.astype(np.float32)
        arrays[f"{name}_geometric"] = measured.legacy[name].geometric.astype(np.float16)
    np.savez_compressed(arrays_path, allow_pickle=False, **arrays)
    about = {
        "version": VERSION,
        "made_with": project_version(),
        "piece_s": PIECE_S,
        "measures": [measure.name for measure in MEASURES],
        "controls": list(CONTROLS),
        "legacy_scores": list(LEGACY_SCORES),
        "features": {topic: PROTOCOLS["sound"].describe(topic) for topic in ("kinetic", "geometric")},
        "dances": [asdict(dance) for dance in measured.dances],
    }
    about_path.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _read_about(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(f"{path}: no such file. {_AGAIN}")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        same = about["version"] == VERSION and about["measures"] == [measure.name for measure in MEASURES]
        same = same and about["legacy_scores"] == list(LEGACY_SCORES) and about["piece_s"] == PIECE_S
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise wrong_file(path, "a reference", "damaged, or something else", _AGAIN) from None
    if not same:
        raise UserError(f"{path}: made by another version of this program. {_AGAIN}")
    return dict(about)


def _from_arrays(dances: tuple[DanceRow, ...], arrays: dict[str, np.ndarray]) -> MeasuredSet:
    """Raises ValueError and others for arrays that do not fit together."""
    piece_dance, window_dance = (_indices(name, arrays[name], len(dances)) for name in ("piece_dance", "window_dance"))
    count, measures = len(piece_dance), len(MEASURES)
    vectors, events, meters = arrays["vectors"], arrays["events"], arrays["meters"]
    shapes = {
        "values": (count, measures),
        "controls": (len(CONTROLS), count, measures),
        "vectors": (count, 3),
        "events": (count, 3),
        "meters": (count,),
        "bars": (count, 2),
        "legacy_scores": (len(dances), len(LEGACY_SCORES)),
        "legacy_chances": (len(dances), len(LEGACY_SCORES)),
        "variety": (len(dances), 2),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} must be {shape}, got {arrays[name].shape}")
    if not set(range(len(dances))) <= set(piece_dance.tolist()) or not np.isfinite(vectors).all():
        raise ValueError("a dance has no piece, or a phase is not finite")
    bars = numbers("bars", arrays["bars"], _LARGEST)
    if not (meters >= 1).all() or not (meters <= _LONGEST_BAR).all():
        raise ValueError("a bar has no beats or too many")
    fits = tuple(
        Fit(
            arrays["values"][place].astype(np.float64),
            vectors[place].astype(complex),
            events[place].astype(int),
            *(
                BarProfile(_mass(arrays[part][place], int(meters[place])), float(bars[place, of_part]))
                for of_part, part in enumerate(("feet", "body"))
            ),
        )
        for place in range(count)
    )
    song_of_dance = np.array([dance.song for dance in dances])
    return MeasuredSet(
        dances,
        piece_dance,
        fits,
        arrays["values"].astype(np.float64),
        arrays["controls"].astype(np.float64),
        _features(arrays["windows_kinetic"], arrays["windows_geometric"], song_of_dance[window_dance]),
        window_dance,
        {name: _features(arrays[f"{name}_kinetic"], arrays[f"{name}_geometric"], song_of_dance) for name in LEGACY},
        arrays["legacy_scores"].astype(np.float64),
        arrays["legacy_chances"].astype(np.float64),
        arrays["variety"].astype(np.float64),
        _grids(arrays, len(dances)),
    )


def _grids(arrays: dict[str, np.ndarray], count: int) -> tuple[BeatGrid, ...]:
    beats, down = numbers("beats", arrays["beats"], _LARGEST), arrays["downbeats"]
    of_dance = _indices("beat_dance", arrays["beat_dance"], count)
    if beats.shape != of_dance.shape or down.shape != beats.shape or down.dtype != bool:
        raise ValueError("its beats do not fit together")
    grids = []
    for dance, meter in zip(range(count), arrays["meters_of_dances"], strict=True):
        own = beats[of_dance == dance]
        tempo = 60.0 / float(np.median(np.diff(own)))
        grids.append(BeatGrid(own, own[down[of_dance == dance]], int(meter), tempo, 1.0))
    return tuple(grids)


def _features(kinetic: np.ndarray, geometric: np.ndarray, songs: np.ndarray) -> FeatureSet:
    values = [numbers("features", each, _LARGEST) for each in (kinetic, geometric)]
    if any(each.ndim != 2 or len(each) != len(songs) for each in values):
        raise ValueError("its features do not fit its dances")
    return FeatureSet(values[0], values[1], songs)


def _indices(name: str, array: np.ndarray, count: int) -> np.ndarray:
    values = numbers(name, array, count - 1, kinds="iu").astype(int)
    if values.ndim != 1 or (values < 0).any():
        raise ValueError(f"{name} must be (n,) numbers of dances")
    return values


def _padded(profile: BarProfile, length: int) -> np.ndarray:
    return np.pad(profile.mass, (0, length - len(profile.mass)), constant_values=np.nan).astype(np.float32)


def _mass(padded: np.ndarray, meter: int) -> np.ndarray:
    mass = numbers("profile", padded[: PLACES_PER_BEAT * meter], 1.0)
    if len(mass) != PLACES_PER_BEAT * meter or not mass.sum() > 0:
        raise ValueError("a bar profile does not fit its meter")
    return mass / mass.sum()
