"""Run the page programs that are stale, keep what each gave, and record them all.

build/pages/<stem>.json holds one page's outputs, comparisons and numbers, with
the key of everything that could change them; build/<stem>.txt what it printed;
build/report.json every comparison of the site.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from names import Names, machine
from reading.pages import Page
from reading.problem import Problem

# Of a page without a program. The float64 run's numbers are kept apart; the rest is float32's.
EMPTY = {"outputs": {}, "checks": [], "values": {}, "rows": {}, "float64": {}, "figures": {}}


def surroundings(root: Path, names: Names) -> str:
    """Changes when anything changes that the runs of all pages depend on."""
    running = sorted(path for path in (root / "scripts" / "running").iterdir() if path.is_file())
    parts = [json.dumps(machine()).encode(), names.raw, *(path.read_bytes() for path in running)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def key_of(page: Page, around: str) -> str:
    """Changes when the page's program changes, or its surroundings."""
    return hashlib.sha256(json.dumps([job(page, ""), around]).encode()).hexdigest()


def write(path: Path, text: str) -> None:
    """Write a file whole: whoever reads it sees the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)


def read_json(path: Path) -> dict:
    """What a file of build/ holds; {} when it is not there or was spoilt."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def run_pages(
    root: Path, pages: list[Page], names: Names, fresh: bool, say
) -> tuple[dict, list[Problem]]:
    """Run what is stale; return the record of every page, by stem, and what failed."""
    records, stale, keys, problems = {}, [], {}, []
    around = surroundings(root, names)
    for page in pages:
        if not page.program:
            records[page.stem] = EMPTY
            continue
        keys[page.stem] = key_of(page, around)
        record = {} if fresh else read_json(root / "build" / "pages" / f"{page.stem}.json")
        if record.get("key") == keys[page.stem] and EMPTY.keys() <= record.keys():
            records[page.stem] = record
        else:
            stale.append(page)
    if stale:
        say(f"running {len(stale)} of {len(keys)} page programs against autograd")
    for page, results in run_jobs(root, stale, names):
        both = [results[dtype].get("checks", []) for dtype in ("float32", "float64")]
        record = EMPTY | results["float32"] | {"key": keys[page.stem], "checks": sum(both, [])}
        record["float64"] = results["float64"].get("values", {})
        records[page.stem] = record
        failed = failures(page, results)
        problems += failed
        if not failed:
            write(root / "build" / "pages" / f"{page.stem}.json", json.dumps(record))
            write(root / "build" / f"{page.stem}.txt", "".join(record["outputs"].values()))
        say(f"{'FAILED' if failed else 'ok':6} {page.stem}: {count(record)}")
    return records, problems


def in_float64(record: dict) -> list[dict]:
    """The comparisons that decide."""
    return [check for check in record["checks"] if check["dtype"] == "float64"]


def gradients(record: dict) -> set[str]:
    """The names of the gradients that a page's float64 run compared."""
    return {check["name"] for check in in_float64(record) if check["kind"] == "gradient"}


def count(record: dict) -> str:
    """How much a page's float64 run compared, in words."""
    return f"{len(gradients(record))} gradients, {len(in_float64(record))} comparisons"


def run_jobs(root: Path, pages: list[Page], names: Names):
    """Run each page in both precisions; yield (page, {dtype: result}) as both end."""
    if not pages:
        return
    jobs = [job(page, dtype) for page in pages for dtype in ("float64", "float32")]
    settings = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "0"}
    settings["MATPLOTLIBRC"] = str(root / "scripts" / "running" / "matplotlibrc")
    command = [sys.executable, "-m", "running.runner"]
    results = {page.path: {} for page in pages}
    by_path = {page.path: page for page in pages}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=root / "scripts",
        env=os.environ | settings,
    ) as runner:
        runner.stdin.write(json.dumps({"jobs": jobs, "names": names.text}))
        runner.stdin.close()
        for line in runner.stdout:
            result = json.loads(line)
            path = result["page"]
            results[path][result["dtype"]] = result
            if len(results[path]) == 2:
                yield by_path[path], results.pop(path)
    for path in results:
        text = f"the process that runs the pages stopped (exit code {runner.returncode})"
        lost = {"failures": [{"name": "", "section": "", "path": "", "line": 0, "text": text}]}
        yield by_path[path], {"float32": lost, "float64": lost}


def job(page: Page, dtype: str) -> dict:
    """A page's run, as it is sent to the runner."""
    return {
        "page": page.path,
        "dtype": dtype,
        "sections": [section.told() for section in page.program],
        "seconds": page.seconds,
        # The times that a page tells are those of float32.
        "alone": page.options.get("alone", False) and dtype == "float32",
    }


def failures(page: Page, results: dict) -> list[Problem]:
    """What went wrong in a page's two runs; what went wrong in both is said once."""
    found = {}
    for dtype in ("float64", "float32"):
        for failure in results[dtype]["failures"]:
            found.setdefault(
                (failure["section"], failure["line"], failure["name"]), failure | {"dtype": dtype}
            )
    problems = []
    for failure in found.values():
        line = f"{failure['path']}:{failure['line']}" if failure["path"] else ""
        section = f"section {failure['section']}" if failure["section"] else ""
        place = ", ".join(part for part in (line, section) if part)
        text = ": ".join(part for part in (place, failure["name"], failure["text"]) if part)
        problems.append(Problem(page.path, 0, f"{text} [{failure['dtype']}]"))
    return problems


def unchecked(page: Page, record: dict) -> list[Problem]:
    """Equations that no comparison of their section stands for."""
    problems = []
    for equation in page.equations:
        checks = checks_of(record, equation.name)
        if not checks:
            text = f"section {equation.name} holds no check and no cmp called {equation.name!r}: the equation is not executed"
        elif equation.sides not in {check["sides"] for check in checks}:
            text = f"equation {equation.name} has {equation.sides} sides, and its check {checks[0]['sides']}"
        else:
            continue
        problems.append(Problem(page.path, equation.line, text))
    return problems


def checks_of(record: dict, name: str) -> list[dict]:
    """The float64 comparisons that stand for the equation of this name."""
    return [check for check in in_float64(record) if check["name"] == check["section"] == name]


def write_report(root: Path, pages: list[Page], records: dict, facts: dict) -> None:
    """build/report.json: every comparison of the site, and what it was made with."""
    checks = []
    for page in pages:
        for check in records[page.stem]["checks"]:
            checks.append(
                {"page": page.path, "snippet": page.snippet}
                | {k: v for k, v in check.items() if k != "zero"}
            )
    report = {"build": facts, "checks": checks}
    write(root / "build" / "report.json", json.dumps(report, indent=1) + "\n")
