"""Where the files that come with the project lie: beside the packages in a checkout, inside them in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def asset_path(*parts: str) -> Path:
    """Path of a file or folder under ``assets/``; it need not exist.

    A checkout (also as an editable install) keeps the folder beside the packages, a wheel carries it as ``_assets``.
    """
    packaged = _PACKAGE / "_assets"
    root = packaged if packaged.is_dir() else _PACKAGE.parent / "assets"
    return root.joinpath(*parts)
