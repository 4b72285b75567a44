"""A process whose first messages come all at once finds what one finds that is asked in peace."""

import random
import subprocess
import sys

import pytest

from adapter.support.paths import shipped

_PROGRAM = """
import sys, threading
sys.setswitchinterval(1e-6)
from pathlib import Path
from adapter.fhir import json as fhir_json
from adapter.fhir import outcomes
from adapter.fhir.bundles import MessageBundle
from adapter.support.settings import Packages
from adapter.validation import Validator
from adapter.validation.whole import MessageValidator

validator = MessageValidator(Validator.load(packages=Packages().required))
begin = threading.Barrier(8)
wrong = set()

def validate(files):
    messages = [MessageBundle(fhir_json.parse(Path(file).read_bytes())) for file in files]
    begin.wait()
    for message in messages:
        wrong.update(f"{each.rule}: {each.message}" for each in outcomes.errors(validator.issues(message)))

files = sys.argv[1:]
threads = [threading.Thread(target=validate, args=(files[share // 2 :] + files[: share // 2],)) for share in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*sorted(wrong), sep="\\n", end="")
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_messages_that_come_at_once_to_a_new_process_are_found_right(seed: int):
    files = sorted(map(str, (shipped("fixtures") / "journeys").glob("*/*.json")))
    some = random.Random(seed).sample(files, 10)
    done = subprocess.run([sys.executable, "-c", _PROGRAM, *some], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
