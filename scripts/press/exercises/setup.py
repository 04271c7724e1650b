"""The set-up of a page as exercises need it: what the record gives, and what runs again."""

from press.exercises.statements import Statement, joined, makes_tensor, statements
from press.reading.pages import Page
from press.reading.sections import Section

# Whoever checks an exercise brings a comparison of its own.
COMPARISON = "snippets/setup/compare.py"
# What these sections make is taken from the record: a browser has no names.
FROM_RECORD = ("snippets/setup/data.py", "snippets/setup/network.py:batch")
BACKWARD = "loss.backward()"  # whoever judges does it, and again with other gradients


class SetUp:
    """The first block of a page, without its comparison and without what its own snippet adds."""

    def __init__(self, page: Page, record: dict, without: tuple[str, ...] = ()):
        """without: further files whose sections are left out."""
        first = next(block for block in page.blocks if page.run_by(block))
        left_out = (COMPARISON, *without)
        self.sections = [s for s in page.run_by(first) if s.path not in left_out]
        recorded = [section for section in self.sections if from_record(section)]
        self.given = {name for one in statements(recorded) for name in one.sets}
        rest = [section for section in self.sections if section not in recorded]
        self.whole = [one for one in statements(rest) if one.sent]
        self.ready = [one for one in self.whole if one.code != BACKWARD]
        self.forward = [one for one in self.ready if makes_tensor(one, record)]
        self.steps = [one.target for one in self.forward]

    @property
    def code(self) -> str:
        """What runs again, forward only."""
        return joined(self.ready)

    def uses(self, tensor: str) -> list[Statement]:
        """The forward lines that read a tensor."""
        return [one for one in self.forward if tensor in one.reads]


def from_record(section: Section) -> bool:
    return section.path in FROM_RECORD or f"{section.path}:{section.name}" in FROM_RECORD


def told_to_judge(lines: list[Statement]) -> list[list[str]]:
    """Forward lines as the judge in docs/live takes them: [[the step, its line], ...]."""
    return [[one.target, one.code] for one in lines]
