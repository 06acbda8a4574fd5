"""What the generator is told of the music, side by side: ``python -m benchmarks.side_by_side train|judge|withhold``.

Small generators are trained on the ballroom recordings under one budget; only what they hear differs:

==================  ===================================================  =============================================
row                 told of the music                                    beats and bars that it dances to
==================  ===================================================  =============================================
motionbeat          tokens of the shipped encoder                        our tracker's
librosa             librosa's 35 features (those of EDGE's baseline)     librosa's beats, bars counted from the first
librosa, our beats  the same weights                                     our tracker's
beats only          nothing                                              our tracker's
no music            nothing: the weights of *beats only*                 a metronome at the style's median tempo
==================  ===================================================  =============================================

All rows know the style. ``train`` writes one folder for each row and seed: from scratch or, with ``--start-from``, all
of them from one trained generator that has been made to hear nothing but beats (:func:`deafened`). ``judge`` makes a
dance of 30 s to every held-out song (validation and test: no choice is made by either) with each of them, and writes
one table. All dances are judged by the annotated beats, whatever they were danced to. ``--features`` is what
``python -m benchmarks.encoder_peers BALLROOM`` wrote.

``withhold`` trains nothing: the shipped generator dances to the test songs, and what the tokens tell it beside the
beats and bars is taken away (:data:`WITHHELD`). It shows what a generator that was trained for long makes of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import librosa
import numpy as np
import torch
from tqdm import tqdm

from benchmarks.encoder_peers.librosa35 import librosa35
from dancegen.cleanup import clean_motion
from dancegen.denoiser import DanceDenoiser, token_gain
from dancegen.evaluation.comparison import CONTROLS, Summary, realism, summary
from dancegen.evaluation.ground_truth import copy_distances, read_truth, training_windows
from dancegen.evaluation.measured_set import JudgedDance, MeasuredSet, measure_set
from dancegen.evaluation.measures import INDEX
from dancegen.evaluation.reference import load_reference
from dancegen.pipeline import DancePipeline
from dancegen.song_to_video import load_models
from dancegen.train import build_parser as train_parser
from dancegen.train import fit, make_accelerator
from dancegen.windows import Hear, heard_by
from motionbeat.assets import asset_path
from motionbeat.audio import Audio, load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.embed import load_encoder
from motionbeat.encoder import CLOCK_DIM, MotionBeat, MusicEmbedding
from motionbeat.model_files import load_model
from motionbeat.motion_features import MOTION_FPS
from motionbeat.output import find_songs
from motionbeat.pairs import Pair, load_pairs
from motionbeat.probe.slots import slot_features
from motionbeat.tokens import SLOTS_PER_BEAT, slot_grid

TRAINED = ("motionbeat", "librosa", "beats only")
ROWS = {
    "motionbeat": "motionbeat",
    "librosa": "librosa",
    "librosa, our beats": "librosa",
    "beats only": "beats only",
    "no music": "beats only",
}
"""Each row of the table, and whose weights it has."""

WITHHELD = ("as heard", "another song of its style", "the song's mean")
"""Whose tokens the shipped generator is given, on the song's own beats and bars."""

SECONDS = 30.0
COLUMNS = (
    "plants_toward_style", "minima_toward_style", "maxima_toward_style", "feet_profile_distance",
    "body_profile_distance", "beat_lock", "bar_lock", "beat_alignment_motion_to_music", "speed", "jerk",
    "contact_slide", "joint_limit_share", "self_repetition",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Librosa:
    """librosa's features, standardised as in training.

    Attributes:
        mean, std: (35,).
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, folder: Path, pairs: Sequence[Pair]) -> Librosa:
        values = np.concatenate([np.load(folder / f"{pair.name}.npy").astype(np.float32) for pair in pairs])
        return cls(values.mean(axis=0), np.maximum(values.std(axis=0), 1e-3))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        return ((values.astype(np.float32) - self.mean) / self.std).astype(np.float32)


def ballroom(folder: Path) -> list[Pair]:
    """Dances recorded together with their music."""
    return [pair for pair in load_pairs(folder, False) if pair.recorded_together]


def nothing(pair: Pair) -> np.ndarray:
    """Tokens that say nothing."""
    return np.zeros((len(pair.slots), 1), np.float32)


def hearings(args: argparse.Namespace, encoder: MotionBeat, pairs: list[Pair]) -> dict[str, tuple[Hear, int]]:
    """What each trained row is told of a pair, and its width."""
    scaled = Librosa.of(args.features, [pair for pair in pairs if pair.split == "train"])
    return {
        "motionbeat": (heard_by(encoder), encoder.config["width"]),
        "librosa": (lambda pair: scaled(np.load(args.features / f"{pair.name}.npy")), 35),
        "beats only": (nothing, 1),
    }


def train(args: argparse.Namespace) -> None:
    """Train every row that is not there yet, with every seed."""
    pairs = ballroom(args.pairs)
    encoder = load_encoder().model
    styles = tuple(sorted({pair.style for pair in pairs}))
    trained, held_out = ([pair for pair in pairs if pair.split == split] for split in ("train", "validation"))
    token = torch.zeros(0)
    if args.start_from is not None:
        token = mean_token(load_encoder(args.start_from / "encoder").model, trained)
    for seed in range(args.seeds):
        for row, (hear, width) in hearings(args, encoder, pairs).items():
            out = args.out / f"{row.replace(' ', '_')}_{seed}"
            if (out / "model_index.json").exists():
                continue
            settings = train_parser().parse_args(
                [f"--out={out}", f"--steps={args.steps}", f"--seed={seed}", f"--lr={args.lr}", f"--batch={args.batch}",
                 f"--save-every={args.steps}"]
            )  # fmt: skip
            accelerator = make_accelerator(settings)
            torch.manual_seed(seed)
            if args.start_from is None:
                start = None
                denoiser = new_denoiser(width, styles, args.width, args.layers)
            else:
                start = deafened(load_model(args.start_from / "denoiser", DanceDenoiser), token, width, styles)
                denoiser = new_denoiser(width, styles, start.config["width"], start.config["layers"])
            fit(settings, accelerator, denoiser, trained, held_out, hear, start)


def new_denoiser(tokens: int, styles: tuple[str, ...], width: int, layers: int) -> DanceDenoiser:
    """A denoiser that is told ``tokens`` values of the music beside the clock."""
    return DanceDenoiser(
        tokens + CLOCK_DIM,
        styles,
        width=width,
        heads=4,
        layers=layers,
        embedding_dim=1,
        token_gain=token_gain(tokens),
    )


def mean_token(encoder: MotionBeat, pairs: Sequence[Pair]) -> torch.Tensor:
    """(W,) mean token of an encoder over the music of some pairs."""
    hear = heard_by(encoder)
    return torch.from_numpy(np.concatenate([hear(pair) for pair in pairs]).mean(axis=0))


def deafened(trained: DanceDenoiser, token: torch.Tensor, tokens: int, styles: tuple[str, ...]) -> DanceDenoiser:
    """A trained denoiser that hears beats and bars only, as if all music had ``token`` for its tokens, with weights of
    zero for ``tokens`` new values, and knows ``styles`` of its own."""
    denoiser = new_denoiser(tokens, styles, trained.config["width"], trained.config["layers"])
    before = trained.state_dict()
    heard, clock = before["music_in.weight"].split([len(token), CLOCK_DIM], dim=1)
    unheard = heard.new_zeros(len(heard), tokens, heard.shape[2])
    kept = {key: value for key, value in before.items() if value.shape == denoiser.state_dict()[key].shape}
    kept["music_in.weight"] = torch.cat([unheard, clock], dim=1)
    kept["music_in.bias"] = before["music_in.bias"] + heard.sum(dim=2) @ token * trained.config["token_gain"]
    kept["no_music"] = torch.cat([token.new_zeros(tokens), before["no_music"][len(token) :]])
    labels = [0, *(list(trained.config["styles"]).index(style) + 1 for style in styles)]
    kept["style.weight"] = before["style.weight"][labels]
    denoiser.load_state_dict(denoiser.state_dict() | kept)
    return denoiser


@dataclass(frozen=True, eq=False)
class Song:
    """A held-out song as the rows hear it.

    Attributes:
        pair: with the dance recorded to it.
        audio: the first :data:`SECONDS`.
        ours: embedding by the encoder, on our tracker's beats.
        librosa_grid: librosa's beats.
    """

    pair: Pair
    audio: Audio
    ours: MusicEmbedding
    librosa_grid: BeatGrid


def hear_song(pair: Pair, path: Path, encoder: MotionBeat) -> Song:
    """Read and hear a song."""
    audio = load_audio(path, 0.0, SECONDS)
    ours = encoder.encode_audio(audio, track_beats(audio).covering(audio.duration))
    tempo, beats = librosa.beat.beat_track(y=audio.samples, sr=audio.sample_rate, units="time")
    meter = pair.grid.meter
    if len(beats) < 2:
        grid = BeatGrid.steady(120.0, audio.duration, meter)
    else:
        grid = BeatGrid(beats, beats[::meter], meter, float(np.atleast_1d(tempo)[0]), 1.0)
    return Song(pair, audio, ours, grid.covering(audio.duration))


def told(row: str, song: Song, scaled: Librosa, period_s: float) -> MusicEmbedding:
    """What a row hears in a song; ``period_s`` is the style's, for the metronome. No row is told which parts are loud:
    how the pipeline follows those is the same whatever the tokens are."""
    if row == "motionbeat":
        return replace(song.ours, levels=np.zeros_like(song.ours.levels))
    if row == "no music":
        grid = BeatGrid.steady(60 / period_s, SECONDS, song.pair.grid.meter).covering(song.audio.duration)
    else:
        grid = song.librosa_grid if row == "librosa" else song.ours.grid
    slots = slot_grid(grid)
    tokens = np.zeros((len(slots), 1), np.float32)
    if row.startswith("librosa"):
        samples = librosa.resample(song.audio.samples, orig_sr=song.audio.sample_rate, target_sr=22050)
        frames = librosa35()(samples)
        marks = np.arange(35) >= 35 - frames.one_hot
        tokens = scaled(slot_features(frames.values, frames.times_s, marks, slots.times_s, 0.0))
    return replace(
        song.ours,
        tokens=tokens,
        token_times_s=slots.times_s,
        levels=np.zeros(len(slots), np.float32),
        grid=grid,
    )


def dance(pipeline: DancePipeline, row: str, songs: Sequence[Song], scaled: Librosa, seed: int) -> list[JudgedDance]:
    """A dance to every song."""
    dances = []
    for song in songs:
        pair = song.pair
        label = pipeline.styles.index(pair.style)
        music = told(row, song, scaled, float(pipeline.denoiser.style_period_s[label]))
        motion = pipeline(music, style=pair.style, generator=torch.Generator().manual_seed(seed)).motion
        grid = pair.grid.covering(song.audio.duration)
        dances.append(JudgedDance(f"{pair.name}, seed {seed}", pair.name, pair.style, clean_motion(motion), grid))
    return dances


def judge(args: argparse.Namespace) -> None:
    """Make and measure the dances of all rows; rows that are in the file already are not made again."""
    encoder, pairs = load_encoder().model, ballroom(args.pairs)
    scaled = Librosa.of(args.features, [pair for pair in pairs if pair.split == "train"])
    path_of = {path.stem: path for path in find_songs([args.songs])[0]}
    songs = [
        hear_song(pair, path_of[pair.name], encoder) for pair in tqdm(pairs, desc="hearing") if pair.split != "train"
    ]
    pool = load_reference(asset_path("reference"))
    training = training_windows(read_truth(args.pairs, ["train"]))
    out = args.out / "judged.json"
    found = json.loads(out.read_text()) if out.exists() else {}

    def keep(name: str, dances: list[JudgedDance]) -> None:
        copies = float(np.mean([np.median(copy_distances(dance, training)) for dance in dances]))
        found[name] = _numbers(measure_set(dances, pool), pool) | {"copy_distance": copies}
        out.write_text(json.dumps(found, indent=1) + "\n")
        print(name, found[name], flush=True)

    if "recorded" not in found:
        keep("recorded", [_recorded(song) for song in songs])
    for seed in range(args.seeds):
        for row, weights in ROWS.items():
            folder = args.out / f"{weights.replace(' ', '_')}_{seed}"
            if f"{row} {seed}" in found or not (folder / "model_index.json").exists():
                continue
            pipeline = DancePipeline.from_pretrained(folder)
            pipeline.set_progress_bar_config(disable=True)
            keep(f"{row} {seed}", dance(pipeline, row, songs, scaled, seed))
    (args.out / "judged.md").write_text(table(found), encoding="utf-8")


def withhold(args: argparse.Namespace) -> None:
    """Make and measure dances of the shipped generator with what :data:`WITHHELD` names in place of the tokens."""
    models = load_models(None)
    models.pipeline.set_progress_bar_config(disable=True)
    path_of = {path.stem: path for path in find_songs([args.songs])[0]}
    songs = [
        hear_song(pair, path_of[pair.name], models.encoder)
        for pair in tqdm(ballroom(args.pairs), desc="hearing")
        if pair.split == "test"
    ]
    pool = load_reference(asset_path("reference"))
    training = training_windows(read_truth(args.pairs, ["train"]))
    found = {}
    for row in WITHHELD:
        dances = []
        for seed in range(args.seeds):
            for song in songs:
                generator = torch.Generator().manual_seed(seed)
                made = models.pipeline(with_tokens(row, song, songs), style=song.pair.style, generator=generator)
                name, motion = song.pair.name, clean_motion(made.motion)
                dances.append(JudgedDance(f"{name}, seed {seed}", name, song.pair.style, motion, made.grid))
        copies = float(np.mean([np.median(copy_distances(dance, training)) for dance in dances]))
        found[f"{row} 0"] = _numbers(measure_set(dances, pool), pool) | {"copy_distance": copies}
        print(row, found[f"{row} 0"], flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "withheld.json").write_text(json.dumps(found, indent=1) + "\n")


def with_tokens(row: str, song: Song, songs: Sequence[Song]) -> MusicEmbedding:
    """A song's embedding with the tokens that a row of :data:`WITHHELD` gives: of another song those of the same
    place in the bar, one after another."""
    music = song.ours
    if row == "as heard":
        return music
    if row == "the song's mean":
        return replace(music, tokens=np.broadcast_to(music.tokens.mean(axis=0), music.tokens.shape).copy())
    others = [each for each in songs if each.pair.style == song.pair.style and each is not song]
    other = others[sum(map(ord, song.pair.name)) % len(others)].ours
    bar = music.grid.meter * SLOTS_PER_BEAT
    begins = round(float(music.token_phase[0] - other.token_phase[0]) * SLOTS_PER_BEAT) % bar
    whole = begins + np.arange((len(other.tokens) - begins) // bar * bar)
    return replace(music, tokens=other.tokens[whole[np.arange(len(music.tokens)) % len(whole)]])


def _recorded(song: Song) -> JudgedDance:
    pair = song.pair
    stop = round(SECONDS * MOTION_FPS)
    motion, valid = pair.motion.crop(0, stop), pair.valid[:stop]
    return JudgedDance(pair.name, pair.name, pair.style, motion, pair.grid.covering(motion.duration), valid, pair.name)


def _numbers(measured: MeasuredSet, pool: MeasuredSet) -> dict[str, float]:
    whole: Summary = summary(measured, measured.styles)
    numbers = {name: float(whole.own.value[INDEX[name]]) for name in COLUMNS}
    other = whole.controls[CONTROLS.index("other song of the style")]
    numbers["plants_toward_style, other song"] = float(other.value[INDEX["plants_toward_style"]])
    numbers["feet_profile_distance, other song"] = float(other.value[INDEX["feet_profile_distance"]])
    by_style: dict[str, list[float]] = {}
    for style in measured.styles:
        compared = realism(measured, pool, [style])
        for score in () if compared is None else compared.scores:
            by_style.setdefault(score.name, []).append(score.value)
    return numbers | {name: float(np.mean(values)) for name, values in by_style.items()}


def table(found: dict[str, dict[str, float]]) -> str:
    """Markdown: rows, mean and deviation over seeds."""
    names = list(found["recorded"])
    lines = [f"| told of the music | {' | '.join(names)} |", "| --- |" + " --- |" * len(names)]
    for row in ("recorded", *ROWS):
        runs = [values for name, values in found.items() if name == row or name.rsplit(" ", 1)[0] == row]
        cells = [_cell([run[name] for run in runs if name in run]) for name in names]
        lines.append(f"| {row} ({len(runs)}) | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(values: list[float]) -> str:
    if not values:
        return "-"
    mean = f"{np.mean(values):.3g}"
    return mean if len(values) < 2 else f"{mean} ± {np.std(values, ddof=1):.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands: dict[str, Callable[[argparse.Namespace], None]] = {"train": train, "judge": judge, "withhold": withhold}
    parser.add_argument("command", choices=list(commands))
    parser.add_argument("--pairs", type=Path, default=Path("runs/pairs"))
    parser.add_argument("--features", type=Path, default=Path("runs/peer_features/librosa35"))
    parser.add_argument("--songs", type=Path, required=True, help="folder of the ballroom songs")
    parser.add_argument("--out", type=Path, default=Path("runs/side_by_side"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--start-from", type=Path, help="a trained generator, whose sizes all rows then have")
    args = parser.parse_args()
    commands[args.command](args)


if __name__ == "__main__":
    main()
