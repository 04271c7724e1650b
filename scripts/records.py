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

from names import machine
from reading.pages import Page
from reading.prose import Problem


def key_of(root: Path, page: Page, names_file: Path) -> str:
    """Changes when anything changes that the page's run depends on."""
    running = sorted((root / "scripts" / "running").glob("*.py"))
    sources = [path.read_bytes() for path in running]
    program = [[section.path, section.name, section.line, section.code] for section in page.program]
    told = json.dumps([program, page.seconds, page.options.get("alone"), machine()]).encode()
    return hashlib.sha256(b"\0".join([told, names_file.read_bytes(), *sources])).hexdigest()


def write(path: Path, text: str) -> None:
    """Write a file whole: whoever reads it sees the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def run_pages(
    root: Path, pages: list[Page], names_file: Path, fresh: bool, say
) -> tuple[dict, list[Problem]]:
    """Run what is stale; return the record of every page, by stem, and what failed."""
    keys = {page.stem: key_of(root, page, names_file) for page in pages if page.program}
    records, stale = {}, []
    for page in pages:
        kept = root / "build" / "pages" / f"{page.stem}.json"
        record = (
            json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() and not fresh else {}
        )
        if not page.program:
            records[page.stem] = {"outputs": {}, "checks": [], "values": {}}
        elif record.get("key") == keys[page.stem]:
            records[page.stem] = record
        else:
            stale.append(page)
    problems = []
    if stale:
        say(f"running {len(stale)} of {len(keys)} page programs against autograd")
    for page, results in run_jobs(root, stale, names_file):
        record = {"key": keys[page.stem]} | results["float32"]
        record["checks"] = results["float32"].get("checks", []) + results["float64"].get(
            "checks", []
        )
        failed = failures(page, results)
        problems += failed
        records[page.stem] = record
        if not failed:
            write(root / "build" / "pages" / f"{page.stem}.json", json.dumps(record))
            write(root / "build" / f"{page.stem}.txt", "".join(record["outputs"].values()))
        say(f"{'FAILED' if failed else 'ok':6} {page.stem}: {count(record)}")
    return records, problems


def count(record: dict) -> str:
    """How much a page's float64 run compared, in words."""
    checks = [check for check in record["checks"] if check["dtype"] == "float64"]
    gradients = len({check["name"] for check in checks if check["kind"] == "gradient"})
    return f"{gradients} gradients, {len(checks)} comparisons"


def run_jobs(root: Path, pages: list[Page], names_file: Path):
    """Run each page in both precisions; yield (page, {dtype: result}) as both end."""
    if not pages:
        return
    jobs = [job(root, page, dtype) for page in pages for dtype in ("float64", "float32")]
    quiet = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "running.runner"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=root / "scripts",
        env=os.environ | quiet,
    ) as runner:
        runner.stdin.write(json.dumps({"jobs": jobs, "names": str(names_file)}))
        runner.stdin.close()
        results = {page.path: {} for page in pages}
        for line in runner.stdout:
            result = json.loads(line)
            results[result["page"]][result["dtype"]] = result
            if len(results[result["page"]]) == 2:
                page = next(page for page in pages if page.path == result["page"])
                yield page, results.pop(page.path)
    if results:
        raise RuntimeError(
            f"the runner stopped (exit code {runner.returncode}) before {', '.join(results)}"
        )


def job(root: Path, page: Page, dtype: str) -> dict:
    sections = [
        [section.path, section.name, section.line, section.code] for section in page.program
    ]
    files = {
        path: (root / path).read_text(encoding="utf-8")
        for path in {section.path for section in page.program}
    }
    alone = page.options.get("alone", False)
    return {
        "page": page.path,
        "dtype": dtype,
        "sections": sections,
        "files": files,
        "seconds": page.seconds,
        "alone": alone,
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
        place = f"section {failure['section']}"
        if failure["path"]:
            place = f"{failure['path']}:{failure['line']}, {place}"
        name = f"{failure['name']}: " if failure["name"] else ""
        problems.append(
            Problem(page.path, 0, f"{place}: {name}{failure['text']} [{failure['dtype']}]")
        )
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
    mine = [check for check in record["checks"] if check["name"] == check["section"] == name]
    return [check for check in mine if check["dtype"] == "float64"]


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
