"""When certificates end."""

from datetime import datetime
from pathlib import Path


def ends(file: Path) -> datetime | None:
    """When the first of a PEM file's certificates ends (aware UTC): the own one, or one of its chain. None where it
    cannot be read: what it is for says so itself."""
    from cryptography import x509  # only here: a start need not wait for it

    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        return None
    return min(each.not_valid_after_utc for each in found)
