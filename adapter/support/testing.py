"""Settings of how an installation tells people who are not real from others."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from adapter.support.checked import Section
from adapter.support.paths import LocalPath


def _exists(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


class TestNumbers(Section):
    files: tuple[Annotated[LocalPath, AfterValidator(_exists)], ...] = ()
    """files with numbers that are nobody's, one of 12 digits a line, such as Skatteverket's published test numbers"""
    in_production: Literal["warn", "refuse"] = "refuse"
    """what a production installation does with a message about one of them: warn takes it in with a warning"""
