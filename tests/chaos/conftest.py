"""Sites to be broken, on each kind of database, and the seed that a run can be repeated with."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .beside import Beside
from .site import Site, Zygote

SEED = int(os.environ.get("ADAPTER_CHAOS_SEED", "1"))
_TOLD = "chaos"

Told = Callable[..., None]


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Told:
    """Takes lines for the summary of the run."""

    def tell(*lines: str) -> None:
        for line in lines:
            record_property(_TOLD, line)

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was done and counted, of each test."""
    reports = [each for found in ("passed", "failed") for each in terminalreporter.stats.get(found, [])]
    chaos = [each for each in reports if each.when == "call" and _TOLD in dict(each.user_properties)]
    if chaos:
        terminalreporter.section(f"chaos, seed {SEED} (ADAPTER_CHAOS_SEED repeats it)")
    for report in chaos:
        terminalreporter.line(report.nodeid.rpartition("::")[2])
        for name, line in report.user_properties:
            if name == _TOLD:
                terminalreporter.line(f"  {line}")


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    made = Zygote(tmp_path_factory.mktemp("zygote"))
    yield made
    made.close()


@pytest.fixture
def open_site(zygote: Zygote, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes a site on the database with this URL."""
    made: list[Site] = []

    def make(url: str, *, token: bool = True, **options: object) -> Site:
        site = Site(tmp_path, url, zygote, seed=SEED, **options)  # type: ignore[arg-type]
        made.append(site)
        if token:
            site.issue_token()
        return site

    yield make
    for site in made:
        site.close()


@pytest.fixture
def beside() -> Beside:
    return Beside()


@pytest.fixture
def wide_site(open_site: Callable[..., Site], any_url: str, beside: Beside) -> Site:
    """A site with other systems beside it, on each kind of database in turn."""
    return open_site(any_url, escalate_after="1500ms", beside=beside)


@pytest.fixture
def site(open_site: Callable[..., Site], any_url: str) -> Site:
    """A site on each kind of database in turn."""
    return open_site(any_url, escalate_after="1500ms")
