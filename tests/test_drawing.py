"""What is made smaller is drawn as before."""

from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path  # comes with matplotlib
from hypothesis import given
from hypothesis import strategies as st
from press.showing.svg import relative
from test_random import many

POINT = st.tuples(*[st.integers(-2000, 2000)] * 2)
LINES = st.tuples(st.just("L"), st.lists(st.tuples(POINT), min_size=1, max_size=3))
CURVES = st.tuples(st.just("C"), st.lists(st.tuples(POINT, POINT, POINT), min_size=1, max_size=3))
SHAPE = st.tuples(POINT, st.lists(LINES | CURVES, min_size=1, max_size=6))


def written(shapes):
    """An outline as MathJax writes one, in absolute numbers."""
    text = ""
    for start, parts in shapes:
        text += "M" + numbers([start])
        for command, groups in parts:
            text += command + numbers([point for group in groups for point in group])
        text += "Z"
    return text


def numbers(points):
    return " ".join(f"{x} {y}" for x, y in points).replace(" -", "-")


def drawn(outline):
    pen = RecordingPen()
    parse_path(outline, pen)
    return pen.value


@many
@given(st.lists(SHAPE, min_size=1, max_size=4))
def test_an_outline_told_step_by_step_is_the_same_outline(shapes):
    outline = written(shapes)
    assert drawn(relative(outline)) == drawn(outline)


def test_an_outline_with_other_commands_stays_as_it_is():
    for outline in ("M0 0Q1 2 3 4Z", "M0.5 0L1 1Z", "m1 1l2 2z"):
        assert relative(outline) == outline
