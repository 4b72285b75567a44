"""Mutation testing of the rule compilers: `scripts/mutants`. How to read and mend: docs/how-to/mutation-testing.md.

One pytest session collects the tests and runs each under coverage with fixtures of its own, which tells the lines that
it runs when nothing is compiled beforehand. Then, for each mutant, a fork of that session, R4's definitions in memory,
puts the changed code into the loaded module and runs the tests that run the changed line, those that found neighbours
first, until one fails. Tests by hypothesis are left out, for a mutant must be found every time.

A mutant that makes a test go on for ever is found too: where the test uses twenty times the processor time that it
needs without the change. Time on the clock counts for nothing, so a busy machine kills no mutant; and controls, which
change nothing, show whether tests fail by themselves.

Why no ready tool: mutmut 3 chooses tests by function, not by line, which for a walk that every test takes means every
test for every survivor; it leaves tables at the top of a module alone, where much of what a rule says stands; and it
changes the wording of messages, which no test should nail down. cosmic-ray and mutatest start a process for each
mutant, which has to import, collect and read the definitions anew.
"""

import argparse
import ast
import gc
import importlib
import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from types import ModuleType

import pytest

from adapter.fhirpath.expression import compile_expression

sys.path.insert(0, str(Path(__file__).parent))
from forks import Forks, How, bounded
from grafting import graft, lines_of
from measuring import Measuring, Test
from mutants import Mutant, mutants, parse
from results import Key, Outcome, Result, journal, known, note, tell

ROOT = Path(__file__).resolve().parents[2]
GROUPS = {
    "rules": (
        "adapter.validation",
        "constraints criteria contained extensions groups implied invariants items members primitives profiles "
        "references shapes slicing targets trees values vocabulary narrative messages bindings bundles engine "
        "clean clean_profiles shortcuts relative_limits particulars structures beyond measures "
        "questionnaires answers answer_limits enabling forms",
        ["tests/unit/validation"],
    ),
    "snapshots": (
        "adapter.definitions",
        "snapshot layering narrowing valuesets filters",
        ["tests/unit/definitions", "tests/unit/validation"],
    ),
    "conditions": (
        "adapter.fhirpath",
        "written written_paths lines conditions type_tests presence",
        ["tests/unit/fhirpath", "tests/unit/validation/test_invariants.py"],
    ),
}
BUDGET = 3.0
"""Seconds of processor that the tests of a mutant are given, where no other number is asked for."""

_LEFT_OUT = ["--ignore-glob=*/test_hostile.py", "--ignore-glob=*/test_whole.py"]
"""Content made to cost, and whole journeys: they take long and are not about one rule."""

_TIMES, _FEWEST = 20, 5.0
"""A test that uses so many times the processor time that it needs without a mutant, and so many seconds at the least,
goes on for ever."""


class Plugin:
    """Takes the place of pytest's loop over the tests that it collected."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        package, names, _ = GROUPS[options.group]
        chosen = options.modules or names.split()
        self._modules = {name: importlib.import_module(f"{package}.{name}") for name in chosen}
        self._trees = {name: parse(Path(str(module.__file__))) for name, module in self._modules.items()}
        self._forks = Forks(options.jobs)
        self._failed: list[str] = []
        self._finders: dict[str, Counter[str]] = defaultdict(Counter)
        self._before = journal(options.group)
        self._listed = {key for key, why in known().items() if why} if options.trust else set()
        self.results: list[Result] = []
        self.told: list[str] = []
        self.every: set[Key] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = [item for item in session.items if not _is_random(item)]
        package, names, _ = GROUPS[self._options.group]
        files = [str(importlib.import_module(f"{package}.{name}").__file__) for name in names.split()]
        measuring = Measuring(files, self._forks, self._failed, remember=self._options.group == "rules")
        tests = measuring.measure(items)
        gc.collect()
        gc.freeze()
        self.told += [*measuring.told, f"{len(tests)} tests of {len(session.items)} collected"]
        self._run(tests)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Only forks run tests."""
        if report.failed:
            self._failed.append(report.nodeid)

    def _run(self, tests: list[Test]) -> None:
        work = [
            (mutant, self._trees[name], module)
            for name, module in self._modules.items()
            for mutant in mutants(self._trees[name], name)
        ]
        self.every = {(self._options.group, *mutant.key) for mutant, _, _ in work}
        chance = random.Random(self._options.seed)
        self._control([chance.choice(work) for _ in range(self._options.controls)], tests)
        if self._options.alive:
            work = [each for each in work if self._before.get(each[0].key, ("", ""))[0] in ("survived", "unreached")]
        chance.shuffle(work)  # so that what a limit leaves is a sample
        work = work[: self._options.sample or None]
        began = time.monotonic()
        for number, (mutant, tree, module) in enumerate(work, 1):
            if time.monotonic() - began > 60 * self._options.minutes:
                break
            self._try(mutant, tree, module, tests)
            if number % 50 == 0 or number == len(work):
                spent = time.monotonic() - began
                sys.stderr.write(f"\r{number} of {len(work)} mutants, {spent:.0f} s ")
                sys.stderr.flush()
        self._forks.wait()
        sys.stderr.write("\n")
        self.told.append(f"seed {self._options.seed}, {time.monotonic() - began:.0f} s")

    def _control(self, work: list[tuple[Mutant, ast.Module, ModuleType]], tests: list[Test]) -> None:
        """Runs the tests of some mutants without them: each that fails is one that would be counted as killed."""
        failed: list[str] = []
        for mutant, tree, module in work:
            reached = self._reached(mutant, tree, module, tests)

            def work_(reached: list[Test] = reached) -> bytes:
                return json.dumps(self._test(reached)).encode()

            def done(how: How, written: bytes) -> None:
                by = json.loads(written) if how == "ended" else how
                failed.extend([by] if by else [])

            self._forks.start(work_, done)
        self._forks.wait()
        self.told.append(f"{len(work)} controls, of which failed: {', '.join(failed) or 'none'}")

    def _reached(self, mutant: Mutant, tree: ast.Module, module: ModuleType, tests: list[Test]) -> list[Test]:
        """The tests that run a mutant's lines, file by file, for tests of a file share what they set up: first what
        killed it or others of its function, then the file that is named for the module, then the cheapest."""
        lines, file = lines_of(mutant, tree), str(module.__file__)
        reached = [test for test in tests if not lines.isdisjoint(test.lines[file])]
        finders = self._finders[f"{mutant.module}.{mutant.function}"]
        _, killer = self._before.get(mutant.key, ("", ""))
        by_file: dict[Path, list[Test]] = defaultdict(list)
        for test in reached:
            by_file[test.item.path].append(test)

        def hits(test: Test) -> tuple[bool, int]:
            return test.item.nodeid != killer, -finders[test.item.nodeid]

        def promising(tests: list[Test]) -> tuple[tuple[bool, int], bool, float]:
            is_named = tests[0].item.path.stem == f"test_{mutant.module}"
            return min(map(hits, tests)), not is_named, sum(test.seconds for test in tests) / len(tests)

        return [
            test
            for tests in sorted(by_file.values(), key=promising)
            for test in sorted(tests, key=lambda test: (hits(test), len(test.lines[file])))
        ]

    def _try(self, mutant: Mutant, tree: ast.Module, module: ModuleType, tests: list[Test]) -> None:
        reached = self._reached(mutant, tree, module, tests)
        if not reached:
            return self._found(mutant, "unreached", "")
        if (self._options.group, *mutant.key) in self._listed:
            return self._found(mutant, "survived", "")

        def work() -> bytes:
            mutant.apply()
            _forget(reached)
            if self._options.group == "conditions":
                compile_expression.cache_clear()  # what was compiled without the mutant
            try:
                graft(mutant, tree, module)
            except Exception:
                if mutant.function is not None:
                    raise
                return json.dumps("the module, which cannot be imported").encode()
            return json.dumps(self._test(reached)).encode()

        def done(how: How, written: bytes) -> None:
            if how == "lost":
                self.told.append(f"lost, and not counted: {mutant.key}")
                return
            by = json.loads(written) if how == "ended" else ""
            self._finders[f"{mutant.module}.{mutant.function}"][by] += 1
            self._found(mutant, "timeout" if how == "looped" else "killed" if by else "survived", by)

        return self._forks.start(work, done)

    def _found(self, mutant: Mutant, outcome: Outcome, by: str) -> None:
        self.results.append(Result(mutant, outcome, by))
        note(self._options.group, self.results[-1])

    def _test(self, tests: list[Test]) -> str:
        """Runs tests until one fails, and tells which, or until the time for them is used."""
        began = time.process_time()
        for test, after in zip(tests, [*tests[1:], None], strict=True):
            bounded(max(_FEWEST, _TIMES * test.seconds))
            test.item.ihook.pytest_runtest_protocol(item=test.item, nextitem=after.item if after else None)
            if self._failed:
                return self._failed[0]
            if time.process_time() - began > self._options.seconds:
                break
        return ""


def _forget(tests: list[Test]) -> None:
    """Clears what the functions of test files keep: validators that were made without the mutant."""
    for module in {test.item.getparent(pytest.Module) for test in tests}:
        found = vars(module.obj) if module is not None else {}
        for each in found.values():
            if hasattr(each, "cache_clear") and each.__module__ == found["__name__"]:
                each.cache_clear()


def _is_random(item: pytest.Item) -> bool:
    test = getattr(item, "obj", None)
    return bool(getattr(test, "is_hypothesis_test", False)) or item.get_closest_marker("slow") is not None


def main() -> int:
    """Exit 0 where enough is killed and each survivor has a reason, else 1."""
    options = _options()
    os.chdir(ROOT)
    os.nice(options.nice)
    plugin = Plugin(options)
    plain = ["-q", "-s", "-o", "timeout=0", *(f"-pno:{each}" for each in ("cacheprovider", "xdist", "cov"))]
    code = pytest.main([*plain, *_LEFT_OUT, *(options.tests or GROUPS[options.group][2])], plugins=[plugin])
    if not plugin.results:
        return int(code) or 1
    for line in plugin.told:
        sys.stdout.write(line + "\n")
    by_lot = not options.alive
    return 0 if tell(plugin.results, plugin.every, options.group, by_lot=by_lot, update=options.update) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__.split("\n", 1)[0])
    parser.add_argument("modules", nargs="*", help="modules of the group; all where none is named")
    parser.add_argument("--group", choices=GROUPS, default="rules")
    parser.add_argument("--tests", nargs="+", help="only the tests of these files or folders")
    parser.add_argument("--sample", type=int, default=0, help="try only so many mutants")
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many")
    parser.add_argument("--seconds", type=float, default=BUDGET, help="of processor, for the tests of a mutant")
    parser.add_argument("--seed", type=int, default=1, help="the order in which mutants are tried")
    parser.add_argument("--controls", type=int, default=0, help="first run the tests of so many mutants without them")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--nice", type=int, default=10)
    parser.add_argument("--alive", action="store_true", help="only those that were not killed when last tried here")
    parser.add_argument("--trust", action="store_true", help="do not try what is listed with a reason: it survives")
    parser.add_argument("--update", action="store_true", help="write the survivors of these modules, reasons kept")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
