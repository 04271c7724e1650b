"""Run what a reader wrote where its page stands, and have the result judged.

A Setup is made of a page's exercises.json, its bundle, and runs the page's set-up once. check(name, code)
then runs the reader's code with copies of the tensors that it names, so nothing that one try
changes is there at the next. answer(text) is what the browser's worker calls.
"""

import json

import torch
import torch.nn.functional as F
from diagnosis import FILE, MISSING, judge

SEED, ZERO = 1, 1e-5  # of the random incoming gradients; what is less is zero
SETUPS = {}  # {address of a page: Setup}


def answer(text):
    """Prepare a page, and judge code if there is some: JSON in, JSON out.

    {"page": its address, "bundle": its exercises.json, "name": ..., "code": ...}
    """
    asked = json.loads(text)
    page = asked["page"]
    if page not in SETUPS:
        SETUPS[page] = Setup(json.loads(asked["bundle"]))
    return json.dumps(SETUPS[page].check(asked["name"], asked["code"]) if "name" in asked else {})


class Setup:
    """What stands ready on a page, {name: value}, and its exercises."""

    def __init__(self, bundle):
        self.bundle, self.exercises, ns = bundle, {}, {"torch": torch, "F": F}
        for name, value in bundle["values"].items():
            ns[name] = torch.tensor(value) if isinstance(value, list) else value
        exec(bundle["setup"], ns)
        ns["loss"].backward(retain_graph=True)
        self.live = ns
        self.ready = {name: copied(ns[name]) for name in ns}

    def check(self, name, code, own=()):
        """Judge the reader's code; returns what diagnosis.judge returns.

        `own` is what else the code finds, {name: value}: of a notebook, what its cells made.
        """
        if name not in self.exercises:
            self.exercises[name] = Exercise(self, name)
        return self.exercises[name].check(code, own)

    def pushed(self, step):
        """Every gradient if this step's entries, times random numbers, were added to the loss."""
        live, g = self.live, torch.Generator().manual_seed(SEED)
        for name in live:
            if has_grad(live[name]):
                live[name].grad = None
        weights = torch.randn(live[step].shape, generator=g)
        (live["loss"] + (live[step] * weights).sum()).backward(retain_graph=True)
        return {name: live[name].grad.clone() for name in live if has_grad(live[name])}


class Exercise:
    """One exercise: a gradient, and the forward lines that use its tensor."""

    def __init__(self, setup, name):
        own = setup.bundle["exercises"][name]
        self.setup, self.name, self.x, self.uses = setup, name, name[1:], own["uses"]
        ns = dict(setup.ready)
        exec(own["before"], ns)
        self.given = {k: copied(ns[k]) for k in ns if k != name}
        # The gradient that is to be found is not there to be taken.
        self.due, self.given[self.x].grad = self.given[self.x].grad, None
        # Does the line take the gradients of what the tensor goes into, as a step does?
        users = ["d" + user for user, _ in self.uses if user != "loss"]
        self.step = bool(users) and all(user in self.given for user in users)
        grads = {user: setup.ready[user].grad for user, _ in self.uses}
        self.parts = self.through(grads) if self.step and len(self.uses) > 1 else {}
        self.random = None

    def check(self, code, own=()):
        ns = self.namespace(code, own)
        start = {k: ns[k]._version for k in ns if hasattr(ns[k], "_version")}
        given = dict(ns)
        ours = attempt(self.name, code, ns)
        again = (lambda: self.again(code, own)) if self.step else None
        named = {k: ns[k] for k in ns if k != self.name and not isinstance(ns[k], int)}
        named.update(self.given)  # as it was: the reader's code may change it
        verdict = judge(self.name, ours, self.due, named, self.parts, again, code)
        changed = [k for k in sorted(start) if given[k]._version != start[k]]
        if changed and verdict["kind"] == "right":
            verdict["text"] += f" But it changes `{changed[0]}` in place: clone() makes a copy."
        return verdict

    def namespace(self, code, own):
        """What the reader's code finds: copies of all that it names."""
        ns = dict(own)
        ns.pop(self.name, None)
        ns.update({k: copied(self.given[k]) if k in code else self.given[k] for k in self.given})
        return ns

    def through(self, grads):
        """The gradient that comes through each forward line: {user: part}."""
        parts = {}
        for user, line in self.uses:
            ns = dict(self.given)
            leaf = ns[self.x] = ns[self.x].clone().requires_grad_()
            exec(line, ns)
            ns[user].backward(grads[user])
            parts[user] = leaf.grad
        return parts

    def again(self, code, own):
        """The reader's result, the true one and its parts, for random incoming gradients."""
        if self.random is None:
            self.random = self.elsewhere()
        grads, parts = self.random
        ns = self.namespace(code, own)
        for name in grads:
            if "d" + name in ns:
                ns["d" + name] = grads[name].clone()
        ns["print"] = lambda *args, **options: None  # it was printed once
        return attempt(self.name, code, ns), grads[self.x], parts

    def elsewhere(self):
        """Gradients of another loss, where neither this one nor a part of it is zero."""
        for step in reversed(self.setup.bundle["steps"]):
            if step == "loss" or not has_grad(self.setup.live[step]):
                continue
            grads = self.setup.pushed(step)
            parts = self.through(grads)
            sizes = [part.abs().max().item() for part in parts.values()]
            if min(sizes + [grads[self.x].abs().max().item()]) > ZERO:
                break
        return grads, parts


def attempt(name, code, ns):
    """Run the reader's code; return what it leaves under the name, or what it raised."""
    try:
        exec(compile(code, FILE, "exec"), ns)
    except (Exception, SystemExit) as error:  # whatever it is, the reader is told
        return error
    return ns.get(name, MISSING)


def has_grad(value):
    """Whether it is a tensor that keeps a gradient."""
    if not hasattr(value, "data_ptr"):
        return False
    keeps = value.is_leaf or getattr(value, "retains_grad", True)  # or torch warns
    return keeps and value.grad is not None


def copied(value):
    """A tensor as a copy, which remembers its gradient and nothing else; the rest as it is."""
    if not hasattr(value, "data_ptr"):
        return value
    copy = value.detach().clone()
    if has_grad(value):
        copy.grad = value.grad.clone()
    return copy
