"""Moves messages by procrastinate: each is a job of its own commit, with its person as the lock, so that those of a
person go one after another. Arguments: URL of the database, the receiver's, the file of messages, concurrency.

Moves the first of its two lists, prints `ready`, begins the second at a line of input, prints when it began and when
all had been put in the queue, and, at another line, the processor time that it took.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import httpx
import procrastinate

url, address, file, width = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, max_size=2 * width + 4))
client = httpx.AsyncClient(trust_env=False)


@app.task(queue="figures")
async def deliver(body: str) -> None:
    answer = await client.post(address, content=body.encode(), headers={"Content-Type": "application/fhir+json"})
    answer.raise_for_status()


async def main() -> None:
    before, messages = json.loads(file.read_text())
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        options = {"queues": ["figures"], "concurrency": width, "install_signal_handlers": False}
        worker = asyncio.create_task(app.run_worker_async(**options, fetch_job_polling_interval=1.0))
        await asyncio.sleep(1)

        async def put(those: list[tuple[int, str]], share: int) -> None:
            for person, body in those:
                if person % width == share:
                    await deliver.configure(lock=str(person)).defer_async(body=body)

        await asyncio.gather(*(put(before, share) for share in range(width)))
        print("ready", flush=True)
        read = asyncio.get_running_loop().run_in_executor
        await read(None, sys.stdin.readline)
        spent = time.process_time()
        began = time.monotonic()
        await asyncio.gather(*(put(messages, share) for share in range(width)))
        print(json.dumps([began, time.monotonic()]), flush=True)
        await read(None, sys.stdin.readline)
        print(time.process_time() - spent, flush=True)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


asyncio.run(main())
