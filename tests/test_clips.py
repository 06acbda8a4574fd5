"""Clips, their negatives, and the tests of matching, on synthetic dances."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from motionbeat import evaluate
from motionbeat.ablations import ABLATIONS, RunSettings, train_row
from motionbeat.beats import BeatGrid
from motionbeat.clips import ClipSampler, Track, motion_energy, tracks_of
from motionbeat.contacts import detect_contacts
from motionbeat.ear import MUSIC_TOKEN_DIM
from motionbeat.encoder import MotionBeat
from motionbeat.errors import UserError
from motionbeat.matching import AS_IT_COMES, FINE_GRAINED, IN_STEP, MOVES, fine_grained, over_songs, retrieval
from motionbeat.motion_tokens import MOTION_TOKEN_DIM
from motionbeat.objective import Objective
from motionbeat.pairs import Pair
from motionbeat.tokens import MELS, PULSE_TOKEN_DIM, TOKEN_DIM, slot_grid
from motionbeat.train import fit, training_loss
from tests.test_training import stepping

MEL = "mel patches in place of the beat network"
TINY = {"width": 16, "heads": 2, "phase_blocks": 1, "plain_layers": 1, "projection": 8}


def pair(
    name: str, tempo: float = 120.0, meter: int = 4, bars: int = 12, split: str = "train", song: str = ""
) -> Pair:
    """A body stepping on the beat to music with a bass drum on each downbeat and a hat on each beat."""
    grid = BeatGrid.steady(tempo, bars * meter * 60 / tempo, meter, confidence=1.0)
    slots = slot_grid(grid)
    rng = np.random.default_rng(len(name))
    mel = rng.integers(0, 30, (len(slots), 5, MELS))
    mel[np.isclose(slots.phase, 0), 1:, :8] = 250
    mel[np.isclose(slots.phase % 1, 0), 1:, -8:] = 200
    motion = stepping(60 / tempo, grid.beats[-1], seed=len(name))
    motion = replace(motion, contacts=detect_contacts(motion.joints(), motion.fps))
    pulse = rng.normal(0, 0.1, (3, len(slots), PULSE_TOKEN_DIM))
    pulse[:, np.isclose(slots.phase, 0), :2] += 1
    pulse[:, np.isclose(slots.phase % 1, 0), 2:4] += 1
    return Pair(
        name, name, "pop", motion, np.ones(len(motion), bool), grid, slots,
        mel.reshape(len(slots), TOKEN_DIM).astype(np.uint8), pulse.astype(np.float16), True, split, song or name,
        rng.normal(3, 2, (len(slots), MUSIC_TOKEN_DIM)).astype(np.float16),
    )  # fmt: skip


@pytest.fixture(scope="module")
def tracks() -> list[Track]:
    return tracks_of(
        [pair("a"), pair("bb", 121), pair("ccc", 90, 3), pair("dddd", 90.5, 3), pair("e" * 5, 120, song="a")], "mel"
    )


def test_a_moved_dance_is_the_dance_read_elsewhere(tracks: list[Track]) -> None:
    track = tracks[0]
    own, contact = track.motion(20)
    assert own.shape == (64, MOTION_TOKEN_DIM) and contact.shape == (64,)
    later, later_contact = track.motion(20, shift=4)
    np.testing.assert_allclose(later[:-4], own[4:], atol=1e-5)
    np.testing.assert_allclose(later_contact[:-4], contact[4:], atol=1e-6)
    slower, _ = track.motion(20, stretch=1.1)
    np.testing.assert_allclose(slower[0], own[0], atol=0.3)
    # after ten slots the stretched dance is a slot ahead
    middle = slice(1 * 223, 2 * 223)
    assert np.abs(slower[40, middle] - own[44, middle]).max() < np.abs(slower[40, middle] - own[40, middle]).max()


def test_energy_is_the_mean_joint_speed(tracks: list[Track]) -> None:
    tokens, _ = tracks[0].motion(20)
    joints = tracks[0].pair.motion.joints()
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=2).mean(axis=1) * 30
    first, last = int(tracks[0].pair.slots.times_s[20] * 30), int(tracks[0].pair.slots.times_s[84] * 30)
    assert motion_energy(tokens).mean() == pytest.approx(speed[first:last].mean(), rel=0.05)


def test_batches_hold_one_meter_one_first_beat_and_masked_doubles(tracks: list[Track]) -> None:
    sampler = ClipSampler(tracks, seed=3)
    seen = set()
    for _ in range(12):
        batch = sampler.batch(8, Objective(blind_share=0.0))
        bar = batch.slots_per_bar
        assert batch.audio.shape == (8, 4 * bar, TOKEN_DIM) and batch.motion.shape == (8, 4, 4 * bar, MOTION_TOKEN_DIM)
        turn = 2 * np.pi * batch.first_beat * 4 / bar
        torch.testing.assert_close(batch.theta[:, 0], torch.full((8,), turn), atol=1e-5, rtol=0)
        assert batch.same.diagonal().all()
        torch.testing.assert_close(batch.onsets.amax(dim=1), torch.ones(8))
        seen.add((bar, batch.first_beat))
    assert {bar for bar, _ in seen} == {12, 16} and len(seen) > 3


def test_two_dances_to_one_song_are_no_negatives(tracks: list[Track]) -> None:
    both = [track for track in tracks if track.pair.song == "a"]
    assert {track.pair.dance for track in both} == {"a", "eeeee"}
    assert ClipSampler(both, seed=0).batch(8, Objective()).same.all()


def test_jitter_negatives_are_what_the_objective_asks_for(tracks: list[Track]) -> None:
    sampler = ClipSampler(tracks[:1], seed=0)
    only_beats = sampler.batch(4, Objective(fine_jitter=False))
    assert only_beats.motion.shape[1] == 3
    own, early, late = only_beats.motion.unbind(1)
    torch.testing.assert_close(early[:, 4:], own[:, :-4], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(late[:, :-4], own[:, 4:], atol=1e-4, rtol=1e-4)
    nothing = sampler.batch(4, Objective(tempo_negatives=0, beat_jitter=False, fine_jitter=False))
    assert nothing.motion.shape[1] == 1 and nothing.tempo_index.shape == (4, 0)


def test_tempo_negatives_have_the_tempo_and_are_others(tracks: list[Track]) -> None:
    tempo = np.array([120.0, 121.0, 160.0, 118.5, 90.0])
    index, mask = ClipSampler(tracks, seed=1)._tempo_negatives(tempo, jitters=2, most=3)
    assert mask.sum(axis=1).tolist() == [3, 2, 0, 2, 0]
    owners = [set((row[kept] // 2).tolist()) for row, kept in zip(index, mask, strict=True)]
    assert owners[1] == {0} and owners[3] == {0} and owners[0] <= {1, 3}


def test_blind_batches_turn_the_angles_by_whole_slots_and_others_do_not(tracks: list[Track]) -> None:
    turns = {0.0: set(), 1.0: set()}
    for share, seen in turns.items():
        sampler = ClipSampler(tracks[:2], seed=5)
        for _ in range(10):
            batch = sampler.batch(4, Objective(blind_share=share))
            assert (batch.theta[:, 0] - batch.theta[0, 0]).abs().max() < 1e-5
            seen.add(round(float(batch.theta[0, 0] / (2 * np.pi) * 16 - batch.first_beat * 4)) % 16)
    assert turns[0.0] == {0} and len(turns[1.0]) > 3


@pytest.mark.parametrize("row", list(ABLATIONS))
def test_every_ablation_trains_and_differs_only_where_it_says(row: str, tracks: list[Track]) -> None:
    settings = RunSettings(steps=2, anchors=4, encoder=TINY)
    if (hearing := ABLATIONS[row].encoder.get("hearing", "mel")) != "mel":
        tracks = tracks_of([track.pair for track in tracks], hearing)
    model = train_row(ABLATIONS[row], tracks, settings, seed=0)
    assert all(torch.isfinite(value).all() for value in model.parameters())
    objective = Objective(**ABLATIONS[row].objective)
    assert model.config["objective"] == objective.__dict__
    assert (model.audio.rhythm is not None) == objective.aligns_rhythm
    assert model.config["rotation"] == ABLATIONS[row].encoder.get("rotation", "qkv")


def test_without_jitter_the_moved_dances_serve_other_anchors_only(tracks: list[Track]) -> None:
    torch.manual_seed(0)
    model = MotionBeat(**TINY, rhythm_heads=False)
    objective = Objective(beat_jitter=False, fine_jitter=False, beat_weight=0, bar_weight=0, tempo_negatives=1)
    batch = ClipSampler(tracks, seed=0).batch(6, objective)
    _, figures = training_loss(model, batch, objective)
    assert "jitter_wins" not in figures and "tempo_wins" in figures


def test_training_learns_to_hear_whether_a_dance_is_in_step(tracks: list[Track]) -> None:
    torch.manual_seed(0)
    model = MotionBeat(
        **(TINY | {"width": 32, "projection": 32}), rhythm_heads=True, dropout=0.0, rotation="qk", pooling="bar"
    )
    losses = []
    fit(model, ClipSampler(tracks, 0), Objective(), 80, 8, 5e-3, lambda _, row: losses.append(row["loss"]))
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])
    unknown = tracks_of([pair("f" * 6), pair("g" * 7, 120.5)], "mel", mirror=False)
    trials = fine_grained(model, unknown, unknown, blind=True)
    assert trials.figures()["half beat"].mean > 0.9
    assert 0.3 < trials.figures(sound=False)["half beat"].mean < 0.7


class Constant(MotionBeat):
    """Hears and sees always the same."""

    def embed_audio(self, tokens: torch.Tensor, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.ones(len(tokens), 8), tokens

    def embed_motion(
        self, tokens: torch.Tensor, theta: torch.Tensor, contact: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.ones(len(tokens), 8), tokens


class Phase(Constant):
    """Sees nothing but how the foot strikes lie to the labelled bar, and expects them on its beats."""

    def embed_motion(
        self, tokens: torch.Tensor, theta: torch.Tensor, contact: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        lock = (contact * torch.cos(4 * theta)).sum(dim=1, keepdim=True)
        return lock * torch.ones(len(tokens), 8), tokens


class Oracle(MotionBeat):
    """Knows a song by the level of its noise, and a dance by the set of its poses."""

    def embed_audio(self, tokens: torch.Tensor, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self._named(tokens[:, 1, 100:200].mean(dim=1) * 255 > 40), tokens

    def embed_motion(
        self, tokens: torch.Tensor, theta: torch.Tensor, contact: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self._named(tokens[:, :, 5].mean(dim=1) > 2), tokens

    @staticmethod
    def _named(second: torch.Tensor) -> torch.Tensor:
        return torch.stack([second, ~second], dim=1).float().repeat(1, 4) / 2


def test_an_encoder_that_knows_nothing_is_at_one_half(tracks: list[Track]) -> None:
    plain = [track for track in tracks if track.pair.grid.meter == 4][::2]
    trials = fine_grained(Constant(**TINY), plain, plain, blind=False)
    assert set(trials.heard) == set(FINE_GRAINED) and len(trials.song) > 5 and trials.seamless.all()
    for values in (*trials.heard.values(), *trials.unheard.values()):
        assert (values[~np.isnan(values)] == 0.5).all()


def test_labels_give_the_half_beat_away_unless_blind(tracks: list[Track]) -> None:
    plain = [track for track in tracks if track.pair.grid.meter == 4][::2]
    told = fine_grained(Phase(**TINY), plain, plain, blind=False)
    assert told.figures()["half beat"].mean == told.figures(sound=False)["half beat"].mean == 1.0
    assert told.figures()[IN_STEP].mean == 0.5
    assert told.figures()[AS_IT_COMES].songs == len({track.pair.song for track in plain})
    assert fine_grained(Phase(**TINY), plain, plain, blind=True).figures()["half beat"].mean < 0.8


def test_joins_are_found(tracks: list[Track]) -> None:
    whole = pair("whole")
    valid = whole.motion.fps * 10 != np.arange(len(whole.motion))
    track = tracks_of([replace(whole, valid=valid)], "mel", mirror=False)[0]
    seamless = [track.is_seamless(int(start)) for start in track.starts]
    assert any(seamless) and not all(seamless)


def test_pulse_tokens_are_heard_in_one_of_their_keys_in_training_and_in_their_own_otherwise() -> None:
    each = pair("a", bars=40)
    (track,) = tracks_of([each], "pulse", mirror=False)
    start = int(track.starts[0])
    own = each.pulse_tokens[:, start : start + track.length].astype(np.float32)
    np.testing.assert_array_equal(track.music(start), own[0])
    heard = [ClipSampler([track], seed)._heard(track, start)[0] for seed in range(12)]
    keys = {next(k for k in range(3) if np.array_equal(tokens, own[k])) for tokens in heard}
    assert keys == {0, 1, 2}
    np.testing.assert_array_equal(ClipSampler([track], 1, augment=False)._heard(track, start)[0], own[0])


def test_what_the_music_ear_hears_is_obscured_in_training() -> None:
    each = pair("a", bars=40)
    (track,) = tracks_of([each], "pulse+music", mirror=False)
    start = int(track.starts[0])
    plain = track.music(start)
    np.testing.assert_array_equal(ClipSampler([track], 1, augment=False)._heard(track, start)[0], plain)
    keys = each.pulse_tokens[:, start : start + track.length].astype(np.float32)
    sampler = ClipSampler([track], 1)
    hidden, moves = [], []
    for _ in range(400):
        tokens = sampler._heard(track, start)[0]
        assert tokens.dtype == np.float32
        assert any(np.array_equal(tokens[:, :PULSE_TOKEN_DIM], key) for key in keys)
        music = tokens[:, PULSE_TOKEN_DIM:]
        hidden.append(np.ptp(music, axis=0).max() == 0)
        if not hidden[-1]:
            moved = music - plain[:, PULSE_TOKEN_DIM:]
            np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-4)  # the clip as a whole
            moves.append(moved[0])
    assert 0.4 < np.mean(hidden) < 0.6
    assert np.std(moves) == pytest.approx(2, abs=0.1)
    assert abs(np.mean(moves)) < 0.1


def test_statistics_normalise_each_channel_of_pulse_tokens() -> None:
    each = pair("a")
    sampler = ClipSampler(tracks_of([each], "pulse"), 0)
    statistics = sampler.audio_statistics()
    values = each.pulse_tokens.reshape(-1, PULSE_TOKEN_DIM).astype(np.float64)
    np.testing.assert_allclose(statistics["audio_mean"], values.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(statistics["audio_std"], values.std(axis=0), atol=1e-4)
    mel = ClipSampler(tracks_of([each], "mel"), 0).audio_statistics()
    assert mel["audio_mean"] == pytest.approx(each.audio_tokens.mean() / 255, abs=1e-4)
    assert mel["audio_std"] == pytest.approx(each.audio_tokens.std() / 255, abs=1e-4)


def test_moved_clips_stay_within_the_recording(tracks: list[Track]) -> None:
    for track in tracks:
        last = max(track.starts) + track.length - 1
        start_s = track.pair.slots.times_s[max(track.starts)]
        end_s = track.pair.slots.times_s[last] + track.lengths_s[last]
        assert start_s + (end_s - start_s) * 1.1 <= track.pair.motion.duration + 1e-6
        assert all(min(track.starts) + shift >= 0 for moves in MOVES.values() for shift, _ in moves)


def test_a_bar_that_breaks_off_is_not_cut_into_clips() -> None:
    whole = pair("whole", bars=16)
    broken = np.delete(np.arange(len(whole.grid.beats)), 21)
    grid = BeatGrid(whole.grid.beats[broken], whole.grid.downbeats, 4, 120, 1.0)
    slots = slot_grid(grid)
    track = Track(replace(whole, grid=grid, slots=slots), whole.tokens("pulse")[:, : len(slots)])
    assert len(track.starts)
    for start in track.starts:
        phase = slots.phase[start : start + track.length]
        np.testing.assert_allclose(np.diff(phase) % 4, 0.25)


def test_dances_too_short_for_a_clip_are_named() -> None:
    with pytest.raises(UserError, match="--bars 2"):
        ClipSampler(tracks_of([pair("short", bars=4)], "mel"), seed=0)
    sampler = ClipSampler(tracks_of([pair("short", bars=4)], "mel", bars=2), seed=0)
    assert sampler.batch(2, Objective()).audio.shape[1] == 32


def test_songs_count_alike_however_many_clips_they_have() -> None:
    figure = over_songs(np.array([1.0, 1.0, 1.0, 0.0, np.nan]), np.array(["a", "a", "a", "b", "b"]))
    assert figure.mean == 0.5 and figure.low == 0.0 and figure.high == 1.0
    assert np.isnan(over_songs(np.array([np.nan]), np.array(["a"])).mean)


def test_retrieval_counts_windows_and_chance(tracks: list[Track]) -> None:
    plain = tracks[::2]
    found = retrieval(Constant(**TINY), plain, same_meter=False)["music to dance"]
    assert found.windows >= 8
    assert found.exact_chance[0] == pytest.approx(1 / found.windows)
    assert found.song_chance[0] > found.exact_chance[0]


def test_retrieval_finds_what_an_oracle_knows() -> None:
    first, second = pair("a", 120), pair("bb", 120)
    loud = np.clip(second.audio_tokens.astype(int) + 60, 0, 255).astype(np.uint8)
    high = replace(second.motion, trans=second.motion.trans + np.array([0, 2, 0], dtype=np.float32))
    tracks = tracks_of([first, replace(second, audio_tokens=loud, motion=high)], "mel", mirror=False)
    for same_meter in (False, True):
        for found in retrieval(Oracle(**TINY), tracks, same_meter).values():
            assert found.song == (1.0, 1.0, 1.0) and found.median_rank == 1
            assert found.exact[0] < 1
    swapped = replace(tracks[0].pair, song="bb"), replace(tracks[1].pair, song="a")
    assert (
        retrieval(Oracle(**TINY), tracks_of(list(swapped), "mel", mirror=False), False)["dance to music"].song[0]
        == 1.0
    )


def test_evaluate_writes_tables_and_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder, out = tmp_path / "pairs", tmp_path / "out"
    folder.mkdir()
    for each in (pair("a", split="test"), pair("bb", 121, split="test"), pair("ccc", 119)):
        each.save(folder)
    MotionBeat(**TINY, rhythm_heads=True).save_pretrained(tmp_path / "model")
    command = ["--pairs", str(folder), "--out", str(out)]
    assert evaluate.main([*command, "--model", str(tmp_path / "model")]) == 0
    result = json.loads((out / "evaluation.json").read_text())
    assert result["about"]["songs"] == ["a", "bb"]
    assert "| half beat |" in (out / "evaluation.md").read_text()
    rows = [*command, "--ablations", "--rows", "full", "plain InfoNCE", MEL, "--seeds", "0", "--steps", "1"]
    assert evaluate.main(rows) == 0
    assert len((out / "ablations.jsonl").read_text().splitlines()) == 3
    assert evaluate.main(rows) == 0  # nothing is trained twice
    assert len((out / "ablations.jsonl").read_text().splitlines()) == 3
    assert "| plain InfoNCE | 1 |" in (out / "ablations.md").read_text()
    capsys.readouterr()
    assert evaluate.main([*command, "--split", "validation"]) == 2
    assert "validation split" in capsys.readouterr().err
