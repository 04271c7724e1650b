"""The statements of sections: which names each sets and reads, and which of them are needed for what."""

import ast

from press.reading.sections import Section

COMPARES = {"cmp", "check", "print"}


class Statement:
    """One statement of a section: its code, the names that it sets, and those it reads."""

    def __init__(self, code: str, node: ast.stmt):
        self.node, self.code = node, ast.get_source_segment(code, node)
        self.sets, self.reads = set(), []
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                known = isinstance(part.ctx, ast.Load) and part.id not in self.reads
                self.reads += [part.id] if known else []
                self.sets |= set() if isinstance(part.ctx, ast.Load) else {part.id}
            elif isinstance(part, ast.FunctionDef):
                self.sets.add(part.name)
            elif isinstance(part, (ast.Subscript, ast.Attribute)) and not isinstance(
                part.ctx, ast.Load
            ):
                self.sets |= {n.id for n in ast.walk(part.value) if isinstance(n, ast.Name)}
        if isinstance(node, ast.AugAssign):
            self.reads += sorted(self.sets)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):  # x.fill_(0) sets x
            self.sets |= {n.id for n in ast.walk(node.value.func) if isinstance(n, ast.Name)}

    @property
    def target(self) -> str:
        """The name that it assigns."""
        return self.node.targets[0].id

    @property
    def compares(self) -> bool:
        """Whether it only compares or prints."""
        call = self.node.value if isinstance(self.node, ast.Expr) else None
        name = call.func.id if isinstance(call, ast.Call) and hasattr(call.func, "id") else ""
        return name in COMPARES or isinstance(self.node, ast.Assert)

    @property
    def sent(self) -> bool:
        return not self.compares and not isinstance(self.node, (ast.Import, ast.ImportFrom))


def statements(sections: list[Section]) -> list[Statement]:
    return [
        Statement(section.code, node)
        for section in sections
        for node in ast.parse(section.code).body
    ]


def needed(given: list[Statement], names: set[str]) -> list[Statement]:
    """Those statements that some names are computed by, and all that goes into these."""
    kept, wanted = [], set(names)
    for statement in reversed(given):
        if statement.sent and statement.sets & wanted:
            kept.append(statement)
            wanted |= set(statement.reads)
    return kept[::-1]


def joined(given: list[Statement]) -> str:
    return "".join(f"{statement.code}\n" for statement in given)


def makes_tensor(statement: Statement, record: dict) -> bool:
    """Whether a line of the set-up makes one tensor."""
    made = [f"{name}.shape" in record["values"] for name in statement.sets]
    return isinstance(statement.node, ast.Assign) and made == [True]
