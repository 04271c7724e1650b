"""Draw the computational graph of the forward pass, from the forward pass itself.

Every section of snippets/setup/network.py that assigns one name is a node; the
names it reads are its inputs. The drawing takes its colours from the theme, and
each node is a link to the derivation of its gradient, or to its line of code.
"""

import ast
import html
import posixpath

from press.reading.pages import Page
from press.reading.sections import Section

STEP, TALL, WIDE, LEFT = 46, 30, 124, 70  # pixels: from row to row, a node's sides, its place
SMALL, GAP = 62, 16  # how wide is what a step is given, and how far from the step

HEAD = (  # of an arrow
    '<marker id="head" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6" '
    'orient="auto"><path d="M0 0L6 3L0 6z"/></marker>'
)


def nodes_of(sections: list[Section]) -> dict[str, list[str]]:
    """Each step of the forward pass with the names it reads, in order."""
    nodes = {}
    for section in sections:
        body = ast.parse(section.code).body
        if len(body) == 1 and isinstance(body[0], ast.Assign):
            target = body[0].targets[0]
            if isinstance(target, ast.Name) and target.id == section.name:
                read = [node for node in ast.walk(body[0].value) if isinstance(node, ast.Name)]
                read.sort(key=lambda node: node.col_offset)  # as they stand in the line
                nodes[section.name] = list(dict.fromkeys(node.id for node in read))
    return nodes


def targets(pages: list[Page], here: Page) -> dict[str, str]:
    """Where a gradient is derived: {"logits": "../cross_entropy/#dlogits"}."""
    links = {}
    for page in pages:
        folder = page.folder
        for equation in page.equations:
            if equation.name.startswith("d"):
                address = posixpath.relpath(folder or ".", here.folder or ".") + "/"
                links.setdefault(equation.name[1:], f"{address}#{equation.name}")
    return links


def sources(sections: list[Section]) -> dict[str, str]:
    """The section that makes each variable of the set-up."""
    made = {}
    for section in sections:
        for line in ast.walk(ast.parse(section.code)):
            for target in line.targets if isinstance(line, ast.Assign) else []:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        made.setdefault(name.id, section.name)
    return made


def draw(page: Page, pages: list[Page], values: dict) -> str:
    """The graph as inline SVG: a column of steps, what they are given at their side."""
    nodes, made = nodes_of(page.program), sources(page.program)
    rows = {name: k for k, name in enumerate(nodes)}
    links = targets(pages, page)
    uses = {name: sum(name in read for read in nodes.values()) for name in nodes}
    edges, boxes = [], []
    for name, read in nodes.items():
        row = rows[name]
        kind = "step twice" if uses[name] > 1 else "step"
        boxes.append(node(name, links.get(name, f"#{page.anchor(name)}"), LEFT, row, WIDE, kind))
        edges += [edge(rows[source], row) for source in read if source in rows]
        given = [source for source in read if source not in rows and f"{source}.shape" in values]
        for place, source in enumerate(given):
            left = LEFT + WIDE + GAP + place * (SMALL + 6)
            address = links.get(source, f"#{page.anchor(made[source])}")
            boxes.append(node(source, address, left, row, SMALL, "given"))
        if given:  # from the outermost, behind the others
            edges.append(arrow(f"M{left} {middle(row)}H{LEFT + WIDE + 3}"))
    tall, wide = len(nodes) * STEP + 12, LEFT + WIDE + GAP + 2 * (SMALL + 6)
    title = f"The forward pass as a graph: {len(nodes)} steps, from {next(iter(nodes))} to loss"
    return (
        f'<svg class="graph" role="group" aria-label="{title}" viewBox="0 0 {wide} {tall}" '
        f'width="{wide}" height="{tall}">{HEAD}{"".join(edges)}{"".join(boxes)}</svg>'
    )


def middle(row: int) -> int:
    return row * STEP + TALL // 2 + 6


def node(name: str, address: str, left: int, row: int, wide: int, kind: str) -> str:
    """A box with a name, which is a link; xlink:href, or instant navigation stumbles over it."""
    top, label = middle(row) - TALL // 2, html.escape(name)
    return (
        f'<a class="{kind}" xlink:href="{address}" aria-label="{label}">'
        f'<rect x="{left}" y="{top}" width="{wide}" height="{TALL}" rx="5"/>'
        f'<text x="{left + wide // 2}" y="{middle(row)}">{label}</text></a>'
    )


def edge(source: int, target: int) -> str:
    """An arrow down to the next row, or an arc at the left past the rows between."""
    if target == source + 1:
        x = LEFT + WIDE // 2
        return arrow(f"M{x} {middle(source) + TALL // 2}V{middle(target) - TALL // 2 - 3}")
    reach = LEFT - 14 - 10 * min(target - source, 5)
    start, end = middle(source) + 7, middle(target) - 7  # one leaves below where another arrives
    return arrow(f"M{LEFT} {start}C{reach} {start} {reach} {end} {LEFT - 3} {end}")


def arrow(path: str) -> str:
    return f'<path class="edge" marker-end="url(#head)" d="{path}"/>'
