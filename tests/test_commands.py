"""The two commands of the README: what they say when something is missing."""

import shutil
import subprocess

import pytest
from conftest import PLAIN, ROOT

PYTHONS = ["python3", *(f"python3.{minor}" for minor in range(11, 15))]


@pytest.fixture
def clone(tmp_path):
    """A fresh clone, in a path with a space, and an empty folder first on the PATH."""
    for path in ("scripts/serve", "scripts/test", "scripts/environment", "requirements.txt"):
        (tmp_path / "a clone" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / "a clone" / path)
    (tmp_path / "bin").mkdir()
    return tmp_path


def run(clone, *command):
    path = f"{clone / 'bin'}:{PLAIN['PATH']}"
    return subprocess.run(
        [clone / "a clone" / command[0], *command[1:]],
        cwd=clone, env=PLAIN | {"PATH": path}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def pretend(clone, body):
    for name in PYTHONS:
        (clone / "bin" / name).write_text(f"#!/bin/sh\n{body}\n")
        (clone / "bin" / name).chmod(0o755)


@pytest.mark.parametrize("command", ["scripts/serve", "scripts/test"])
def test_without_a_new_enough_python_one_sentence_says_what_to_install(clone, command):
    pretend(clone, "exit 1")
    done = run(clone, command)
    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 or newer is needed, and none is here: install it")
    assert len(done.stderr.splitlines()) == 1


def test_without_venv_one_sentence_says_what_to_install(clone):
    pretend(clone, "case $1 in -m) echo no ensurepip; exit 1 ;; *) echo Python 3.11.2 ;; esac")
    done = run(clone, "scripts/test")
    assert done.returncode == 1
    assert "cannot make a virtual environment: install its venv module" in done.stderr
    assert "no ensurepip" in done.stderr


@pytest.mark.parametrize("arguments", [["--port"], ["--port", "http"], ["--port", "99999"], ["x"]])
def test_a_misspelt_serve_says_how_it_is_used(clone, arguments):
    done = run(clone, "scripts/serve", *arguments)
    assert done.returncode == 2
    assert done.stderr == "usage: scripts/serve [--port N], with N from 1 to 65535\n"


def test_the_build_in_an_environment_without_packages_says_what_to_do():
    done = subprocess.run(
        ["python3", "-I", "-S", str(ROOT / "scripts/build.py")],
        env=PLAIN,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "is not installed in" in done.stderr and "Traceback" not in done.stderr
