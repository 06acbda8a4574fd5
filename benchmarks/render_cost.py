"""What a finished video costs: CPU-seconds of skinning, drawing and encoding.

    python benchmarks/render_cost.py [--size 512x512 1280x720 1080x1920] [--seconds 30] [--motion dance.npz]

Skinning alone and drawing (which includes skinning) are timed on this process; encoding is the CPU time of ffmpeg.
Without ``--motion`` a swaying, stepping figure is drawn that travels and so keeps the camera moving.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile

from dancegen.body import BODIES, load_body
from dancegen.render import RENDERERS, face_camera, render_frames
from dancegen.video import write_video
from motionbeat.beats import BeatGrid
from motionbeat.motion import Motion, load_motion

FPS = 30.0
TEMPO = 120.0


def swaying_motion(seconds: float) -> Motion:
    """A figure that swings its arms, bends its knees on the beat and walks a circle of 2 m."""
    times = np.arange(round(seconds * FPS)) / FPS
    beat = times * TEMPO / 60
    poses = np.zeros((len(times), 24, 3), dtype=np.float32)
    bend = 0.35 * (1 - np.cos(2 * np.pi * beat))
    for hip, knee, ankle in ((1, 4, 7), (2, 5, 8)):
        poses[:, hip, 0], poses[:, knee, 0], poses[:, ankle, 0] = -bend / 2, bend, -bend / 2
    poses[:, 16, 2] = -0.6 + 0.9 * np.sin(np.pi * beat)
    poses[:, 17, 2] = 0.6 + 0.9 * np.sin(np.pi * beat)
    poses[:, 0, 1] = 0.6 * np.sin(0.25 * np.pi * beat)
    leg = 0.81
    trans = np.stack([np.sin(0.4 * times), 0.984 - leg * (1 - np.cos(bend / 2)), np.cos(0.4 * times)], axis=1)
    return Motion(poses, trans.astype(np.float32), FPS)


def cpu_s() -> tuple[float, float]:
    """CPU-seconds of this process and of its finished children."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime, children.ru_utime + children.ru_stime


def drain(frames: Iterable[object]) -> None:
    for _ in frames:
        pass


def measure(motion: Motion, body_name: str, size: tuple[int, int], renderer: str) -> dict[str, float]:
    """Seconds by stage for one video."""
    body = load_body(body_name)
    grid = BeatGrid.steady(TEMPO, motion.duration)

    def draw() -> Iterator[np.ndarray]:
        return render_frames(motion, body, size=size, renderer=renderer, beat_grid=grid)

    next(draw())  # compile, or load what is compiled
    start, _ = cpu_s()
    drain(body.skin_chunks(face_camera(motion)))
    skinned, _ = cpu_s()
    drain(draw())
    drawn, children = cpu_s()
    with tempfile.TemporaryDirectory() as folder:
        song, video = Path(folder) / "song.wav", Path(folder) / "video.mp4"
        rate = 44_100
        noise = np.random.default_rng(0).normal(size=round(motion.duration * rate)) * 0.1
        soundfile.write(song, noise, rate)
        wall = time.perf_counter()
        before, _ = cpu_s()
        write_video(draw(), video, size, motion.fps, song, 0.0, motion.duration)
        after, encoded = cpu_s()
        return {
            "frames": len(motion),
            "skin": skinned - start,
            "draw": drawn - skinned,
            "encode": encoded - children,
            "pipe": (after - before) - (drawn - skinned),
            "total": (after - before) + (encoded - children),
            "wall": time.perf_counter() - wall,
            "file_mb": video.stat().st_size / 1e6,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", default=["512x512", "1280x720"])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--motion", type=Path)
    parser.add_argument("--body", choices=BODIES, default="neutral")
    parser.add_argument("--renderer", choices=RENDERERS, default="auto")
    arguments = parser.parse_args()
    if arguments.motion:
        motion = load_motion(arguments.motion).resampled(FPS).crop(0, round(arguments.seconds * FPS))
    else:
        motion = swaying_motion(arguments.seconds)
    for text in arguments.size:
        width, height = (int(side) for side in text.split("x"))
        result = measure(motion, arguments.body, (width, height), arguments.renderer)
        print(text, *(f"{name} {value:.2f}" for name, value in result.items()), sep="  ")


if __name__ == "__main__":
    main()
