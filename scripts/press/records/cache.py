"""What a build keeps for the next one, in files of build/: each with the key of all it depends on."""

import hashlib
import json
from pathlib import Path


def key_of(*parts: str | bytes | dict | list) -> str:
    """Changes when any of these changes."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        digest.update(f"{len(raw)}:".encode() + raw)
    return digest.hexdigest()


class Cache:
    """The kept results in a project's build/; a fresh one finds nothing, and keeps all the same."""

    def __init__(self, root: Path, fresh: bool = False):
        self.folder, self.fresh = root / "build", fresh

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def get(self, name: str, key: str):
        """What was kept as "pages/linear", say; None where there is nothing for this key."""
        try:
            kept = json.loads(self.path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # not there, or spoilt
            return None
        return kept.get("result") if kept.get("key") == key and not self.fresh else None

    def put(self, name: str, key: str, result) -> None:
        write(self.path(name), json.dumps({"key": key, "result": result}))


def write(path: Path, text: str) -> None:
    """Write a file whole: whoever reads it sees the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)
