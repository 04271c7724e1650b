"""Run what a reader wrote where its page stands, and have the result judged.

A Lesson is made of a page's exercises.json, and runs the page's set-up once. check(name, code)
then runs the reader's code with copies of the tensors that it names, so nothing that one try
changes is there at the next. answer(text) is what the browser's worker calls.
"""

import json

import torch
import torch.nn.functional as F
from diagnosis import FILE, MISSING, judge

SEED = 1  # of the random incoming gradients
LESSONS = {}  # {address of a page: Lesson}


def answer(text):
    """Prepare a page, and judge code if there is some: JSON in, JSON out.

    {"page": its address, "lesson": its exercises.json, "name": ..., "code": ...}
    """
    asked = json.loads(text)
    page = asked["page"]
    if page not in LESSONS:
        LESSONS[page] = Lesson(json.loads(asked["lesson"]))
    return json.dumps(LESSONS[page].check(asked["name"], asked["code"]) if "name" in asked else {})


class Lesson:
    """What stands ready on a page, {name: value}, and its exercises."""

    def __init__(self, told):
        self.told, self.tasks = told["exercises"], {}
        ns = {"torch": torch, "F": F}
        for name, value in told["values"].items():
            ns[name] = torch.tensor(value) if isinstance(value, list) else value
        exec(told["setup"], ns)
        self.ready = {name: copied(ns[name]) for name in ns}

    def check(self, name, code):
        """Judge the reader's code; returns what diagnosis.judge returns."""
        if name not in self.tasks:
            self.tasks[name] = Task(name, self.told[name], self.ready)
        return self.tasks[name].check(code)


class Task:
    """One exercise: a gradient, and the forward lines that use its tensor."""

    def __init__(self, name, told, ready):
        self.name, self.uses = name, told["uses"]
        ns = dict(ready)
        exec(told["before"], ns)
        self.given = {k: copied(ns[k]) for k in ns if k != name}
        self.due, self.given[name[1:]].grad = self.given[name[1:]].grad, None
        # Can the line be tried alone: does it take the gradients of what the tensor goes into?
        self.users = [user for user, _ in self.uses if user != "loss"]
        alone = bool(self.users) and all("d" + user in self.given for user in self.users)
        self.parts = self.through({}) if alone and len(self.uses) > 1 else {}
        self.alone, self.random = alone, None

    def check(self, code):
        ns = self.namespace(code)
        start = {k: ns[k]._version for k in ns if hasattr(ns[k], "_version")}
        given = dict(ns)
        ours = attempt(self.name, code, ns)
        again = (lambda: self.again(code)) if self.alone else None
        verdict = judge(self.name, ours, self.due, self.given, self.parts, again, code)
        changed = [k for k in sorted(start) if given[k]._version != start[k]]
        if changed and verdict["kind"] == "right":
            verdict["text"] += f" But it changes `{changed[0]}` in place: clone() makes a copy."
        return verdict

    def namespace(self, code):
        """What the reader's code finds: copies of all that it names."""
        return {k: copied(self.given[k]) if k in code else self.given[k] for k in self.given}

    def through(self, incoming):
        """The gradient that comes through each forward line: {user: part}."""
        found = {}
        for user, line in self.uses:
            ns = dict(self.given)
            leaf = ns[self.name[1:]] = ns[self.name[1:]].clone().requires_grad_()
            exec(line, ns)
            ns[user].backward(incoming.get("d" + user, self.given[user].grad))
            found[user] = leaf.grad
        return found

    def again(self, code):
        """The reader's result, the true one and its parts, for random incoming gradients."""
        if self.random is None:
            g = torch.Generator().manual_seed(SEED)
            incoming = {"d" + u: torch.randn(self.given[u].shape, generator=g) for u in self.users}
            parts, due = self.through(incoming), self.due * 0
            for user in parts:
                due = due + parts[user]
            self.random = incoming, due, parts
        incoming, due, parts = self.random
        ns = self.namespace(code)
        ns.update({k: copied(incoming[k]) for k in incoming})
        ns["print"] = lambda *args, **options: None  # it was printed once
        return attempt(self.name, code, ns), due, parts


def attempt(name, code, ns):
    """Run the reader's code; return what it leaves under the name, or what it raised."""
    try:
        exec(compile(code, FILE, "exec"), ns)
    except Exception as error:  # noqa: BLE001 - whatever it is, the reader is told
        return error
    return ns.get(name, MISSING)


def copied(value):
    """A tensor as a copy, which remembers its gradient and nothing else; the rest as it is."""
    if not hasattr(value, "data_ptr"):
        return value
    copy = value.detach().clone()
    keeps = value.is_leaf or getattr(value, "retains_grad", True)  # or torch warns
    if keeps and value.grad is not None:
        copy.grad = value.grad.clone()
    return copy
