"""Figures: what a page's program saved as SVG, in a light and a dark variant."""

import posixpath
import re

from press.reading.pages import Page
from press.records.build import Build

FIGURE = re.compile(r"!\[(?P<alt>[^\]]+)\]\(build/(?P<file>[\w-]+\.svg)\)")
FINE = re.compile(r"(?<![\w.])-?\d+\.\d{3,}(?![\w.])")  # a hundredth of a point is not seen
INK = {"light": "#1d2426", "dark": "#dfe5e6"}  # text and axes, which the programs draw in black


def variants(svg: str) -> dict[str, str]:
    """The figure for each colour scheme."""
    plain = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    plain = FINE.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), plain)
    plain = re.sub(r"\s*\n\s*", " ", plain)
    # matplotlib leaves black out where SVG means it anyway: say it at the root.
    plain = plain.replace("<svg ", '<svg fill="#000000" ', 1)
    return {scheme: plain.replace("#000000", ink) for scheme, ink in INK.items()}


def size(svg: str) -> tuple[int, int]:
    """Width and height in CSS pixels."""
    numbers = re.search(r"<svg[^>]*>", svg)[0]
    width, height = (
        float(re.search(rf'{side}="([\d.]+)pt"', numbers)[1]) for side in ("width", "height")
    )
    return round(width * 96 / 72), round(height * 96 / 72)


def figure_paths(page: Page, file: str) -> dict[str, str]:
    """Where in the site the variants of a figure are published."""
    return {scheme: f"figures/{page.stem}-{file[:-4]}-{scheme}.svg" for scheme in INK}


def figure(build: Build, page: Page, line: int, asked: re.Match) -> str:
    """Both variants of a figure that this page's program saved, sized so that nothing shifts."""
    svg = build.record(page)["figures"].get(asked["file"])
    if svg is None:
        build.fail(
            page.path, f"{asked['file']}: the program of this page saves no such figure", line
        )
        return ""
    width, height = size(svg)
    sized = f"{{ width={width} height={height} loading=lazy }}"
    here = posixpath.dirname(page.path.removeprefix("docs/")) or "."
    return "\n".join(
        f"![{asked['alt']}]({posixpath.relpath(path, here)}#only-{scheme}){sized}"
        for scheme, path in figure_paths(page, asked["file"]).items()
    )
