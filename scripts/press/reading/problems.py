"""What is wrong, and where; and reading a text file, which may be wrong already."""

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file; line 0 where there is no line to point at."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


def say(text: str) -> None:
    """Progress and errors go to the terminal's error stream."""
    print(text, file=sys.stderr, flush=True)


def read_text(root: Path, path: str, problems: list[Problem]) -> str:
    """The text of a file of the project; "" and a problem if it cannot be read."""
    try:
        raw = (root / path).read_bytes()
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        problems.append(Problem(path, 0, f"this file cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        problems.append(Problem(path, *not_utf8(raw, error, "file")))
    return ""


def not_utf8(raw: bytes, error: UnicodeDecodeError, what: str) -> tuple[int, str]:
    """The line of the first byte that is not UTF-8, and a sentence about it."""
    line = raw.count(b"\n", 0, error.start) + 1
    return line, f"this is not UTF-8 (byte 0x{raw[error.start]:02x}): save the {what} as UTF-8"


def files_of(folder: Path, ending: str) -> list[str]:
    """The files below a folder, as "a/b.md"; what an editor hides there is no file of ours."""
    files = (path.relative_to(folder) for path in folder.rglob(f"*{ending}") if path.is_file())
    return sorted(
        path.as_posix() for path in files if not any(part.startswith(".") for part in path.parts)
    )
