"""What a run depends on besides its program: the list of names, and this machine."""

import hashlib
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from reading.problem import Problem, not_utf8

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


@dataclass(frozen=True)
class Names:
    """A list of names, read once: whatever a build does with it, it does with these bytes."""

    path: str  # as the reader knows it
    raw: bytes = b""

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8")

    @property
    def count(self) -> int:
        return len(self.text.splitlines())


def read_names(root: Path, chosen: str | None) -> tuple[Names, list[Problem]]:
    """The list of names, and what is wrong with it."""
    path, where = (Path(chosen).absolute() if chosen else root / EMBEDDED), chosen or EMBEDDED
    wrong, line, raw = None, 0, b""
    if path.is_dir():
        wrong = "this is a folder, and a list of names is due: one name a line, a to z"
    elif not path.is_file():
        wrong = "there is no such file: give a list of names, one name a line, a to z"
    else:
        raw = path.read_bytes()
        line, wrong = fault_in(raw)
    return Names(where, raw), [Problem(where, line, wrong)] if wrong else []


def fault_in(raw: bytes) -> tuple[int, str | None]:
    """The line of a list that is wrong, and why; (0, None) for a good list."""
    try:
        names = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        return not_utf8(raw, error, "list")
    for line, name in enumerate(names, 1):
        stranger = re.search(r"[^a-z]", name)
        if stranger:
            return line, f"{name!r} holds {stranger[0]!r}: names are written with a to z only"
        if not name:
            return line, "this line is empty: one name a line"
        if len(name) > 40:
            return line, f"{name!r} has {len(name)} letters: a name has at most 40"
    if len(names) < 100:
        found = f"{len(names)} names" if names else "nothing"
        return 0, f"this list holds {found}: the pages need at least 100 names"
    return 0, None


def describe(names: Names) -> dict:
    """The facts of this build that pages quote as {{ build.name }}."""
    own = names.path == EMBEDDED
    names_list = "the site's own list" if own else f"the list {Path(names.path).name}"
    if hashlib.sha256(names.raw).hexdigest() == LECTURE:
        names_list = "the lecture's list"
    names_file = EMBEDDED if own else Path(names.path).name
    return machine() | {"names_file": names_file, "names_list": names_list, "names": names.count}
