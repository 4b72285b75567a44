"""Files written whole or not at all: a reader never meets half of one, nor does one stay after a failure. And what
strangers leave in a folder: names of any length, and files that are not for us."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from adapter.support.errors import AdapterError

NOT_OURS = (errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENXIO)
"""Of opening a file: a link, or what we may not open. It would be tried for ever."""
_LONGEST_NAME = 200
"""Bytes of a name that are kept: 255 is the most that a file system takes."""
_LONGEST_SUFFIX = 7


def short(name: str) -> str:
    """A name that leaves room for what is put before and after it, with its ending."""
    suffix = Path(name).suffix if len(os.fsencode(Path(name).suffix)) <= _LONGEST_SUFFIX else ""
    cut = os.fsencode(name)[: _LONGEST_NAME - len(suffix)].decode("utf-8", "ignore")
    return name if len(os.fsencode(name)) <= _LONGEST_NAME else cut + suffix


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
