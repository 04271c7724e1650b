"""Make what MathJax drew smaller: fewer elements to place, shorter numbers to fetch."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

TRANSFORM = r"(?:translate\(([-\d.]+)(?:, ?([-\d.]+))?\))? ?(?:scale\(([\d.]+)\))?"
START = (0.0, 0.0, 1.0)  # x, y and scale where no group is around


def flat(text: str) -> str:
    """The drawing without groups: every glyph and bar with a place of its own.

    A browser has half as many elements to place, and a reader half as much to fetch.
    """
    opening, rest = re.match(r"(.*?<svg[^>]*>).*(</svg>.*)", text, re.S).groups()
    svg = LexborHTMLParser(text, is_fragment=True).css_first("svg")
    return opening + "".join(drawn(svg, START)) + rest


def drawn(group: LexborNode, place: tuple) -> Iterator[str]:
    """What stands in a group that is at `place`."""
    for each in group.iter():
        attributes = dict(each.attributes)
        here = moved(place, attributes)
        if each.tag == "g" and here and not attributes:
            yield from drawn(each, here)
        elif each.tag in ("g", "svg"):  # has more to say than where it is
            opening = each.html.partition(">")[0]
            kept = f"{opening}>{''.join(drawn(each, START))}</{each.tag}>"
            yield kept if place == START else f'<g transform="{placed(place)}">{kept}</g>'
        else:
            yield leaf(each.tag, attributes, here)


def moved(place: tuple, attributes: dict) -> tuple | None:
    """Where something is, for groups that are at `place`; takes the transform out of its attributes."""
    x, y, scale = place
    asked = re.fullmatch(TRANSFORM, attributes.get("transform", ""))
    if not asked:
        return None
    attributes.pop("transform", None)
    right, up, size = (
        float(number or default) for number, default in zip(asked.groups(), (0, 0, 1), strict=True)
    )
    return x + scale * right, y + scale * up, scale * size


def placed(place: tuple) -> str:
    x, y, scale = place
    return f"translate({x:.0f},{y:.0f})" + (f"scale({scale:.3g})" if scale != 1 else "")


def leaf(name: str, attributes: dict, place: tuple | None) -> str:
    """A glyph or a bar at its place, in whole thousandths of the letter m's width."""
    if not place:
        raise ValueError(f"MathJax drew a <{name}> with a transform that is not understood")
    x, y, scale = place
    if name == "rect":
        sizes = {key: float(attributes.get(key, 0)) for key in ("x", "y", "width", "height")}
        x, y = x + scale * sizes["x"], y + scale * sizes["y"]
        wide, high = scale * sizes["width"], scale * sizes["height"]
        return f'<rect x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" height="{high:.0f}"/>'
    if name == "use" and scale == 1:
        attributes |= {"x": f"{x:.0f}", "y": f"{y:.0f}"}
    elif place != START:
        attributes["transform"] = placed(place)
    written = "".join(f' {key}="{value}"' for key, value in attributes.items() if value != "0")
    return f"<{name}{written}/>"


def relative(outline: str) -> str:
    """A glyph's outline, each point told from where the pen is: shorter numbers in the same place.

    Lines, curves and moves in whole numbers, as MathJax writes them; another outline stays.
    """
    if not re.fullmatch(r"(?:[MLC][-\d ]+|Z)*", outline):
        return outline
    path, before = [], ""
    pen = start = (0, 0)
    for command, numbers in re.findall(r"([MLCZ])([^MLCZ]*)", outline):
        if command == "Z":
            pen, before = start, "Z"
            path.append("z")
            continue
        points = list(zip(*[map(int, re.findall(r"-?\d+", numbers))] * 2, strict=True))
        size = 3 if command == "C" else 1  # points of one curve
        for first in range(0, len(points), size):
            some = points[first : first + size]
            steps = [f"{x - pen[0]} {y - pen[1]}" for x, y in some]
            pen = some[-1]
            path.append((" " if command == before else command.lower()) + " ".join(steps))
            before = command if command != "M" else ""  # numbers alone after a move are a line
        if command == "M":
            start = points[0]
    return "".join(path).replace(" -", "-")
