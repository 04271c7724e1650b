"""What a run depends on besides the program and the names: this machine, and its versions."""

import hashlib
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from press.reading.names import EMBEDDED, LECTURE, Names


def processor() -> str:
    """The processor's name, and on Linux the vector instructions that torch would choose."""
    if sys.platform == "linux":
        cpuinfo = Path("/proc/cpuinfo").read_text()
        names = re.findall(r"^model name\s*: (.*)$", cpuinfo, re.M) or [platform.machine()]
        vectors = [
            name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in cpuinfo
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


def facts_of(names: Names) -> dict:
    """The facts of this build that pages quote as {{ build.name }}."""
    own = names.path == EMBEDDED
    names_list = "the site's own list" if own else f"the list {Path(names.path).name}"
    if hashlib.sha256(names.raw).hexdigest() == LECTURE:
        names_list = "the lecture's list"
    names_file = EMBEDDED if own else Path(names.path).name
    return machine() | {"names_file": names_file, "names_list": names_list, "names": names.count}
