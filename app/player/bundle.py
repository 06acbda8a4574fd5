"""The player's modules (``web/*.js``) as one script, for pages that cannot import files, such as those on a disk."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

WEB = Path(__file__).with_name("web")
_ENTRY = "element"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function |class |const )", re.MULTILINE)


@cache
def player_script() -> str:
    """All modules behind one another, each after those that it imports; it defines the element ``dance-player``.

    The modules share one scope then, so that no two of them may have a name at their top level in common.

    Raises:
        ValueError: a module imports or exports in a way other than ``import { a } from "./b.js"`` and ``export``
            before a function, class or const.
    """
    done: dict[str, str] = {}

    def add(name: str) -> None:
        if name in done:
            return
        text = (WEB / f"{name}.js").read_text(encoding="utf-8")
        done[name] = ""
        for imported in _IMPORT.findall(text):
            add(imported)
        plain = _EXPORT.sub("", _IMPORT.sub("", text))
        if re.search(r"^(import|export)\b", plain, re.MULTILINE) or "</script" in plain:
            raise ValueError(f"{name}.js imports, exports or ends a script in a way that cannot be joined")
        # Said anew, so that a module comes after those that it needs.
        del done[name]
        done[name] = plain

    add(_ENTRY)
    return "\n".join(done.values())
