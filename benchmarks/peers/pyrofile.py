"""One peer of benchmarks/validation.py, in a Python of its own: `python pyrofile.py FOLDER CORE.tgz`.

FOLDER has resource-<type>.json, profile-<type>.json with snapshot, and value sets. `base` is what it does by itself,
`profile` with R4's package loaded. Prints JSON: milliseconds by type and variant, errors found, and the version.
"""

import importlib.metadata
import json
import statistics
import sys
import time
from pathlib import Path

from pyrofile_validator.config import ValidatorConfig
from pyrofile_validator.core.engine import Validator


def median(run, least: float = 1.0) -> float:
    run()
    times = []
    end = time.perf_counter() + least
    while time.perf_counter() < end or len(times) < 5:
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1000


def main() -> None:
    folder, core = Path(sys.argv[1]), sys.argv[2]
    found: dict[str, object] = {"version": importlib.metadata.version("pyrofile-validator")}
    for file in sorted(folder.glob("resource-*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        type_ = content["resourceType"]
        profile = folder / f"profile-{type_}.json"
        urls = [json.loads(profile.read_text(encoding="utf-8"))["url"]] if profile.exists() else []
        for variant, profiles in (("base", {}), ("profile", {type_: urls})):
            if variant == "profile" and not urls:
                continue
            packages = [core, str(folder)] if profiles else []
            config = ValidatorConfig(local_package_paths=packages, profiles=profiles)
            validator = Validator(config)
            report = validator.validate_resource(content)
            errors = [each for each in report.issues if each.severity.name == "ERROR"]
            found[f"{type_} {variant}"] = [median(lambda: validator.validate_resource(content)), len(errors)]  # noqa: B023
    print(json.dumps(found))


if __name__ == "__main__":
    main()
