"""What takes minutes: a clone that has nothing yet, and so runs every page."""

import subprocess
import sys

import pytest
from conftest import PLAIN, ROOT, installed, until
from press.auditing.browser import free_port, page_at
from test_snippets import PROGRAMS

pytestmark = pytest.mark.slow


@pytest.fixture
def clone(tmp_path):
    """What is committed and nothing more, with this environment's packages for its own."""
    folder = tmp_path / "a clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    (folder / ".venv/bin").mkdir(parents=True)
    for name, command in (("python", ""), ("ruff", "-m ruff")):
        script = folder / ".venv/bin" / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
        script.chmod(0o755)
    installed(folder / ".venv")
    return folder


def test_a_clean_clone_runs_every_page_and_serves_the_site(clone, running):
    port = free_port()
    said = (clone / "said").open("w")
    running.append(
        subprocess.Popen([clone / "scripts/serve", f"--port={port}"], env=PLAIN, stderr=said)
    )

    def page(path):
        return page_at(f"http://127.0.0.1:{port}/{path}")

    shown = until(lambda: page("cross_entropy/"), 300)
    assert 'class="mark"' in shown and "mjx-container" in shown
    told = (clone / "said").read_text()
    assert (
        f"running {len(PROGRAMS)} of {len(PROGRAMS)} page programs" in told and "FAILED" not in told
    )
    # The notebooks run behind the pages; then they are there by themselves.
    until(lambda: "✓ Right" in page("solved/"), 300)
    assert "error" not in (clone / "said").read_text()


def test_a_clean_clone_tests_itself(clone):
    done = subprocess.run(
        [clone / "scripts/test", "tests/test_reading.py"], env=PLAIN, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout and "skipped" not in done.stdout
