"""Reads trained models from folders that anybody may have made.

diffusers fills a model with the weights that fit and warns about the rest. Here a model is what its files say, or it
is refused.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers import ModelMixin
from diffusers.utils import logging

from motionbeat.errors import UserError

Model = TypeVar("Model", bound=ModelMixin)


def load_model(folder: Path, kind: type[Model]) -> Model:
    """The model that ``save_pretrained`` wrote into ``folder``, float32 and in evaluation mode.

    Args:
        folder: has config.json and the weights as safetensors.
        kind: the class that it must be of.

    Raises:
        UserError: it is not there, is of another class, is damaged, or its weights are not exactly those of the model
            that its configuration describes.
    """
    with reading(folder):
        check_class(folder / "config.json", kind)
        model, info = kind.from_pretrained(
            folder, torch_dtype=torch.float32, use_safetensors=True, local_files_only=True, output_loading_info=True
        )
        for what, names in (("missing", info["missing_keys"]), ("not of this model", info["unexpected_keys"])):
            if names:
                raise ValueError(f"its weights do not fit its config.json: {len(names)} {what}, {sorted(names)[0]}")
        if info["mismatched_keys"]:
            raise ValueError(f"its weights do not fit its config.json: {info['mismatched_keys'][0]}")
    return model


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Inside, whatever goes wrong is a UserError of one line that names ``folder``, and diffusers is silent."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # a wrong configuration or damaged weights raise nearly anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"model: {folder} cannot be read ({reason}).") from None
    finally:
        logging.set_verbosity(before)


def check_class(path: Path, kind: type) -> None:
    """See that a configuration file is of the class ``kind``.

    Raises:
        ValueError: it is of another.
        OSError: it cannot be read.
    """
    config: Any = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(config, dict) or config.get("_class_name") != kind.__name__:
        raise ValueError(f"{path.name} is not that of a {kind.__name__}")
