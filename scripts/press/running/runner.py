"""The process that runs programs, of pages and of notebooks, each in a child of its own.

    python -m press.running.runner < jobs.json

reads {"jobs": [...], "names": TEXT, "preload": [MODULE, ...]} and writes one JSON line for
each job as it ends, with its place in the list. It forks its children from a server that has
loaded those modules; it imports none of them itself. A child has one thread, an empty folder with
`names.txt`, a process group of its own and a time limit, and must say "done": exit code
0 without that word is a failure.
"""

import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from multiprocessing.connection import wait

from press.running.child import run_job

WATCH_EVERY = 0.5  # seconds between two looks at the clock and at our parent


class Job:
    """One child and what is known of it."""

    def __init__(self, context, number, job, names):
        self.number, self.job, self.at, self.result = number, job, "its start", None
        self.folder = tempfile.mkdtemp(prefix="page-")
        with open(os.path.join(self.folder, "names.txt"), "w", encoding="utf-8") as file:
            file.write(names)
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=run_job, args=(theirs, job, self.folder))
        self.process.start()
        theirs.close()
        self.deadline = time.monotonic() + job["seconds"]

    def listen(self):
        """Read what the child has sent; return whether it has ended."""
        try:
            while self.connection.poll():
                word, value = self.connection.recv()
                if word == "done":
                    self.result = value
                    return True
                self.at = value
        except (EOFError, OSError):
            self.process.join(5)
            code = self.process.exitcode
            self.result = self.failure(
                f"the program stopped in {self.part()} before its end (exit code {code})"
            )
            return True
        if time.monotonic() > self.deadline:
            limit = self.job["seconds"]
            self.result = self.failure(
                f"{self.part()} was still running after {limit} s, and was stopped"
            )
            return True
        return False

    def part(self):
        """Where it is: "section dx" of a page, "cell 3" of a notebook."""
        return f"{self.job['part']} {self.at}"

    def failure(self, text):
        return {"failures": [{"name": "", "section": self.at, "path": "", "line": 0, "text": text}]}

    def end(self):
        """Stop the child and all that it started; remove its folder."""
        self.connection.close()
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    order = json.load(sys.stdin)
    # On macOS a process that has loaded torch must not fork.
    method = "forkserver" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(order["preload"])
    parent, running = os.getppid(), []
    # The long ones first: the last to end has nothing beside it.
    waiting = sorted(
        enumerate(order["jobs"]), key=lambda job: (job[1]["alone"], -job[1]["seconds"])
    )
    try:
        while waiting or running:
            while waiting and room_for(waiting[0][1], running):
                running.append(Job(context, *waiting.pop(0), order["names"]))
            wait([job.connection for job in running], WATCH_EVERY)
            for job in [job for job in running if job.listen()]:
                running.remove(job)
                job.end()
                print(json.dumps({"job": job.number} | job.result), flush=True)
            if os.getppid() != parent:
                break  # nobody is left to hear
    finally:
        for job in running:
            job.end()


def room_for(job, running):
    """A page that measures time runs with nothing beside it."""
    if job["alone"] or any(other.job["alone"] for other in running):
        return not running
    return len(running) < processors()


def processors():
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    main()
