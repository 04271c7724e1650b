"""build/report.json: every comparison of the site, for pages, tests and whoever audits it."""

import json
from pathlib import Path

from press.reading.pages import Page
from press.records.cache import write


def write_report(root: Path, pages: list[Page], records: dict, facts: dict) -> None:
    """Write every comparison, and what it was made with."""
    checks = []
    for page in pages:
        for check in records[page.stem]["checks"]:
            checks.append(
                {"page": page.path, "snippet": page.snippet}
                | {k: v for k, v in check.items() if k != "zero"}
            )
    report = {"build": facts, "checks": checks}
    write(root / "build" / "report.json", json.dumps(report, indent=1) + "\n")
