"""Commands as they are run, on an installation of one file."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.store import migrate
from adapter.store.database import Database


@pytest.fixture
def config(tmp_path, database):
    """An adapter.toml with the test's database."""
    file = tmp_path / "adapter.toml"
    file.write_text(
        f"""
environment = "test"

[database]
url = "{database.url.render_as_string()}"

[[security.pseudonym_keys]]
id = "k1"
env = "PSEUDONYM_KEY"
"""
    )
    return file


@pytest.fixture
def run(config):
    """Runs a command; what it raises is raised, what it prints is returned."""

    def run(*words, exit_code=0, typed=None):
        result = CliRunner().invoke(app, [*map(str, words), "--config", str(config)], input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == exit_code, result.output
        return result.output

    return run


@pytest.fixture
def install(tmp_path: Path):
    """Makes an installation with a directory and an empty store, and returns its adapter.toml."""

    def install(directory: str) -> Path:
        (tmp_path / "directory").mkdir()
        (tmp_path / "directory" / "directory.yaml").write_text(directory, "utf-8")
        (tmp_path / "pseudonym.key").write_text("a key for tests that is long enough to be one")
        file = tmp_path / "adapter.toml"
        file.write_text('environment = "test"\n[security]\npseudonym_keys = [{ id = "k1", file = "pseudonym.key" }]\n')
        database = Database(f"sqlite:///{tmp_path / 'adapter.db'}")
        migrate.upgrade(database)
        database.close()
        return file

    return install
