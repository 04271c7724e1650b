"""Run a reader's code on a copy of a network, and have what it leaves judged.

An exercise is a dict: the "name" of a gradient, as dprobs; "setup", code that makes what the
network is given; "forward", its steps as [name, code], the loss last; and maybe "before",
code to run before the reader's. The reader gets the gradients of the steps that follow.
"""

import json

import diagnosis
import torch
import torch.nn.functional as F

kept = {}  # networks, and the pushes of random_incoming


def answer(exercise, code):
    """check, for a page: JSON in, JSON out."""
    return json.dumps(check(json.loads(exercise), code))


def check(exercise, code):
    name, x = exercise["name"], exercise["name"][1:]
    made, grads = network(exercise)
    ns = given(exercise, made, grads)
    before = {k: (ns[k], ns[k]._version) for k in ns if isinstance(ns[k], torch.Tensor)}

    def again():
        made, grads, parts = random_incoming(exercise)
        there = given(exercise, made, grads)
        return run(exercise, code, there) or there.get(name), grads[x], parts

    ours = run(exercise, code, ns) or ns.get(name, diagnosis.MISSING)
    named = {k: ns[k] for k in ns if k != name and (k in made or not isinstance(ns[k], int))}
    parts = parts_of(exercise, made, grads)
    verdict = diagnosis.judge(name, ours, grads[x], named, parts, again, code)
    for k in sorted(before):
        if verdict["kind"] == "right" and before[k][0]._version != before[k][1]:
            verdict["text"] += f" But your code changes `{k}` in place: .clone() makes a copy."
    return verdict


def run(exercise, code, ns):
    exec(exercise.get("before", ""), ns)
    try:
        exec(compile(code, diagnosis.FILE, "exec"), ns)
    except BaseException as error:
        return error


def copy(t):
    own = isinstance(t, torch.Tensor)
    return t.detach().clone().requires_grad_(t.requires_grad) if own else t


def network(exercise, push=None):
    """All names and all gradients; a push adds the entries of a step to the loss, at random."""
    key = exercise["setup"], str(exercise["forward"]), push
    if key not in kept:
        ns, steps = {"torch": torch, "F": F}, exercise["forward"]
        if push:
            made = network(exercise)[0]
            ns = {k: copy(made[k]) for k in made}
        else:
            exec(exercise["setup"], ns)
        for step, code in steps:
            exec(code, ns)
            ns[step].retain_grad()
        loss = ns[steps[-1][0]]
        if push:
            weights = torch.randn(ns[push].shape, generator=torch.Generator().manual_seed(1))
            loss = loss + (ns[push] * weights.to(loss.dtype)).sum()
        loss.backward()
        grads = {k: ns[k].grad for k in ns if isinstance(ns[k], torch.Tensor)}
        for step, _ in steps:
            ns[step] = ns[step].detach()
        kept[key] = ns, grads
    return kept[key]


def users(exercise):
    """The steps that read the tensor whose gradient is asked for."""
    found, x = [], exercise["name"][1:]
    for step, code in exercise["forward"]:
        words = code
        for sign in "()[]*+-/@.,":
            words = words.replace(sign, " ")
        if x in words.split() and step != x:
            found.append((step, code))
    return found


def given(exercise, made, grads):
    ns, steps = {k: copy(made[k]) for k in made}, [step for step, _ in exercise["forward"]]
    for step in steps[steps.index(users(exercise)[0][0]) : -1]:
        ns["d" + step] = grads[step].clone()
    return ns


def parts_of(exercise, made, grads):
    """If several steps read a tensor: what each sends to its gradient."""
    x, parts, several = exercise["name"][1:], {}, users(exercise)
    for step, code in several if len(several) > 1 else ():
        alone = dict(made)
        alone[x] = made[x].clone().requires_grad_()
        exec(code, alone)
        alone[step].backward(grads[step])
        parts[step] = alone[x].grad
    return parts


def random_incoming(exercise):
    """Pushed at the last step that leaves nothing at zero."""
    name = exercise["name"]
    for step, _ in [(kept[name], 0)] if name in kept else exercise["forward"][-2::-1]:
        made, grads = network(exercise, step)
        parts = parts_of(exercise, made, grads)
        if min([t.abs().max().item() for t in [grads[name[1:]]] + list(parts.values())]) > 1e-5:
            kept[name] = step
            break
    return made, grads, parts
