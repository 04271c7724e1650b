"""Judge what runs left: failures as problems, and the comparisons that stand for an equation."""

from press.reading.pages import Page
from press.reading.problems import Problem


def in_float64(record: dict) -> list[dict]:
    """The comparisons that decide."""
    return [check for check in record["checks"] if check["dtype"] == "float64"]


def gradients(record: dict) -> set[str]:
    """The names of the gradients that a page's float64 run compared."""
    return {check["name"] for check in in_float64(record) if check["kind"] == "gradient"}


def count(record: dict) -> str:
    """How much a page's float64 run compared, in words."""
    return f"{len(gradients(record))} gradients, {len(in_float64(record))} comparisons"


def failures(page: Page, results: dict) -> list[Problem]:
    """What went wrong in a page's two runs; what went wrong in both is said once."""
    by_place = {}
    for dtype in ("float64", "float32"):
        for failure in results[dtype]["failures"]:
            by_place.setdefault(
                (failure["section"], failure["line"], failure["name"]), failure | {"dtype": dtype}
            )
    problems = []
    for failure in by_place.values():
        line = f"{failure['path']}:{failure['line']}" if failure["path"] else ""
        section = f"section {failure['section']}" if failure["section"] else ""
        place = ", ".join(part for part in (line, section) if part)
        text = ": ".join(part for part in (place, failure["name"], failure["text"]) if part)
        problems.append(Problem(page.path, 0, f"{text} [{failure['dtype']}]"))
    return problems


def unchecked(page: Page, record: dict) -> list[Problem]:
    """Equations that no comparison of their section stands for."""
    problems = []
    for equation in page.equations:
        checks = checks_of(record, equation.name)
        if not checks:
            text = f"section {equation.name} holds no check and no cmp called {equation.name!r}: the equation is not executed"
        elif equation.sides not in {check["sides"] for check in checks}:
            text = f"equation {equation.name} has {equation.sides} sides, and its check {checks[0]['sides']}"
        else:
            continue
        problems.append(Problem(page.path, equation.line, text))
    return problems


def checks_of(record: dict, name: str) -> list[dict]:
    """The float64 comparisons that stand for the equation of this name."""
    return [check for check in in_float64(record) if check["name"] == check["section"] == name]
