"""`python -m adapter.sandbox.authoring [--check] FIXTURES`: writes the messages of its journeys and of its invalid
fixtures, or tells what differs."""

import sys
from pathlib import Path

from adapter.sandbox.authoring import folder, invalid
from adapter.support.errors import AdapterError


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 1 something differs, 2 a fixture cannot be used."""
    check = "--check" in arguments
    fixtures = Path(next(each for each in arguments if each != "--check"))
    try:
        if not check:
            folder.write(fixtures / "journeys")
            invalid.write(fixtures / "invalid")
            return 0
        differing = folder.differences(fixtures / "journeys") + invalid.differences(fixtures / "invalid")
    except AdapterError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's own words
        return 2
    for name in differing:
        print(f"{name} is not what its yaml file says", file=sys.stderr)  # noqa: T201 - the command's own words
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
