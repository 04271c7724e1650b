"""What a run depends on besides its program: the list of names, and this machine."""

import hashlib
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from reading.prose import Problem

EMBEDDED = "snippets/setup/names.txt"
LECTURE = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"  # sha256


def processor() -> str:
    """The processor's name, and on Linux the vector instructions that torch would choose."""
    if sys.platform == "linux":
        told = Path("/proc/cpuinfo").read_text()
        names = re.findall(r"^model name\s*: (.*)$", told, re.M) or [platform.machine()]
        vectors = [
            name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in told
        ]
        return f"{names[0]} ({vectors[0]})" if vectors else names[0]
    if sys.platform == "darwin":
        return subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True
        ).stdout.strip()
    return platform.processor() or platform.machine()


def machine() -> dict:
    """What a result depends on besides the program and the names."""
    versions = {name: metadata.version(name) for name in ("torch", "matplotlib")}
    capability = os.environ.get("ATEN_CPU_CAPABILITY", "")
    return {
        "python": platform.python_version(),
        **versions,
        "processor": processor(),
        "capability": capability,
    }


def read_names(root: Path, chosen: str | None) -> tuple[Path, list[str], list[Problem]]:
    """The names list: its path, its names, and what is wrong with it."""
    path = Path(chosen).absolute() if chosen else root / EMBEDDED
    where = chosen or EMBEDDED
    wrong = None
    if path.is_dir():
        wrong = "this is a folder, and a list of names is due: one name a line, a to z"
    elif not path.is_file():
        wrong = "there is no such file: give a list of names, one name a line, a to z"
    if wrong:
        return path, [], [Problem(where, 0, wrong)]
    raw = path.read_bytes()
    try:
        names = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return (
            path,
            [],
            [
                Problem(
                    where,
                    line,
                    f"this is not UTF-8 (byte 0x{raw[error.start]:02x}): save the list as UTF-8",
                )
            ],
        )
    for line, name in enumerate(names, 1):
        stranger = re.search(r"[^a-z]", name)
        if stranger:
            wrong = f"{name!r} holds {stranger[0]!r}: names are written with a to z only"
        elif not name:
            wrong = "this line is empty: one name a line"
        elif len(name) > 40:
            wrong = f"{name!r} has {len(name)} letters: a name has at most 40"
        if wrong:
            return path, [], [Problem(where, line, wrong)]
    if len(names) < 100:
        found = f"{len(names)} names" if names else "nothing"
        return (
            path,
            [],
            [Problem(where, 0, f"this list holds {found}: the pages need at least 100 names")],
        )
    return path, names, []


def describe(root: Path, names_file: Path, names: list[str]) -> dict:
    """The facts of this build that pages quote as {{ build.name }}."""
    facts = machine()
    digest = hashlib.sha256(names_file.read_bytes()).hexdigest()
    embedded = names_file == root / EMBEDDED
    facts["names_file"] = EMBEDDED if embedded else names_file.name
    facts["names_list"] = "the site's own list" if embedded else f"the list {names_file.name}"
    if digest == LECTURE:
        facts["names_list"] = "the lecture's list"
    facts["names"] = len(names)
    return facts
