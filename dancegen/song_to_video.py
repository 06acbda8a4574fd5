"""The whole line as one function: a song in, a video, its motion and its metrics out.

:func:`dance` is what the command line and the app call. Each step of it is a public function of its own module that
can be used alone.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import math
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from diffusers import DDIMScheduler

from dancegen.body import Body, load_body, load_smpl_body
from dancegen.cleanup import clean_motion
from dancegen.constraints import Constraint, both, cleaned_around, keep, start_from
from dancegen.denoiser import DanceDenoiser
from dancegen.evaluation import place, shipped_reference
from dancegen.joint_groups import joints_named
from dancegen.metrics import Score, summarise
from dancegen.output import OutputPaths, StagedOutputs, check_outputs
from dancegen.pipeline import DanceOutput, DancePipeline, frame_count
from dancegen.render import make_renderer, render_frames
from dancegen.scene import side_by_side
from dancegen.settings import MAX_STEPS, DanceSettings, model_folder
from dancegen.stage_clock import StageClock
from dancegen.video import write_video
from motionbeat.audio import load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.encoder import MotionBeat, MusicEmbedding
from motionbeat.ffmpeg import ffmpeg_executable
from motionbeat.model_files import check_class, load_model, reading
from motionbeat.motion import Motion, load_motion

STAGES = ("loading", "listening", "composing", "cleaning", "filming")
"""Stages of a dance in their order, as reported to a :class:`Progress`."""

REPORTED_PACKAGES = ("motionbeat-dancegen", "torch", "diffusers", "numpy", "scipy", "librosa", "numba", "soxr")


class Progress(Protocol):
    """Is told how far a dance is. May raise to stop the work; nothing is left behind then."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """``done`` of ``total`` units of one of :data:`STAGES` are finished."""
        ...


@dataclass(frozen=True, eq=False)
class DanceModels:
    """The trained parts.

    Attributes:
        encoder: hears the song.
        pipeline: makes the motion.
        checksums: SHA-256 in hex of each weight file, by its path in the model folder.
    """

    encoder: MotionBeat
    pipeline: DancePipeline
    checksums: dict[str, str]


@dataclass(frozen=True, eq=False)
class DanceResult:
    """What came of one song.

    Attributes:
        song: the audio file.
        outputs: the files written.
        motions: the cleaned dance of each dancer at the frame rate of the video; of several, at their places.
        music: what the encoder heard in the part of the song that is danced to.
        scores: the metrics of the first dancer, measured at the frame rate of the model.
        report: what the JSON file holds.
    """

    song: Path
    outputs: OutputPaths
    motions: tuple[Motion, ...]
    music: MusicEmbedding
    scores: tuple[Score, ...]
    report: dict[str, Any]

    @property
    def motion(self) -> Motion:
        """Of the first dancer."""
        return self.motions[0]

    @property
    def grid(self) -> BeatGrid:
        """The beats heard, in seconds from the start of the motion."""
        return self.music.grid


@functools.lru_cache(maxsize=1)
def load_models(chosen: Path | None = None) -> DanceModels:
    """Read encoder and generator (safetensors and JSON only), onto the GPU where there is one; kept for the next song.

    Args:
        chosen: folder that :mod:`dancegen.train` wrote; the shipped model when None.

    Raises:
        UserError: the folder does not hold such models.
    """
    folder = model_folder(chosen)
    # the generator understands only the encoder that it was trained with
    encoder = load_model(folder / "encoder", MotionBeat)
    pipeline = _load_pipeline(folder)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pipeline.set_progress_bar_config(disable=True)
    checksums = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted([*folder.glob("encoder/*.safetensors"), *folder.glob("denoiser/*.safetensors")])
    }
    return DanceModels(encoder.to(device), pipeline.to(device), checksums)


def _load_pipeline(folder: Path) -> DancePipeline:
    """The pipeline from its parts: diffusers' own way would import whatever module the folder's index names."""
    denoiser = load_model(folder / "denoiser", DanceDenoiser)
    with reading(folder):
        check_class(folder / "model_index.json", DancePipeline)
    with reading(folder / "scheduler"):
        check_class(folder / "scheduler" / "scheduler_config.json", DDIMScheduler)
        scheduler = DDIMScheduler.from_pretrained(folder / "scheduler", local_files_only=True)
        scheduler.set_timesteps(MAX_STEPS)
        if scheduler.config["prediction_type"] != "sample" or not scheduler.alphas_cumprod.isfinite().all():
            raise ValueError("its schedule is not one of clean samples")
    return DancePipeline(denoiser, scheduler)


def dance(
    song: Path,
    outputs: OutputPaths,
    settings: DanceSettings | None = None,
    progress: Progress | None = None,
    force: bool = False,
    music: MusicEmbedding | None = None,
) -> DanceResult:
    """Make a body, or several, dance to a song.

    Args:
        song: any audio or video file that libsndfile or ffmpeg reads.
        outputs: where to write; all files appear at the end, or none. The video is left out where it is None.
        settings: what to make; the defaults when None. The same seed and settings give the same motion.
        progress: told about the stages as they proceed.
        force: replace existing files.
        music: of an earlier :class:`DanceResult` for the same part of the song and the same model: it is not heard
            again.

    Raises:
        UserError: the song, a setting or the output cannot be used.
    """
    settings = settings or DanceSettings()
    tell = progress or _ignore
    clock = StageClock()
    check_outputs(song, outputs, force, settings.given_motions)
    with StagedOutputs(outputs, force) as files:
        with clock.stage("loading"):
            tell("loading", 0, 1)
            models = load_models(settings.model)
            bodies = _prepare_filming(settings) if outputs.video is not None else _bodies(settings)
            given = _GivenMotions.read(settings)
            tell("loading", 1, 1)
        with clock.stage("listening"):
            if music is None:
                music = _listen(song, settings, models.encoder, tell)
            grid = music.grid
        with clock.stage("composing"):
            constraint = given.constraint(frame_count(music), settings)
            composed = _compose(models.pipeline, music, constraint, settings, tell)
        with clock.stage("cleaning"):
            tell("cleaning", 0, len(composed))
            motions, scores = [], []
            for done, one in enumerate(composed, start=1):
                cleaned = _finished(one.motion, constraint, settings.mirror)
                scores.append(summarise(cleaned, one.grid, uncleaned=one.motion))
                motions.append(cleaned.resampled(settings.fps))
                tell("cleaning", done, len(composed))
            if len(motions) > 1:
                motions = list(side_by_side(motions, bodies))
        if files.staged.video is not None:
            with clock.stage("filming"):
                _film(files.staged.video, song, motions, grid, bodies, settings, tell)
        provenance = _provenance(settings, models)
        for dancer, (path, motion) in enumerate(zip(files.staged.motions, motions, strict=True)):
            _write_motion(path, motion, grid, provenance | {"dancer": dancer + 1})
        report = {
            "song": song.name,
            "files": [path.name for path in outputs.files],
            "style": composed[0].style,
            "duration_s": round(motions[0].duration, 3),
            "music": {
                "tempo": round(grid.tempo, 2),
                "meter": grid.meter,
                "beats": len(grid.beats),
                "confidence": round(grid.confidence, 3),
            },
            "metrics": {score.name: score.as_dict() for score in scores[0]},
            "placement": place(motions[0], composed[0].grid, composed[0].style, shipped_reference()).as_dict(),
            "other_dancers": [{score.name: score.as_dict() for score in each} for each in scores[1:]],
            **provenance,
            "timing": clock.as_dict(),
        }
        files.staged.report.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        files.commit()
    return DanceResult(song, outputs, tuple(motions), music, scores[0], report)


def _ignore(stage: str, done: int, total: int) -> None:
    """The progress that nobody wants to see."""


@dataclass(frozen=True, eq=False)
class _GivenMotions:
    """The motions of which a dance keeps something, read before the song is heard."""

    kept: Motion | None
    start: Motion | None

    @classmethod
    def read(cls, settings: DanceSettings) -> _GivenMotions:
        return cls(*(None if path is None else load_motion(path) for path in (settings.keep, settings.start_pose)))

    def constraint(self, frames: int, settings: DanceSettings) -> Constraint | None:
        """What is known of a dance of ``frames`` frames; where both motions say something, the kept one holds."""
        start = None if self.start is None else start_from(self.start, settings.start_pose_s, frames)
        if self.kept is None:
            return start
        kept = keep(self.kept, frames, joints_named(settings.keep_joints), settings.keep_seconds)
        return kept if start is None else both(start, kept)


def _listen(song: Path, settings: DanceSettings, encoder: MotionBeat, tell: Progress) -> MusicEmbedding:
    tell("listening", 0, 3)
    audio = load_audio(song, settings.start_s, settings.duration_s)
    tell("listening", 1, 3)
    grid = track_beats(audio).covering(audio.duration)
    tell("listening", 2, 3)
    music = encoder.encode_audio(audio, grid)
    tell("listening", 3, 3)
    return music


def _compose(
    pipeline: DancePipeline,
    music: MusicEmbedding,
    constraint: Constraint | None,
    settings: DanceSettings,
    tell: Progress,
) -> list[DanceOutput]:
    """One dance for each dancer."""
    total = settings.steps * settings.dancers
    tell("composing", 0, total)
    composed: list[DanceOutput] = []

    def after_step(_: DancePipeline, step: int, __: int, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        tell("composing", len(composed) * settings.steps + step + 1, total)
        return tensors

    for dancer in range(settings.dancers):
        output = pipeline(
            music,
            style=settings.style,
            num_inference_steps=settings.steps,
            guidance_scale=settings.guidance,
            energy=settings.energy,
            constraint=constraint,
            # On the CPU wherever the model is, so that a seed means the same dance on every device.
            generator=torch.Generator("cpu").manual_seed(settings.seed + dancer),
            callback_on_step_end=after_step,
        )
        composed.append(output)
    return composed


def _finished(motion: Motion, constraint: Constraint | None, mirror: bool) -> Motion:
    """Mirrored where asked, before the cleanup: the skeleton is not quite symmetric, and feet must stand after it."""
    if mirror:
        motion = motion.mirrored()
        constraint = None if constraint is None else constraint.mirrored()
    return clean_motion(motion) if constraint is None else cleaned_around(motion, constraint)


def _bodies(settings: DanceSettings) -> list[Body]:
    if settings.smpl is not None:
        return [load_smpl_body(settings.smpl)] * settings.dancers
    return [load_body(name) for name in settings.body_names]


def _prepare_filming(settings: DanceSettings) -> list[Body]:
    """The bodies to draw. Whatever would keep the film from being made fails here, before minutes of other work."""
    ffmpeg_executable()
    bodies = _bodies(settings)
    make_renderer(settings.renderer, bodies, (settings.width, settings.height))
    return bodies


def _film(
    path: Path,
    song: Path,
    motions: list[Motion],
    grid: BeatGrid,
    bodies: list[Body],
    settings: DanceSettings,
    tell: Progress,
) -> None:
    size = (settings.width, settings.height)
    frames = render_frames(
        motions, bodies, size=size, renderer=settings.renderer, overlay=settings.overlay, beat_grid=grid
    )
    watched = _watched(frames, len(motions[0]), tell)
    write_video(watched, path, size, motions[0].fps, song, settings.start_s, motions[0].duration)


def _watched(frames: Iterator[np.ndarray], total: int, tell: Progress) -> Iterator[np.ndarray]:
    tell("filming", 0, total)
    for done, frame in enumerate(frames, start=1):
        yield frame
        tell("filming", done, total)


def _provenance(settings: DanceSettings, models: DanceModels) -> dict[str, Any]:
    """Everything needed to make the same dance again; no folder names, which are the user's own business."""
    chosen = dataclasses.asdict(settings)
    for name in ("smpl", "model", "keep", "start_pose"):
        chosen[name] = None if chosen[name] is None else chosen[name].name
    # JSON has no infinity: an open end is null
    chosen["keep_seconds"] = [[start, stop if math.isfinite(stop) else None] for start, stop in settings.keep_seconds]
    return {
        "settings": chosen,
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in REPORTED_PACKAGES},
        "weights_sha256": models.checksums,
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # This project itself, when run without an install.
        return "not installed"


def _write_motion(path: Path, motion: Motion, grid: BeatGrid, provenance: dict[str, Any]) -> None:
    """AMASS's key names; ``up_axis`` says what AMASS leaves open (its own files are z up)."""
    contacts = motion.contacts if motion.contacts is not None else np.zeros((len(motion), 4), dtype=np.float32)
    np.savez_compressed(
        path,
        poses=motion.poses.reshape(len(motion), 72).astype(np.float32),
        trans=motion.trans.astype(np.float32),
        betas=np.zeros(10, dtype=np.float32),
        mocap_framerate=np.float64(motion.fps),
        gender=np.array("neutral"),
        up_axis=np.array("y"),
        contacts=contacts,
        beats=grid.beats,
        downbeats=grid.downbeats,
        provenance=np.array(json.dumps(provenance, sort_keys=True)),
    )
