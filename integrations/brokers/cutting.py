"""A new adapter's folder, cut from the one in ``cookiecutter``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from accounts.errors import HoldfastError

HERE: Final = Path(__file__).parent
PATTERN: Final = HERE / "cookiecutter"
NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
TITLE_CHARACTERS: Final = 60
ENDING: Final = ".txt"


class CannotCut(HoldfastError):
    """The name or the title cannot be a broker's, or the folder is there."""

    code = "broker_folder_refused"


def cut(*, name: str, title: str, into: Path = HERE) -> Path:
    """Write the folder of an adapter that claims nothing yet; return it.

    Raises:
        CannotCut: the name or the title cannot be a broker's, or the folder is there.
    """
    if not NAME.fullmatch(name):
        raise CannotCut(f"name was {name!r}, must be like acme_invest")
    if (
        not title.isprintable()
        or not 0 < len(title) <= TITLE_CHARACTERS
        or set(title) & set('"\\{')
    ):
        raise CannotCut(f"title was {title!r}, must be words of at most {TITLE_CHARACTERS}")
    folder = into / name
    if folder.exists():
        raise CannotCut(f"{folder} is there already.")
    for source in sorted(PATTERN.rglob("*.*")):
        target = folder / str(source.relative_to(PATTERN)).removesuffix(ENDING)
        target.parent.mkdir(parents=True, exist_ok=True)
        words = source.read_text().replace("{{ name }}", name).replace("{{ title }}", title)
        target.write_text(words)
    return folder
