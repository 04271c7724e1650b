"""Run the page programs that are stale, keep what each gave, and record them all.

build/pages/<stem>.json holds one page's outputs, comparisons and numbers, with
the key of everything that could change them; build/<stem>.txt what it printed;
build/report.json every comparison of the site.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import press.running
from press.reading.names import Names
from press.reading.pages import Page
from press.reading.problems import Problem, say
from press.records.cache import key_of, write
from press.records.judging import count, failures
from press.records.machine import machine

RUNNING = Path(press.running.__file__).parent  # what runs in the child: hashed whole
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "0"}

# autograd loads this module at the first gradient that it is given
LOADED_LATE = "torch.fx.experimental.symbolic_shapes"

# Of a page without a program. The float64 run's numbers are kept apart; the rest is float32's.
EMPTY = {
    "outputs": {},
    "checks": [],
    "values": {},
    "rows": {},
    "tables": {},
    "float64": {},
    "figures": {},
}


def environment_key(names: Names) -> str:
    """Changes when anything changes that the runs of all pages depend on."""
    running = sorted(path for path in RUNNING.iterdir() if path.is_file())
    return key_of(machine(), ENVIRONMENT, names.raw, *(path.read_bytes() for path in running))


def page_key(page: Page, environment: str) -> str:
    """Changes when the page's program changes, or what all runs depend on."""
    return key_of(job(page, ""), environment)


def run_pages(build, pages: list[Page]) -> tuple[dict, list[Problem]]:
    """Run what is stale; return the record of every page, by stem, and what failed."""
    records, stale, problems, cache = {}, [], [], build.cache
    environment = environment_key(build.names)
    programs = [page for page in pages if page.program]
    keys = {page.stem: page_key(page, environment) for page in programs}
    for page in pages:
        record = cache.get(f"pages/{page.stem}", keys[page.stem]) if page.program else EMPTY
        if record and EMPTY.keys() <= record.keys():
            records[page.stem] = record
        else:
            stale.append(page)
    if stale:
        say(f"running {len(stale)} of {len(programs)} page programs against autograd")
    for page, results in run_jobs(stale, build.names):
        both = [results[dtype].get("checks", []) for dtype in ("float32", "float64")]
        record = EMPTY | results["float32"] | {"checks": sum(both, [])}
        record["float64"] = results["float64"].get("values", {})
        records[page.stem] = record
        failed = failures(page, results)
        problems += failed
        if not failed:
            cache.put(f"pages/{page.stem}", keys[page.stem], record)
            write(cache.folder / f"{page.stem}.txt", "".join(record["outputs"].values()))
        say(f"{'FAILED' if failed else 'ok':6} {page.stem}: {count(record)}")
    return records, problems


def run_jobs(pages: list[Page], names: Names):
    """Run each page in both precisions; yield (page, {dtype: result}) as both end."""
    jobs = [job(page, dtype) for page in pages for dtype in ("float64", "float32")]
    by_path, results = {page.path: page for page in pages}, {page.path: {} for page in pages}
    preload = ["press.running.program", *worth_sharing(jobs)]
    settings = {"MATPLOTLIBRC": str(RUNNING / "matplotlibrc")}
    for done, result in in_children(jobs, names, preload, settings):
        path = done["page"]
        results[path][done["dtype"]] = result
        if len(results[path]) == 2:
            yield by_path[path], results.pop(path)


def in_children(jobs: list[dict], names: Names, preload: list[str], settings: dict[str, str]):
    """Have the runner run each job in a child of its own; yield (job, result) as each ends.

    preload: the modules that the children find loaded; settings: their environment variables,
    besides those that all runs get. What is lost with the runner ends as a failure.
    """
    if not jobs:
        return
    left = dict(enumerate(jobs))
    with subprocess.Popen(
        [sys.executable, "-m", "press.running.runner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=RUNNING.parent.parent,
        env=os.environ | ENVIRONMENT | settings,
    ) as runner:
        runner.stdin.write(json.dumps({"jobs": jobs, "names": names.text, "preload": preload}))
        runner.stdin.close()
        for line in runner.stdout:
            result = json.loads(line)
            yield left.pop(result["job"]), result
    text = f"the process that runs the pages stopped (exit code {runner.returncode})"
    for lost in left.values():
        failure = {"name": "", "section": "", "path": "", "line": 0, "text": text}
        yield lost, {"failures": [failure]}


def worth_sharing(jobs: list[dict]) -> list[str]:
    """Modules that take long to load, where several children would each load them."""
    code = "".join(section[3] for job in jobs for section in job["sections"])
    drawn = ["matplotlib.pyplot"] if "matplotlib" in code else []
    return drawn + ([LOADED_LATE] if len(jobs) > 4 else [])


def job(page: Page, dtype: str) -> dict:
    """A page's run, as it is sent to the runner."""
    return {
        "run": "press.running.program:run_page",
        "page": page.path,
        "dtype": dtype,
        "sections": [section.as_job() for section in page.program],
        "part": "section",
        "seconds": page.seconds,
        # The times that a page tells are those of float32.
        "alone": page.options.get("alone", False) and dtype == "float32",
    }
