"""What Maven fetches for a benchmark, as a pom in benchmarks/official names it; never for the product."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from lxml import etree

POMS = Path(__file__).resolve().parent / "official"


def fetched(pom: str, what: str) -> list[Path]:
    """The files that the pom names, and what they depend on. Ends the program with status 2, and `what` in a sentence,
    where they cannot be had."""
    if not (shutil.which("java") and shutil.which("mvn")):
        give_up(f"Java and Maven are not both here: {what} cannot be had")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "files"
        command = ["mvn", "-q", "-B", "-f", str(POMS / pom), "dependency:build-classpath"]
        done = subprocess.run([*command, f"-Dmdep.outputFile={target}"], capture_output=True, check=False)
        if done.returncode or not target.is_file():
            give_up(f"Maven could not fetch {what}:\n{done.stdout.decode()[-2000:]}")
        return [Path(name) for name in target.read_text().strip().split(os.pathsep)]


def version(pom: str) -> str:
    """Of the first artefact that the pom names."""
    return str(etree.parse(POMS / pom).xpath("string(//*[local-name() = 'dependency'][1]/*[local-name() = 'version'])"))


def give_up(words: str) -> NoReturn:
    """Ends the program with status 2 and a sentence."""
    print(words, file=sys.stderr)
    raise SystemExit(2)
