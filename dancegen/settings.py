"""What a user can choose about a dance and its video, checked in one place for the command line, the app and code."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from dancegen.joint_groups import joints_named
from motionbeat.assets import asset_path
from motionbeat.errors import UserError

AUTO_STYLE = "auto"
NO_STYLE = "none"
RENDERERS = ("auto", "raster", "pyrender", "skeleton")
"""``auto`` is the software rasteriser, which runs everywhere."""

BODIES = ("neutral", "female", "male", "slim", "heavy", "child")
"""Names of the built-in bodies."""

VIDEO_FPS = (30, 60)
DEFAULT_STEPS = 10
DEFAULT_GUIDANCE = 2.0
MIN_SIDE_PX, MAX_SIDE_PX = 64, 3840
MAX_STEPS = 1000
MAX_GUIDANCE = 20.0
MAX_SEED = 2**63 - 1
ENERGY_RANGE = (0.5, 1.5)
MAX_DANCERS = 6


@dataclass(frozen=True)
class DanceSettings:
    """Settings of one dance, or of several to one song. Style and body names are checked when the model and the bodies
    are at hand.

    Attributes:
        start_s: seconds of the song to leave out at the beginning.
        duration_s: seconds of the song to dance to; None is all of it.
        seed: of the random numbers; the same seed and settings give the same motion.
        style: a style of the model, ``auto`` (the one that suits the song), ``none`` (no label), or a mix of styles
            with their shares, such as ``salsa:0.6,pop:0.4``.
        steps: denoising steps.
        guidance: weight of classifier-free guidance; 1 follows the music as trained, more exaggerates it.
        energy: how lively the dance is, 1 as the style is danced on average.
        mirror: exchange left and right of the finished dance.
        keep: motion file of which a part is kept while the rest is filled; its second 0 is that of the dance.
        keep_joints: which of its joints, by names of :mod:`dancegen.joint_groups`.
        keep_seconds: from when to when; everywhere when empty.
        start_pose: motion file in whose pose the dance begins.
        start_pose_s: second of that motion.
        dancers: how many dance, each with a seed of their own from ``seed`` on.
        width, height: of the video in pixels, even.
        fps: frames per second of the video and of the written motion, 30 or 60.
        body: name of a built-in body, or several that the dancers take in turns, such as ``female,male``.
        smpl: the user's own SMPL, SMPL-H or SMPL-X file, drawn instead of ``body``.
        renderer: one of :data:`RENDERERS`.
        overlay: draw the beat and the tempo into the picture.
        video: make a video at all.
        model: folder that :mod:`dancegen.train` wrote; None is the shipped one.

    Raises:
        UserError: a value out of range.
    """

    start_s: float = 0.0
    duration_s: float | None = None
    seed: int = 0
    style: str = AUTO_STYLE
    steps: int = DEFAULT_STEPS
    guidance: float = DEFAULT_GUIDANCE
    energy: float = 1.0
    mirror: bool = False
    keep: Path | None = None
    keep_joints: str = "all"
    keep_seconds: tuple[tuple[float, float], ...] = ()
    start_pose: Path | None = None
    start_pose_s: float = 0.0
    dancers: int = 1
    width: int = 512
    height: int = 512
    fps: int = 30
    body: str = "neutral"
    smpl: Path | None = None
    renderer: str = "auto"
    overlay: bool = True
    video: bool = True
    model: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < math.inf:
            raise UserError(f"start: must be 0 seconds or more, got {self.start_s:g}.")
        if self.duration_s is not None and not 0 < self.duration_s < math.inf:
            raise UserError(f"duration: must be more than 0 seconds, got {self.duration_s:g}.")
        if not 0 <= self.seed <= MAX_SEED:
            raise UserError(f"seed: must be between 0 and {MAX_SEED}, got {self.seed}.")
        if not 1 <= self.steps <= MAX_STEPS:
            raise UserError(f"steps: must be between 1 and {MAX_STEPS}, got {self.steps}.")
        if not 0 <= self.guidance <= MAX_GUIDANCE:
            raise UserError(f"guidance: must be between 0 and {MAX_GUIDANCE:g}, got {self.guidance:g}.")
        if not ENERGY_RANGE[0] <= self.energy <= ENERGY_RANGE[1]:
            low, high = ENERGY_RANGE
            raise UserError(f"energy: must be between {low:g} and {high:g}, got {self.energy:g}.")
        if not 1 <= self.dancers <= MAX_DANCERS:
            raise UserError(f"dancers: must be between 1 and {MAX_DANCERS}, got {self.dancers}.")
        if self.seed + self.dancers - 1 > MAX_SEED:
            raise UserError(f"seed: must leave room below {MAX_SEED} for {self.dancers} dancers, got {self.seed}.")
        style_shares(self.style)
        joints_named(self.keep_joints)
        if self.keep is None and (self.keep_seconds or self.keep_joints != "all"):
            raise UserError("keep: say of which motion: --keep MOTION.npz.")
        for start, stop in self.keep_seconds:
            if not 0 <= start < stop:  # also refuses NaN
                raise UserError(f"keep-seconds: each span must go forward from 0 or later, got {start:g}-{stop:g}.")
        if not 0 <= self.start_pose_s < math.inf:
            raise UserError(f"start-pose: must be at 0 seconds or more, got {self.start_pose_s:g}.")
        for name, side in (("width", self.width), ("height", self.height)):
            if not MIN_SIDE_PX <= side <= MAX_SIDE_PX or side % 2:
                raise UserError(f"size: {name} must be even, {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels, got {side}.")
        if self.fps not in VIDEO_FPS:
            raise UserError(f"fps: must be 30 or 60, got {self.fps}.")
        if self.renderer not in RENDERERS:
            raise UserError(f"renderer: {self.renderer!r} is unknown. Choose one of {', '.join(RENDERERS)}.")

    def check_names(self) -> None:
        """Look the style and the body up, without loading a model.

        Raises:
            UserError: there is no such style or body, or no such model folder.
        """
        styles = (AUTO_STYLE, NO_STYLE, *known_styles(self.model))
        for style in style_shares(self.style):
            if style not in styles:
                raise UserError(f"style: {style!r} is unknown. Choose one of {', '.join(styles)}.")
        bodies = self.body.split(",")
        if len(bodies) > self.dancers:
            raise UserError(f"body: {len(bodies)} bodies are named for {self.dancers} dancer(s). Add --dancers.")
        for body in self.body_names:
            if body not in BODIES:
                raise UserError(f"body: {body!r} is unknown. Choose one of {', '.join(BODIES)}.")

    @property
    def given_motions(self) -> tuple[Path, ...]:
        """Motion files of which the dance keeps something."""
        return tuple(path for path in (self.keep, self.start_pose) if path is not None)

    @property
    def body_names(self) -> tuple[str, ...]:
        """The body of each dancer, first to last."""
        names = [name.strip() for name in self.body.split(",")]
        return tuple(names[dancer % len(names)] for dancer in range(self.dancers))


def style_shares(text: str) -> dict[str, float]:
    """Share of each style in a choice of style, summing to 1: ``{"salsa": 0.6, "pop": 0.4}`` for
    ``salsa:0.6,pop:0.4``, ``{"waltz": 1.0}`` for ``waltz``.

    Raises:
        UserError: a share is no positive number, a style is named twice, or ``auto`` or ``none`` is mixed.
    """
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, colon, number = (piece.strip() for piece in part.partition(":"))
        try:
            share = float(number) if colon else 1.0
        except ValueError:
            share = math.nan
        if not 0 < share < math.inf or name in shares:
            raise UserError(f"style: {text!r} is no mix of styles. Write it as salsa:0.6,pop:0.4.")
        shares[name] = share
    if len(shares) > 1 and {AUTO_STYLE, NO_STYLE} & set(shares):
        raise UserError(f"style: auto and none cannot be mixed with other styles, got {text!r}.")
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def model_folder(chosen: Path | None = None) -> Path:
    """The folder of the trained generator and its encoder: ``chosen``, or the shipped one when None.

    Raises:
        UserError: it lacks one of the subfolders ``encoder`` and ``denoiser``.
    """
    folder = asset_path("models", "dance") if chosen is None else chosen
    for part in ("encoder", "denoiser"):
        if not (folder / part).is_dir():
            raise UserError(f"model: {folder} has no folder {part!r}. Give a folder that dancegen.train wrote.")
    return folder


def known_styles(model: Path | None = None) -> tuple[str, ...]:
    """The styles that a model was trained on, read from its configuration only.

    Raises:
        UserError: ``model`` is no model folder.
    """
    config = model_folder(model) / "denoiser" / "config.json"
    try:
        return tuple(str(style) for style in json.loads(config.read_text(encoding="utf-8"))["styles"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"model: {config} cannot be read ({error}).") from None
