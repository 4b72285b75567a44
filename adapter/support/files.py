"""Files written whole or not at all: a reader never meets half of one, nor does one stay after a failure."""

import contextlib
import tempfile
from pathlib import Path

from adapter.support.errors import AdapterError


def write_whole(file: Path, content: bytes, mode: int = 0o644) -> None:
    """Write or replace a file that everyone may read, or as `mode` says; before it has its name its owner alone may.
    Raises AdapterError, with the file and the system's reason."""
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".writing-", delete=False) as target:
            temporary = Path(target.name)
            target.write(content)
        temporary.chmod(mode)
        temporary.replace(file)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise AdapterError(f"{file} cannot be written: {error.strerror}") from error
