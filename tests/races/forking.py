"""What `processes` starts. It must not import tests.environment, which would make another database."""

import importlib
import json
import multiprocessing
import sys
import time
from typing import Any


def _run(work: Any, start: Any, pipe: Any, number: int, arguments: dict[str, Any]) -> None:
    start.wait()
    pipe.send(work(number=number, **arguments))


def _main() -> None:
    import django

    django.setup()
    order = json.loads(sys.argv[1])
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
    print(json.dumps(answers))


if __name__ == "__main__":
    _main()
