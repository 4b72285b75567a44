"""Fuzzes one target with atheris until the time is up or something is found: `scripts/fuzz` calls it.

The input that led to a finding is written to the folder that is named, and runs again with `--again FILE`.
"""

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import atheris

AS_THEY_ARE = {
    "definition": ("adapter.fhirpath", "adapter.mapping", "adapter.store.database"),
    "validator": ("adapter.fhirpath", "adapter.mapping", "adapter.store.database"),
    "toml": ("adapter.validation", "adapter.mapping"),
    "yaml": ("adapter.validation", "adapter.mapping"),
}
"""What a target uses and is not about: loaded before, and so not instrumented, which takes minutes otherwise."""

for name in AS_THEY_ARE.get(sys.argv[1] if len(sys.argv) > 1 else "", ()):
    importlib.import_module(name)
with atheris.instrument_imports(include=["adapter"], enable_loader_override=False):
    import targets

LONGEST = 8000
"""Bytes of an input: small ones are quick, and what breaks a reader is seldom long."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=targets.TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=Path, default=Path("findings"))
    parser.add_argument("--again", type=Path, help="an input to run once, instead of fuzzing")
    given = parser.parse_args()
    target = targets.TARGETS[given.target]
    if given.again:
        target.run(given.again.read_bytes())
        return
    given.findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        seeds = [content for content in target.seeds() if len(content) <= LONGEST]
        target.run(seeds[0])  # what is loaded once is loaded before time is taken
        for number, content in enumerate(seeds):
            (Path(corpus) / f"{number:04}").write_bytes(content)
        options = [
            f"-max_total_time={given.seconds}",
            f"-seed={given.seed}",
            f"-max_len={LONGEST}",
            "-timeout=20",
            "-rss_limit_mb=3000",
            f"-artifact_prefix={given.findings}/{given.target}-",
            "-print_final_stats=1",
            corpus,
        ]
        atheris.Setup([sys.argv[0], *options], target.run)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
