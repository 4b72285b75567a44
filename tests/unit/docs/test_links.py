"""The documentation leads where it says, and names every command and option there is."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main

from adapter.cli.main import app
from adapter.security.principals import Right
from adapter.web.errors import ACCEPT, MEDIA_TYPE, METHOD, PARAMETER, PATH, RIGHT, SIZE, SLOW, TOKEN, UNAVAILABLE

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    {ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")}
    | {page for folder in ("fixtures", "mappings", "example") for page in (ROOT / folder).rglob("*.md")}
)
COMMANDS = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
HTTP = (ROOT / "docs" / "reference" / "http.md").read_text("utf-8")


def links(page: Path) -> Iterator[str]:
    """The local links outside code blocks."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not link.startswith(("http://", "https://", "mailto:")):
            yield link


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_local_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_found_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    named = {(index.parent / link).resolve() for link in links(index)}
    folders = {target for target in named if target.is_dir()}
    for page in (ROOT / "docs").rglob("*.md"):
        assert page in named or page.parent in folders or page == index, page
    assert index in {(ROOT / link).resolve() for link in links(ROOT / "README.md")}


def commands() -> Iterator[tuple[str, click.Command]]:
    pending: list[tuple[str, click.Command]] = [("adapter", typer.main.get_command(app))]
    while pending:
        name, command = pending.pop()
        subcommands = getattr(command, "commands", None)
        if subcommands is None:
            yield name, command
        else:
            pending += [(f"{name} {each}", subcommand) for each, subcommand in subcommands.items()]


@pytest.mark.parametrize(("name", "command"), sorted(commands(), key=lambda pair: pair[0]))
def test_every_command_is_described_with_its_options(name: str, command: click.Command) -> None:
    found = re.findall(rf"^\| `({name}(?: [^`]*)?)` \|", COMMANDS, flags=re.MULTILINE)
    assert len(found) == 1, found
    [usage] = found
    there = {option for each in command.params for option in (*each.opts, *each.secondary_opts) if option[:2] == "--"}
    assert set(re.findall(r"--[a-z-]+", usage)) == there - {"--help"}


def test_no_command_is_described_that_is_not_there() -> None:
    described = {usage.split(" [")[0] for usage in re.findall(r"^\| `(adapter [^`]*)` \|", COMMANDS, re.MULTILINE)}
    known = [name for name, _ in commands()]
    assert all(any(usage == name or usage.startswith(f"{name} ") for name in known) for usage in described)


def test_rights_and_the_rules_of_the_door_are_described() -> None:
    for right in Right:
        assert re.search(rf"^\| `{right}` \|", HTTP, re.MULTILINE), right
    for rule in (ACCEPT, MEDIA_TYPE, METHOD, PARAMETER, PATH, RIGHT, SIZE, SLOW, TOKEN, UNAVAILABLE):
        assert f"`{rule.id}`" in HTTP, rule
