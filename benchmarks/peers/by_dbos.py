"""Moves messages by DBOS: each is a workflow on a queue whose partitions are the persons, one of a partition at a
time, so that those of a person go one after another. Arguments and talk as those of by_procrastinate.py.

The queue is asked ten times a second (by itself it is once): DBOS has no other way to learn of a new workflow.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

import httpx
from dbos import DBOS, SetEnqueueOptions

url, address, file, width = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
client = httpx.Client(trust_env=False)
DBOS(config={"name": "figures", "system_database_url": url, "run_admin_server": False, "log_level": "ERROR"})


@DBOS.step()
def post(body: str) -> int:
    answer = client.post(address, content=body.encode(), headers={"Content-Type": "application/fhir+json"})
    answer.raise_for_status()
    return answer.status_code


@DBOS.workflow()
def deliver(body: str) -> int:
    return post(body)


DBOS.launch()
DBOS.register_queue("figures", worker_concurrency=width, partition_concurrency=1, polling_interval_sec=0.1)
before, messages = json.loads(file.read_text())
time.sleep(1)


def put(those: list[tuple[int, str]], share: int) -> None:
    for person, body in those:
        if person % width == share:
            with SetEnqueueOptions(queue_partition_key=str(person)):
                DBOS.enqueue_workflow("figures", deliver, body)


def put_all(those: list[tuple[int, str]]) -> None:
    threads = [threading.Thread(target=put, args=(those, share)) for share in range(width)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


put_all(before)
print("ready", flush=True)
sys.stdin.readline()
spent = time.process_time()
began = time.monotonic()
put_all(messages)
print(json.dumps([began, time.monotonic()]), flush=True)
sys.stdin.readline()
print(time.process_time() - spent, flush=True)
os._exit(0)
