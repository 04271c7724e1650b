"""What takes minutes: the whole site run again, and a clone that has nothing yet."""

import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from browse import ROOT, copy_project
from conftest import PLAIN, free_port, until

pytestmark = pytest.mark.slow


def test_a_fresh_build_of_the_whole_site_holds(tmp_path):
    copy_project(tmp_path / "copy")
    done = subprocess.run(
        [sys.executable, "scripts/build.py", "--fresh"],
        cwd=tmp_path / "copy", env=PLAIN, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "running" in done.stderr and "FAILED" not in done.stderr


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
    shutil.copy(folder / "requirements.txt", folder / ".venv")
    return folder


def test_a_clean_clone_serves_the_site(clone, running):
    port = free_port()
    said = (clone / "said").open("w")
    running.append(
        subprocess.Popen([clone / "scripts/serve", f"--port={port}"], env=PLAIN, stderr=said)
    )

    def page():
        try:
            address = f"http://127.0.0.1:{port}/cross_entropy/"
            return urllib.request.urlopen(address, timeout=5).read().decode()
        except urllib.error.URLError:
            return ""

    shown = until(page, 300)
    assert 'class="mark"' in shown and "mjx-container" in shown


def test_a_clean_clone_tests_itself(clone):
    done = subprocess.run(
        [clone / "scripts/test", "tests/test_reading.py"], env=PLAIN, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout and "skipped" not in done.stdout
