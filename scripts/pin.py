"""Write constraints.txt anew: the version of every package that requirements.txt brings.

    python scripts/pin.py

pip works out the newest that go together on the oldest Python that the README names, as if
nothing were installed; nothing is. What only torch's build for graphics cards needs is left out.
Then run scripts/test.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = "3.11.2"  # Debian 12's own: some packages leave it out while others keep 3.11
HEAD = "# Every package with its version, as tested: written by scripts/pin.py.\n"
FOR_GRAPHICS_CARDS = re.compile(r"nvidia-|cuda-|triton")


def normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def resolved(requirements: list[str]) -> dict[str, str]:
    """{package: version} of all that pip would install for some requirements."""
    with tempfile.TemporaryDirectory() as scratch:
        asked = Path(scratch) / "requirements.txt"
        asked.write_text("\n".join(requirements), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
        command += ["--ignore-installed", "--report", "-", "-r", str(asked)]
        command += ["--python-version", OLDEST, "--only-binary", ":all:", "--target", scratch]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("pip cannot bring the requirements together (see above): nothing was written")
    metadata = [each["metadata"] for each in json.loads(done.stdout)["install"]]
    return {normal(each["name"]): each["version"].partition("+")[0] for each in metadata}


def main() -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    versions = resolved([line for line in lines if not line.startswith("-c ")])
    pins = [
        f"{name}=={version}\n"
        for name, version in sorted(versions.items())
        if not FOR_GRAPHICS_CARDS.match(name)
    ]
    (ROOT / "constraints.txt").write_text(HEAD + "".join(pins), encoding="utf-8", newline="\n")
    print(f"constraints.txt holds {len(pins)} packages")


if __name__ == "__main__":
    main()
