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
from dancegen.denoiser import DanceDenoiser
from dancegen.metrics import Score, summarise
from dancegen.output import OutputPaths, StagedOutputs, check_outputs
from dancegen.pipeline import DanceOutput, DancePipeline
from dancegen.render import make_renderer, render_frames
from dancegen.settings import MAX_STEPS, DanceSettings, model_folder
from dancegen.stage_clock import StageClock
from dancegen.video import write_video
from motionbeat.audio import load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.encoder import MotionBeat, MusicEmbedding
from motionbeat.ffmpeg import ffmpeg_executable
from motionbeat.model_files import check_class, load_model, reading
from motionbeat.motion import Motion

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
        motion: the cleaned dance at the frame rate of the video.
        grid: the beats heard, in seconds from the start of the motion.
        scores: the metrics of the dance, measured at the frame rate of the model.
        report: what the JSON file holds.
    """

    song: Path
    outputs: OutputPaths
    motion: Motion
    grid: BeatGrid
    scores: tuple[Score, ...]
    report: dict[str, Any]


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
) -> DanceResult:
    """Make a body dance to a song.

    Args:
        song: any audio or video file that libsndfile or ffmpeg reads.
        outputs: where to write; all files appear at the end, or none. The video is left out where it is None.
        settings: what to make; the defaults when None. The same seed and settings give the same motion.
        progress: told about the stages as they proceed.
        force: replace existing files.

    Raises:
        UserError: the song, a setting or the output cannot be used.
    """
    settings = settings or DanceSettings()
    tell = progress or _ignore
    clock = StageClock()
    check_outputs(song, outputs, force)
    with StagedOutputs(outputs, force) as files:
        with clock.stage("loading"):
            tell("loading", 0, 1)
            models = load_models(settings.model)
            body = _prepare_filming(settings) if outputs.video is not None else None
            tell("loading", 1, 1)
        with clock.stage("listening"):
            tell("listening", 0, 3)
            audio = load_audio(song, settings.start_s, settings.duration_s)
            tell("listening", 1, 3)
            grid = track_beats(audio).covering(audio.duration)
            tell("listening", 2, 3)
            music = models.encoder.encode_audio(audio, grid)
            tell("listening", 3, 3)
        with clock.stage("composing"):
            composed = _compose(models.pipeline, music, settings, tell)
        with clock.stage("cleaning"):
            tell("cleaning", 0, 2)
            cleaned = clean_motion(composed.motion)
            tell("cleaning", 1, 2)
            scores = summarise(cleaned, grid, uncleaned=composed.motion)
            motion = cleaned.resampled(settings.fps)
            tell("cleaning", 2, 2)
        if files.staged.video is not None and body is not None:
            with clock.stage("filming"):
                _film(files.staged.video, song, motion, grid, body, settings, tell)
        provenance = _provenance(song, settings, composed.style, models)
        _write_motion(files.staged.motion, motion, grid, provenance)
        report = {
            "song": song.name,
            "files": [path.name for path in outputs.files],
            "style": composed.style,
            "duration_s": round(motion.duration, 3),
            "music": {
                "tempo": round(grid.tempo, 2),
                "meter": grid.meter,
                "beats": len(grid.beats),
                "confidence": round(grid.confidence, 3),
            },
            "metrics": {score.name: score.as_dict() for score in scores},
            **provenance,
            "timing": clock.as_dict(),
        }
        files.staged.report.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        files.commit()
    return DanceResult(song, outputs, motion, grid, scores, report)


def _ignore(stage: str, done: int, total: int) -> None:
    """The progress that nobody wants to see."""


def _compose(pipeline: DancePipeline, music: MusicEmbedding, settings: DanceSettings, tell: Progress) -> DanceOutput:
    def after_step(_: DancePipeline, step: int, __: int, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        tell("composing", step + 1, settings.steps)
        return tensors

    tell("composing", 0, settings.steps)
    return pipeline(
        music,
        style=settings.style,
        num_inference_steps=settings.steps,
        guidance_scale=settings.guidance,
        # On the CPU wherever the model is, so that a seed means the same dance on every device.
        generator=torch.Generator("cpu").manual_seed(settings.seed),
        callback_on_step_end=after_step,
    )


def _prepare_filming(settings: DanceSettings) -> Body:
    """The body to draw. Whatever would keep the film from being made fails here, before minutes of other work."""
    ffmpeg_executable()
    body = load_body(settings.body) if settings.smpl is None else load_smpl_body(settings.smpl)
    make_renderer(settings.renderer, body, (settings.width, settings.height))
    return body


def _film(
    path: Path, song: Path, motion: Motion, grid: BeatGrid, body: Body, settings: DanceSettings, tell: Progress
) -> None:
    size = (settings.width, settings.height)
    frames = render_frames(
        motion, body, size=size, renderer=settings.renderer, overlay=settings.overlay, beat_grid=grid
    )
    watched = _watched(frames, len(motion), tell)
    write_video(watched, path, size, motion.fps, song, settings.start_s, motion.duration)


def _watched(frames: Iterator[np.ndarray], total: int, tell: Progress) -> Iterator[np.ndarray]:
    tell("filming", 0, total)
    for done, frame in enumerate(frames, start=1):
        yield frame
        tell("filming", done, total)


def _provenance(song: Path, settings: DanceSettings, style: str, models: DanceModels) -> dict[str, Any]:
    """Everything needed to make the same dance again; no folder names, which are the user's own business."""
    chosen = dataclasses.asdict(settings)
    for name in ("smpl", "model"):
        chosen[name] = None if chosen[name] is None else chosen[name].name
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
