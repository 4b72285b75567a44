"""TLS towards a server that we call: whom we trust, and what we show."""

import ssl
from pathlib import Path

from adapter.support.errors import AdapterError


def client_context(name: str, ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """A context that trusts `ca` alone where given, else the system's authorities, and shows our certificate.

    Raises AdapterError, beginning with `name`, where a file cannot be used.
    """
    try:
        made = ssl.create_default_context(cafile=_text(ca))
        if certificate is not None:
            # an encrypted key must fail here, not ask for its password on the terminal
            made.load_cert_chain(certificate, _text(key), password=lambda: b"")
    except (OSError, ssl.SSLError, ValueError) as error:
        raise AdapterError(
            f"{name}: its CA file, certificate or key cannot be used ({type(error).__name__})"
        ) from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
