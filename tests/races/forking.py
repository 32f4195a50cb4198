"""What `processes` starts: it loads everything once, then forks for each race, and never has a connection itself.

It must not import tests.environment, which would make another database.
"""

import importlib
import json
import multiprocessing
import sys
import time
from typing import Any


def _run(work: Any, start: Any, pipe: Any, number: int, arguments: dict[str, Any]) -> None:
    start.wait()
    pipe.send(work(number=number, **arguments))


def _race(order: dict[str, Any]) -> list[dict[str, Any] | None]:
    work = importlib.import_module(f"tests.races.{order['worker']}").work
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(order["count"] + 1)
    ends, children = [], []
    for number in range(order["count"]):
        mine, theirs = fork.Pipe(duplex=False)
        child = fork.Process(target=_run, args=(work, start, theirs, number, order["arguments"]))
        child.start()
        theirs.close()
        ends.append(mine)
        children.append(child)
    start.wait()
    if order["kill"]:
        time.sleep(order["kill"])
        children[0].kill()
    answers: list[dict[str, Any] | None] = []
    for child, end in zip(children, ends, strict=True):
        try:
            answers.append(end.recv())
        except EOFError:
            answers.append(None)
        child.join()
        end.close()
    return answers


def _main() -> None:
    import django
    from django.urls import get_resolver

    django.setup()
    _ = get_resolver().url_patterns
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_race(json.loads(line))), flush=True)


if __name__ == "__main__":
    _main()
