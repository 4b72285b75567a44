"""Mutation testing of the rule compilers: `scripts/mutants`. How to read and mend: docs/how-to/mutation-testing.md.

One pytest session collects the tests and runs each under coverage with fixtures of its own, which tells the lines that
it runs when nothing is compiled beforehand. Then, for each mutant, a fork of that session, R4's definitions in memory,
puts the changed code into the loaded module and runs the tests that run the changed line, those that found neighbours
first, until one fails. Tests by hypothesis are left out, for a mutant must be found every time.

Why no ready tool: mutmut 3 chooses tests by function, not by line, which for a walk that every test takes means every
test for every survivor; it leaves tables at the top of a module alone, where much of what a rule says stands; and it
changes the wording of messages, which no test should nail down. cosmic-ray and mutatest start a process for each
mutant, which has to import, collect and read the definitions anew.
"""

import argparse
import ast
import gc
import importlib
import inspect
import json
import marshal
import os
import random
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import coverage
import pytest

from adapter.definitions import store

sys.path.insert(0, str(Path(__file__).parent))
from mutants import Mutant, mutants, parse

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).parent / "survivors.json"
JOURNAL = ROOT / "build" / "mutants.jsonl"
"""What became of each mutant that was tried here, the newest last: what killed it is tried first the next time."""
GROUPS = {
    "rules": (
        "adapter.validation",
        "constraints criteria contained extensions groups implied invariants items members primitives profiles "
        "references shapes slicing targets trees values vocabulary narrative messages bindings bundles engine",
        ["tests/unit/validation"],
    ),
    "snapshots": (
        "adapter.definitions",
        "snapshot layering narrowing valuesets filters",
        ["tests/unit/definitions", "tests/unit/validation"],
    ),
}
Key = tuple[str, str, str, str, str, int]
"""Group, then the key of a mutant."""

LEAST = 0.9
SLOWEST = 2.0
"""Seconds that a test may take; a slower one is left out."""
BUDGET = 3.0
"""Seconds of processor that the tests of a mutant are given, where no other number is asked for."""

_LEFT_OUT = ["--ignore-glob=*/test_hostile.py", "--ignore-glob=*/test_whole.py"]
"""Content made to cost, and whole journeys: they take long and are not about one rule."""

_WALL = 120.0
_WARMING = 10
_MEMORY = 4 << 30


@dataclass
class Test:
    """A test, alone: its lines by file, and how long it takes in seconds."""

    item: pytest.Item
    lines: dict[str, frozenset[int]]
    seconds: float


@dataclass
class Result:
    """What became of a mutant: "killed", "timeout", "survived", or "unreached" where no test runs its line."""

    mutant: Mutant
    outcome: str
    by: str = ""


@dataclass
class Child:
    """A fork that is at work."""

    pid: int
    reading: int
    until: float
    done: Callable[[str, bytes], None]
    written: bytearray = field(default_factory=bytearray)


class Forks:
    """At most `jobs` forks at once, each of which writes what it found to a pipe."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._children: list[Child] = []

    def start(self, work: Callable[[], bytes], seconds: float, done: Callable[[str, bytes], None]) -> None:
        """Runs `work` in a fork for at most so many seconds of processor; `done` gets "ended", "timeout" or "died",
        and what was written."""
        while len(self._children) >= self._jobs:
            self._look()
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _limit(seconds)
            gc.disable()
            try:
                written = work()
                while written:
                    written = written[os.write(writing, written) :]
                os._exit(0)
            finally:
                os._exit(1)  # where it raised: a fork must not go on as its parent
        os.close(writing)
        os.set_blocking(reading, False)
        self._children.append(Child(pid, reading, time.monotonic() + max(_WALL, 10 * seconds), done))

    def wait(self) -> None:
        """Waits for all of them."""
        while self._children:
            self._look()

    def _look(self) -> None:
        for child in list(self._children):
            with suppress(BlockingIOError):
                while more := os.read(child.reading, 1 << 16):
                    child.written += more
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                if time.monotonic() > child.until:
                    os.kill(child.pid, signal.SIGKILL)
                continue
            with suppress(BlockingIOError):
                while more := os.read(child.reading, 1 << 16):
                    child.written += more
            os.close(child.reading)
            self._children.remove(child)
            how = "ended" if status == 0 else "timeout" if os.WIFSIGNALED(status) else "died"
            child.done(how, bytes(child.written))
        time.sleep(0.002)


def _limit(seconds: float) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    whole = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


class Plugin:
    """Takes the place of pytest's loop over the tests that it collected."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._package, names, _ = GROUPS[options.group]
        chosen = options.modules or names.split()
        self._modules = {name: importlib.import_module(f"{self._package}.{name}") for name in chosen}
        self._forks = Forks(options.jobs)
        self._failed: list[str] = []
        self._finders: dict[str, Counter[str]] = defaultdict(Counter)
        self._before = _journal(options.group)
        self._listed = {key for key, why in _known().items() if why} if options.trust else set()
        self.results: list[Result] = []
        self.told: list[str] = []
        self.every: set[Key] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = [item for item in session.items if not _is_random(item)]
        if self._options.group == "rules":
            _remember_packages()
        tests = self._measure(items)
        gc.collect()
        gc.freeze()
        self.told.append(f"{len(tests)} tests of {len(session.items)} collected")
        self._run(tests)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Only forks run tests."""
        if report.failed:
            self._failed.append(report.nodeid)

    def _measure(self, items: list[pytest.Item]) -> list[Test]:
        """Runs every test with fixtures of its own, so that none finds compiled what its lines are to show. Every tenth
        runs here, which fills the memory that forks begin with: expressions, packages, tables; the others in forks."""
        found: list[Test] = []
        left = [item for index, item in enumerate(items) if index % _WARMING]
        for item in items[::_WARMING]:
            self._measured(item, *self._lines(item), found)
        for start in range(0, len(left), _WARMING):
            part = left[start : start + _WARMING]

            def work(part: list[pytest.Item] = part) -> bytes:
                return marshal.dumps([self._lines(item) for item in part])

            def done(how: str, written: bytes, part: list[pytest.Item] = part) -> None:
                if how == "ended":
                    for item, measured in zip(part, marshal.loads(written), strict=True):
                        self._measured(item, *measured, found)
                else:
                    self.told.append(f"left out, for their process {how}: {', '.join(item.nodeid for item in part)}")

            self._forks.start(work, 10 * _WARMING, done)
        self._forks.wait()
        return found

    def _lines(self, item: pytest.Item) -> tuple[bool, float, dict[str, frozenset[int]]]:
        """Whether a test passes, its seconds, and its lines by file."""
        files = [str(module.__file__) for module in self._modules.values()]
        recorder = coverage.Coverage(data_file=None, include=files, branch=False, config_file=False)
        recorder.set_option("run:disable_warnings", ["no-data-collected"])
        self._failed.clear()
        began = time.process_time()
        recorder.start()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        recorder.stop()
        seconds = time.process_time() - began
        data = recorder.get_data()
        passed = not self._failed
        self._failed.clear()
        return passed, seconds, {file: frozenset(data.lines(file) or ()) for file in files}

    def _measured(
        self, item: pytest.Item, passed: bool, seconds: float, lines: dict[str, frozenset[int]], found: list[Test]
    ) -> None:
        if not passed:
            self.told.append(f"left out, for it fails without any mutant: {item.nodeid}")
        elif seconds > SLOWEST:
            self.told.append(f"left out, for it takes {seconds:.1f} s: {item.nodeid}")
        else:
            found.append(Test(item, lines, seconds))

    def _run(self, tests: list[Test]) -> None:
        work = [
            (mutant, tree, module)
            for name, module in self._modules.items()
            for tree in [parse(Path(str(module.__file__)))]
            for mutant in mutants(tree, name)
        ]
        self.every = {(self._options.group, *mutant.key) for mutant, _, _ in work}
        if self._options.alive:
            work = [each for each in work if self._before.get(each[0].key, ("", ""))[0] in ("survived", "unreached")]
        random.Random(self._options.seed).shuffle(work)  # so that what a limit leaves is a sample
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
        spent = time.monotonic() - began
        self.told.append(f"{len(self.results)} of {len(self.every)} mutants, seed {self._options.seed}, {spent:.0f} s")

    def _try(self, mutant: Mutant, tree: ast.Module, module: ModuleType, tests: list[Test]) -> None:
        lines = set(mutant.lines) if mutant.function else _mentions(tree, mutant)
        file = str(module.__file__)
        reached = [test for test in tests if not lines.isdisjoint(test.lines[file])]
        if not reached:
            self._found(mutant, "unreached", "")
            return
        if (self._options.group, *mutant.key) in self._listed:
            self._found(mutant, "survived", "")
            return
        finders = self._finders[f"{mutant.module}.{mutant.function}"]
        _, killer = self._before.get(mutant.key, ("", ""))
        tried = sorted(
            (test for test in reached if test.item.nodeid == killer or finders[test.item.nodeid]),
            key=lambda test: (test.item.nodeid != killer, -finders[test.item.nodeid]),
        )
        untried = sorted(
            (test for test in reached if test.item.nodeid != killer and not finders[test.item.nodeid]),
            key=lambda test: (len(test.lines[file]), test.seconds),
        )
        reached = [*tried, *_from_both_ends(untried)]

        def work() -> bytes:
            mutant.apply()
            graft(mutant, tree, module)
            return json.dumps(self._test([test.item for test in reached])).encode()

        def done(how: str, written: bytes) -> None:
            by = json.loads(written) if how == "ended" else ""
            finders[by] += 1
            outcome = (
                ("killed" if by else "survived") if how == "ended" else "timeout" if how == "timeout" else "killed"
            )
            self._found(mutant, outcome, by)

        self._forks.start(work, 5 + 2 * self._options.seconds, done)

    def _found(self, mutant: Mutant, outcome: str, by: str) -> None:
        self.results.append(Result(mutant, outcome, by))
        JOURNAL.parent.mkdir(exist_ok=True)
        with JOURNAL.open("a", encoding="utf-8") as file:
            file.write(json.dumps([self._options.group, *mutant.key, outcome, by], ensure_ascii=False) + "\n")

    def _test(self, items: list[pytest.Item]) -> str:
        """Runs tests until one fails, and tells which, or until the time for them is used."""
        began = time.process_time()
        for item, after in zip(items, [*items[1:], None], strict=True):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=after)
            if self._failed:
                return self._failed[0]
            if time.process_time() - began > self._options.seconds:
                break
        return ""


def _from_both_ends(tests: list[Test]) -> Iterator[Test]:
    """The first, the last, the second, the last but one: what is nearest to a line, and what does most with it."""
    for index in range(len(tests)):
        yield tests[index // 2] if index % 2 == 0 else tests[-1 - index // 2]


def _journal(group: str) -> dict[tuple[Any, ...], tuple[str, str]]:
    if not JOURNAL.exists():
        return {}
    rows = map(json.loads, JOURNAL.read_text(encoding="utf-8").splitlines())
    return {tuple(row[1:-2]): (row[-2], row[-1]) for row in rows if row[0] == group}


def _is_random(item: pytest.Item) -> bool:
    test = getattr(item, "obj", None)
    return bool(getattr(test, "is_hypothesis_test", False)) or item.get_closest_marker("slow") is not None


def _remember_packages() -> None:
    """Keeps in memory what is read of installed packages, which no rule changes: forks read nothing again."""
    index, read = store.Installed.index, store.Installed.read
    rows: dict[Any, list[store.Row]] = {}
    resources: dict[Any, dict[str, Any]] = {}

    def remembered_index(self: store.Installed) -> Iterator[store.Row]:
        key = (self._folder, self.package.sha256)
        if key not in rows:
            rows[key] = list(index(self))
        return iter(rows[key])

    def remembered_read(self: store.Installed, row: store.Row) -> dict[str, Any]:
        key = (self._folder, self.package.sha256, row.offset)
        if key not in resources:
            resources[key] = read(self, row)
        return resources[key]

    store.Installed.index = remembered_index  # type: ignore[method-assign]
    store.Installed.read = remembered_read  # type: ignore[method-assign]


def _mentions(tree: ast.Module, mutant: Mutant) -> set[int]:
    """The lines that use a name of the module's top, straight or by another such name; all, where none does."""
    wanted = {node.id for node in ast.walk(mutant.statement or tree) if _is_stored(node)}
    lines: set[int] = set()
    for statement in _dependent(tree, wanted):
        wanted |= {node.id for node in ast.walk(statement) if _is_stored(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in wanted and not _is_stored(node):
            lines.add(node.lineno)
    return lines or set(range(1, 10_000))


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _dependent(tree: ast.Module, names: Iterable[str]) -> Iterator[ast.stmt]:
    """The assignments at the top that are made from those names, in their order."""
    known = set(names)
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            used = {node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name)}
            if used & known:
                known |= {node.id for node in ast.walk(statement) if _is_stored(node)}
                yield statement


def graft(mutant: Mutant, tree: ast.Module, module: ModuleType) -> None:
    """Puts the changed code into the module that is loaded."""
    if mutant.function is not None:
        code = _codes(compile(tree, str(module.__file__), "exec"))[mutant.function]
        _function(module, mutant.function).__code__ = code
        return
    assert mutant.statement is not None
    names = {node.id for node in ast.walk(mutant.statement) if _is_stored(node)}
    before = dict(vars(module))
    for statement in (mutant.statement, *_dependent(tree, names)):
        exec(compile(ast.Module([statement], []), str(module.__file__), "exec"), vars(module))
    for name, value in before.items():
        if vars(module)[name] is not value and not isinstance(value, int | str | bool | None):
            _rebind(value, vars(module)[name])
        elif vars(module)[name] is not value:
            _rebind_name(name, value, vars(module)[name])


def _rebind(old: object, new: object) -> None:
    for other in [each for name, each in sys.modules.items() if name.startswith("adapter.")]:
        for name, value in list(vars(other).items()):
            if value is old:
                setattr(other, name, new)


def _rebind_name(wanted: str, old: object, new: object) -> None:
    """A plain value is one with others alike: only that of the same name is meant."""
    for other in [each for name, each in sys.modules.items() if name.startswith("adapter.")]:
        if vars(other).get(wanted) is old:
            setattr(other, wanted, new)


def _codes(code: CodeType) -> dict[str, CodeType]:
    found = {}
    for each in code.co_consts:
        if isinstance(each, CodeType):
            found[each.co_qualname] = each
            found |= {inner.co_qualname: inner for inner in each.co_consts if isinstance(inner, CodeType)}
    return found


def _function(module: ModuleType, name: str) -> FunctionType:
    owner, _, last = name.rpartition(".")
    found: Any = inspect.getattr_static(getattr(module, owner) if owner else module, last)
    if isinstance(found, property):
        found = found.fget
    found = inspect.unwrap(getattr(found, "__func__", found))
    assert isinstance(found, FunctionType)
    return found


def main() -> int:
    """Exit 0 where enough is killed and each survivor has a reason, else 1."""
    options = _options()
    os.chdir(ROOT)
    os.nice(options.nice)
    plugin = Plugin(options)
    arguments = [
        "-q",
        "-s",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:cov",
        "-o",
        "timeout=0",
        *_LEFT_OUT,
    ]
    code = pytest.main([*arguments, *(options.tests or GROUPS[options.group][2])], plugins=[plugin])
    if not plugin.results:
        return int(code) or 1
    for line in plugin.told:
        sys.stdout.write(line + "\n")
    return _tell(plugin, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__.split("\n", 1)[0])
    parser.add_argument("modules", nargs="*", help="modules of the group; all where none is named")
    parser.add_argument("--group", choices=GROUPS, default="rules")
    parser.add_argument("--tests", nargs="+", help="only the tests of these files or folders")
    parser.add_argument("--sample", type=int, default=0, help="try only so many mutants")
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many")
    parser.add_argument("--seconds", type=float, default=BUDGET, help="of processor, for the tests of a mutant")
    parser.add_argument("--seed", type=int, default=1, help="the order in which mutants are tried")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--nice", type=int, default=10)
    parser.add_argument("--alive", action="store_true", help="only those that were not killed when last tried here")
    parser.add_argument("--trust", action="store_true", help="do not try what is listed with a reason: it survives")
    parser.add_argument("--update", action="store_true", help="write the survivors of these modules, reasons kept")
    return parser.parse_args()


def _tell(plugin: Plugin, options: argparse.Namespace) -> int:
    results = plugin.results
    by_module: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        by_module[result.mutant.module][result.outcome] += 1
    row = "{:14} {:>8} {:>8} {:>8} {:>9} {:>10} {:>7}\n"
    sys.stdout.write(row.format("module", "mutants", "killed", "timeout", "survived", "unreached", "killed"))
    for name, outcomes in [*by_module.items(), ("all", Counter(result.outcome for result in results))]:
        cells = [outcomes[each] for each in ("killed", "timeout", "survived", "unreached")]
        share = (outcomes["killed"] + outcomes["timeout"]) / outcomes.total()
        sys.stdout.write(row.format(name, outcomes.total(), *cells, f"{share:.1%}"))
    alive = [result for result in results if result.outcome in ("survived", "unreached")]
    known = _known()
    tried = {(options.group, *result.mutant.key) for result in results}
    living = {(options.group, *result.mutant.key) for result in alive}
    for result in alive:
        reason = known.get((options.group, *result.mutant.key))
        if not reason:
            mutant = result.mutant
            place = f"{mutant.module}.py:{mutant.lines.start} {mutant.function or ''}"
            sys.stdout.write(f"{result.outcome}: {place}\n    {mutant.before}\n    {mutant.after}\n")
    for key in sorted(key for key in known if key in tried - living):
        sys.stdout.write(f"listed, and killed: {key}\n")
    if options.update:
        _write(known, plugin.every, tried, living)
    share = 1 - len(alive) / len(results)
    told = all(known.get(key) for key in living)
    return 0 if share >= LEAST and told else 1


def _known() -> dict[Key, str]:
    if not SURVIVORS.exists():
        return {}
    listed = json.loads(SURVIVORS.read_text(encoding="utf-8"))
    return {
        (each["group"], each["module"], each["function"], each["before"], each["after"], each["nth"]): each["why"]
        for each in listed
    }


def _write(known: dict[Key, str], every: set[Key], tried: set[Key], living: set[Key]) -> None:
    """The survivors of what was tried, and those listed before that were not tried and are still there."""
    modules = {key[:2] for key in every}
    kept = {key: why for key, why in known.items() if key[:2] not in modules or key in every - tried}
    kept |= {key: known.get(key, "") for key in living}
    names = ("group", "module", "function", "before", "after", "nth")
    listed = [dict(zip(names, key, strict=True)) | {"why": kept[key]} for key in sorted(kept)]
    SURVIVORS.write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
