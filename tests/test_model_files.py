"""Model folders that are not what they say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dancegen.song_to_video import load_models
from motionbeat.assets import asset_path
from motionbeat.embed import load_encoder
from motionbeat.encoder import MotionBeat
from motionbeat.errors import UserError
from motionbeat.model_files import load_model

SIZES = {"width": 24, "heads": 2, "phase_blocks": 1, "plain_layers": 1, "projection": 16}
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An encoder without rhythm heads."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        MotionBeat(**SIZES).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_weights(path: Path, edit: Callable[[dict[str, torch.Tensor]], object]) -> None:
    weights = load_file(path)
    edit(weights)
    save_file(weights, path)


def refused(load: Callable[[], object], folder: Path, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match=says) as caught:
        load()
    assert str(caught.value).startswith(f"model: {folder}") and "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")  # diffusers says nothing of its own


def test_what_was_saved(folder: Path) -> None:
    edit_weights(folder / WEIGHTS, lambda weights: weights.update({k: v.double() for k, v in weights.items()}))
    saved = load_file(folder / WEIGHTS)
    model = load_model(folder, MotionBeat)
    assert not model.training
    for name, value in model.state_dict().items():
        assert value.dtype == torch.float32 and torch.equal(value.double(), saved[name])


def test_a_configuration_from_before_there_were_switches(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = json.loads((folder / "config.json").read_text())
    kept = {name: value for name, value in config.items() if name in SIZES or name.startswith("_")}
    (folder / "config.json").write_text(json.dumps(kept))
    assert load_model(folder, MotionBeat).config["rotation"] == "qkv"
    assert capfd.readouterr() == ("", "")


def test_the_shipped_encoder_of_the_generator() -> None:
    folder = asset_path("models", "dance")
    told = json.loads((folder / "denoiser" / "config.json").read_text())["music_dim"]
    assert load_encoder(folder / "encoder").model.frame_dim == told


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"plain_layers": 0}, r"do not fit its config\.json: \d+ not of this model, audio"),
        ({"plain_layers": 2}, r"do not fit its config\.json: \d+ missing, audio"),
        ({"rhythm_heads": True}, r"do not fit its config\.json: \d+ missing, audio\.rhythm"),
        ({"projection": 8}, "cannot be read"),
        ({"heads": 5}, "cannot be read"),
        ({"heads": 0}, "cannot be read"),
        ({"width": "wide"}, "cannot be read"),
        ({"dropout": 7}, "cannot be read"),
        ({"rotation": "sideways"}, "sideways"),
        ({"quantization_config": {"quant_method": "x"}}, "cannot be read"),
        ({"_class_name": "DanceDenoiser"}, r"config\.json is not that of a MotionBeat"),
        ({"_class_name": ["MotionBeat"]}, "not that of a MotionBeat"),
    ],
)
def test_configurations_of_other_models(
    folder: Path, changes: dict[str, object], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    change(folder / "config.json", **changes)
    refused(lambda: load_encoder(folder), folder, says, capfd)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"_class_name": "MotionBeat"', "[" * 100_000, "\xff"])
def test_files_that_are_no_configuration(folder: Path, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "config.json").write_text(text, encoding="latin1")
    refused(lambda: load_encoder(folder), folder, "cannot be read", capfd)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda weights: weights.pop("motion_mean"), "1 missing, motion_mean"),
        (lambda weights: weights.update(more=torch.zeros(1)), "1 not of this model, more"),
        (lambda weights: weights.update(motion_mean=torch.zeros(2)), "cannot be read"),
        (lambda weights: weights.clear(), "cannot be read"),
    ],
)
def test_weights_of_other_models(
    folder: Path, edit: Callable[[dict[str, torch.Tensor]], object], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    edit_weights(folder / WEIGHTS, edit)
    refused(lambda: load_encoder(folder), folder, says, capfd)


def test_weights_by_pickle_are_not_opened(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / "diffusion_pytorch_model.bin")
    (folder / WEIGHTS).rename(folder / "other.safetensors")
    refused(lambda: load_encoder(folder), folder, "cannot be read", capfd)


# --- the generator ---


@pytest.mark.parametrize("text", ["", "[]", '{"_class_name": "StableDiffusionPipeline"}'])
def test_an_index_of_something_else(
    tmp_path: Path, tiny_models: Path, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(tiny_models, folder)
    (folder / "model_index.json").write_text(text)
    refused(lambda: load_models(folder), folder, "cannot be read", capfd)


def test_modules_named_in_the_index_are_not_imported(tmp_path: Path, tiny_models: Path) -> None:
    folder = tmp_path / "models"
    shutil.copytree(tiny_models, folder)
    change(folder / "model_index.json", denoiser=["no_such_module", "Denoiser"])
    assert load_models(folder).pipeline.styles == load_models(tiny_models).pipeline.styles


@pytest.mark.parametrize(
    "changes",
    [
        {"_class_name": "PNDMScheduler"},
        {"beta_schedule": "none such"},
        {"beta_schedule": "linear", "beta_end": "much"},
        {"beta_schedule": "linear", "beta_end": float("nan")},
        {"num_train_timesteps": 10},
        {"num_train_timesteps": None},
        {"timestep_spacing": "none such"},
        {"prediction_type": "epsilon"},
    ],
)
def test_broken_schedules(
    tmp_path: Path, tiny_models: Path, changes: dict[str, object], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(tiny_models, folder)
    change(folder / "scheduler" / "scheduler_config.json", **changes)
    refused(lambda: load_models(folder), folder / "scheduler", "cannot be read", capfd)


@pytest.mark.parametrize(
    ("part", "changes", "says"),
    [
        ("denoiser", {"layers": 2}, r"\d+ missing, "),
        ("denoiser", {"layers": 0}, r"\d+ not of this model, "),
        ("denoiser", {"styles": ["pop"]}, "cannot be read"),
        ("denoiser", {"patch": 0}, "cannot be read"),
        ("denoiser", {"token_gain": 0}, "token_gain must be above 0"),
        ("denoiser", {"_class_name": "MotionBeat"}, "not that of a DanceDenoiser"),
        ("encoder", {"plain_layers": 0}, r"\d+ not of this model, "),
    ],
)
def test_parts_of_other_models(
    tmp_path: Path,
    tiny_models: Path,
    part: str,
    changes: dict[str, object],
    says: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(tiny_models, folder)
    change(folder / part / "config.json", **changes)
    refused(lambda: load_models(folder), folder / part, says, capfd)
