"""Read the list of names, and say what is wrong with it."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from press.reading.problems import Problem, not_utf8

EMBEDDED = "snippets/setup/names.txt"
LONGEST = SHOWN = 40  # letters of a name, and of one that is shown in a message
REPAIR = (
    "What is left of a list of your own by this is one: "
    "cut -d, -f1 YOURS | tr A-Z a-z | grep -xE '[a-z]{1,40}' > names.txt"
)
LECTURE = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"  # sha256


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
    """The list of names, and what is wrong with it.

    A byte order mark, as Windows' Notepad writes it, and one empty line at the end are no part of
    the list.
    """
    path, where = (Path(chosen).absolute() if chosen else root / EMBEDDED), chosen or EMBEDDED
    wrong, line, raw = None, 0, b""
    if path.is_dir():
        wrong = "this is a folder, and a list of names is due: one name a line, a to z"
    elif not path.exists():
        wrong = "there is no such file: give a list of names, one name a line, a to z"
    elif not path.is_file():
        wrong = "this is a device, not a file: give a list of names, one name a line, a to z"
    else:
        raw = re.sub(rb"(\r?\n)\r?\n\Z", rb"\1", path.read_bytes().removeprefix(codecs.BOM_UTF8))
        line, wrong = fault_in(raw)
    return Names(where, raw), [Problem(where, line, wrong)] if wrong else []


def fault_in(raw: bytes) -> tuple[int, str | None]:
    """The line of a list that is wrong, and why; (0, None) for a good list."""
    try:
        names = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        return not_utf8(raw, error, "list")
    faults = [(line, fault) for line, name in enumerate(names, 1) if (fault := fault_of(name))]
    if faults:
        (line, first), *others = faults
        more = "".join(f"; line {number}: {fault}" for number, fault in others[:2])
        rest = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
        return line, f"{first}{more}{rest}. {REPAIR}"
    if len(names) < 100:
        count = f"{len(names)} names" if names else "nothing"
        return 0, f"this list holds {count}: the pages need at least 100 names"
    return 0, None


def fault_of(name: str) -> str | None:
    """What is wrong with one line of a list."""
    shown = repr(name if len(name) <= SHOWN else f"{name[:SHOWN]}…")
    if stranger := re.search(r"[^a-z]", name):
        return f"{shown} holds {stranger[0]!r}: names are written with a to z only"
    if not name:
        return "this line is empty: one name a line"
    if len(name) > LONGEST:
        return f"{shown} has {len(name)} letters: a name has at most {LONGEST}"
    return None
