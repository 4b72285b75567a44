"""Starts `adapter …` processes that are ready at once: it has imported and compiled what they need, and forks.

A line of JSON in, a line out: {"words", "log", "arm": [point, passes] | null, "clock": file | null} gives {"pid"}, and
{"wait": pid} gives {"status"}, negative for a signal, once the process has ended. It ends with its standard input, and
so do its children.
"""

import ctypes
import gc
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import points

from adapter import wiring
from adapter.cli.main import main as adapter
from adapter.mapping import Mapping
from adapter.support import settings

_PR_SET_PDEATHSIG = 1


def main(config: str) -> None:
    made = wiring.build(settings.load(Path(config)))
    shared = {
        "message_validator": made.message_validator,
        "mappings": {"lifecare": Mapping.load(made.settings.mappings.folder / "lifecare")},
    }
    build = wiring.build
    from fhir.resources.R4B import bundle, messageheader, operationoutcome  # noqa: F401 - dear to import

    from adapter.web import feeding, polling, reloading, server  # noqa: F401 - dear to import

    def ready(*words: Any) -> wiring.Adapter:
        built = build(*words)
        vars(built).update(shared)
        return built

    wiring.build = ready
    points.hurry()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a child is asked to reload as soon as it is there
    gc.collect()
    gc.freeze()
    say(ready=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status = os.waitpid(asked["wait"], 0)
            say(status=os.waitstatus_to_exitcode(status))
            continue
        child = os.fork()
        if child == 0:
            become(asked)
        say(pid=child)


def say(**words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def become(asked: dict[str, Any]) -> None:
    status = 70
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if asked["arm"]:
            points.arm(*asked["arm"])
        if asked["clock"]:
            points.set_clock_by(Path(asked["clock"]))
        sys.argv = ["adapter", *asked["words"]]
        adapter()
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0) if not isinstance(ended.code, str) else 2
    except BaseException:  # noqa: BLE001 - it must not become a second zygote
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
