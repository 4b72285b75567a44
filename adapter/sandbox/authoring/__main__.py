"""`python -m adapter.sandbox.authoring [--check] FOLDER`: writes the journeys' messages, or tells what differs."""

import sys
from pathlib import Path

from adapter.sandbox.authoring import folder
from adapter.support.errors import AdapterError


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 1 something differs, 2 a journey cannot be used."""
    check = "--check" in arguments
    journeys = Path(next(each for each in arguments if each != "--check"))
    try:
        if not check:
            folder.write(journeys)
            return 0
        differing = folder.differences(journeys)
    except AdapterError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's own words
        return 2
    for name in differing:
        print(f"{name} is not what its journey.yaml says", file=sys.stderr)  # noqa: T201 - the command's own words
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
