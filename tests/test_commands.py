"""The two commands of the README: what they say when something is missing."""

import shutil
import subprocess

import pytest
from conftest import PLAIN, ROOT, installed

PYTHONS = ["python3", *(f"python3.{minor}" for minor in range(11, 15))]


PYTEST = "python -m pytest -n auto --dist worksteal"


@pytest.fixture
def clone(tmp_path):
    """A fresh clone, in a path with a space, and an empty folder first on the PATH."""
    scripts = [f"scripts/{name}" for name in ("serve", "test", "environment", "chromium")]
    for path in [*scripts, "requirements.txt", "constraints.txt"]:
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


TOOLS = ("bash", "dirname", "cmp", "cat")


@pytest.fixture
def furnished(clone):
    """The clone with an environment that tells what it is asked for, and a PATH without browsers."""
    bin_folder = clone / "a clone/.venv/bin"
    bin_folder.mkdir(parents=True)
    installed(bin_folder.parent)
    for tool in TOOLS:
        (clone / "bin" / tool).symlink_to(shutil.which(tool))
    program(bin_folder / "ruff", "exit 0")
    program(bin_folder / "python", 'echo "python $*"; [ "$2" = pytest ]')
    program(clone / "bin/apt-get", 'echo "apt-get $*"')
    program(clone / "bin/id", "echo 1000")
    return clone


def program(path, body):
    path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
    path.chmod(0o755)


def start_test(furnished, *arguments):
    return subprocess.run(
        [furnished / "a clone/scripts/test", *arguments],
        env={"PATH": str(furnished / "bin")}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_without_a_browser_one_sentence_says_what_to_install(furnished):
    done = start_test(furnished)
    assert done.returncode == 1
    assert "install Chromium (on Debian: apt install chromium)" in done.stderr.splitlines()[-1]
    assert "apt-get" not in done.stderr + done.stdout, "only root installs packages"


def test_root_is_given_debians_browser(furnished):
    program(furnished / "bin/id", "echo 0")
    done = start_test(furnished)
    assert done.returncode == 0
    assert "apt-get install -y -qq chromium" in done.stderr


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_on_the_path_is_used_as_it_is(furnished, name):
    program(furnished / "bin" / name, "exit 0")
    done = start_test(furnished)
    assert done.returncode == 0
    assert done.stdout == f"{PYTEST} -m not slow\n"


def test_all_is_everything(furnished):
    program(furnished / "bin/chromium", "exit 0")
    assert start_test(furnished, "--all", "-k", "x").stdout == f"{PYTEST} -k x\n"


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
