"""The mark beside an equation: how far its sides are apart; it leads to the lines that ran."""

from press.reading.pages import Page
from press.records.judging import checks_of


def digits(difference: float) -> str:
    """A difference as it is shown: to one digit."""
    return f"{difference:.0e}" if difference else "0"


def mark(page: Page, name: str, record: dict) -> str:
    """The mark of the equation of this name; "" where no comparison stands for it."""
    largest = max((check["max_abs"] for check in checks_of(record, name)), default=None)
    if largest is None:
        return ""
    apart = digits(largest)
    said = f"equation {name}: executed, sides agree to {apart}; to the lines"
    return f'<a class="mark" href="#{page.anchor(name)}" aria-label="{said}">{apart}</a>'
