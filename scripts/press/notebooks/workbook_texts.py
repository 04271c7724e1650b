"""The words and the cells of the workbook that no page holds."""

NAME, SOLVED = "workbook", "solved"
# The gradients in the order of the way back, each with the rules of the card that lead to it.
RULES = {
    "dlogprobs": ["one of each row"],
    "dprobs": ["logarithm"],
    "dcounts_sum_inv": ["times a column"],
    "dcounts_sum": ["power"],
    "dcounts": ["used twice", "product", "sums of rows"],
    "dnorm_logits": ["exponential"],
    "dlogit_maxes": ["minus a column"],
    "dlogits": ["used twice", "largest of rows"],
    "dh": ["matrix, left"],
    "dW2": ["matrix, right"],
    "db2": ["bias"],
    "dhpreact": ["tanh"],
    "dbngain": ["times a row"],
    "dbnbias": ["bias"],
    "dbnraw": ["product"],
    "dbnvar_inv": ["times a row"],
    "dbnvar": ["power"],
    "dbndiff2": ["means of columns"],
    "dbndiff": ["used twice", "product", "power"],
    "dbnmeani": ["minus a row"],
    "dhprebn": ["used twice", "means of columns"],
    "dembcat": ["matrix, left"],
    "dW1": ["matrix, right"],
    "db1": ["bias"],
    "demb": ["another shape"],
    "dC": ["rows of a table"],
}
IN_ONE_STEP = {  # gradient: page, section, what the exercise is
    "dlogits": (
        "fused_cross_entropy",
        "dlogits",
        "Eight lines lie between `loss` and `logits`. Derive the gradient of all of them at once, "
        "and write `dlogits` from `logits`, `Yb` and `n` alone.",
    ),
    "dhprebn": (
        "fused_batchnorm",
        "dhprebn_fused",
        "Batch norm is nine lines backward. Write `dhprebn` in one expression, from `dhpreact`, "
        "`bnraw`, `bnvar_inv`, `bngain` and `n` alone.",
    ),
}
SEVEN = ["dC", "dW1", "db1", "dW2", "db2", "dbngain", "dbnbias"]

INTRO = """\
# {title}

The four exercises of the lecture: {count} gradients line by line, cross-entropy and batch norm in
one step each, and a network trained by your own gradients. {how} The cells below go on from
autograd's gradient, whatever you wrote, so a mistake spoils nothing.

It needs torch: `%pip install torch`, where it is not there."""
HOW = {
    NAME: "Put code in the place of `None`, run the cell, and then the one below it, which says "
    "what your gradient is worth. A hint unfolds when you click it.",
    SOLVED: "This is the workbook filled in, and executed when the site was built: look here "
    "when you are stuck.",
}
JUDGE = '''\
# The judge: the same that judges the exercises on the pages. Run it; you need not read it.
import json
import re
import sys
import types

{modules}

for name, source in dict(diagnosis=DIAGNOSIS, exercise_run=EXERCISE_RUN).items():
    sys.modules[name] = types.ModuleType(name)
    exec(source, vars(sys.modules[name]))

from diagnosis import judge
from exercise_run import Setup

bundle = json.loads(r"""{bundle}""")
bundle["values"] = {{name: globals()[name] for name in bundle["values"]}}
network = Setup(bundle)


def judged(name):
    """Say what a gradient is worth; the cells below go on from autograd's."""
    due = getattr(globals()[name[1:]], "grad")
    wrote = re.compile(rf"^[ \\t]*{{name}}\\b[^=\\n]*=[^=]", re.M)
    cells = [cell for cell in In if wrote.search(cell)]
    if not cells or re.fullmatch(rf"\\s*{{name}} = None *(#.*)?\\s*", cells[-1]):
        print(f"{{name}} is blank: write it above, run that cell, then this one.")
    else:
        own = dict(globals(), print=lambda *given, **options: None)  # it was printed once
        verdict = network.check(name, cells[-1], own)
        print(verdict["mark"], verdict["text"], *("\\n" + line for line in verdict.get("lines", [])))
    globals()[name] = due.clone()'''
WARM_UP = """\
## Exercise 4: train with your own gradients

Here is the forward pass in few lines. `kept` holds what the way back needs: `embcat`, `bnvar_inv`,
`bnraw`, `h` and `logits`."""
FOURTH = """\
Write `backward`, which returns the gradients of the seven parameters in their order. You have
derived every line of it. Take the two in one step, where they are shorter."""
BLANK = '''\
def backward(parameters, Xb, Yb, kept):
    """The gradients of C, W1, b1, W2, b2, bngain and bnbias, in this order."""
    C, W1, b1, W2, b2, bngain, bnbias = parameters
    embcat, bnvar_inv, bnraw, h, logits = kept
    n = len(Xb)
    dC = dW1 = db1 = dW2 = db2 = dbngain = dbnbias = None
    return dC, dW1, db1, dW2, db2, dbngain, dbnbias'''
LAST = '''\
def by_autograd(parameters, Xb, Yb, kept):
    return torch.autograd.grad(F.cross_entropy(kept[-1], Yb), parameters)


def judged_together():
    """Judge the seven; return what to train with: yours where all are right."""
    own = [p.detach().clone().requires_grad_() for p in parameters]
    kept = forward(own, Xb)[1]
    due, right = by_autograd(own, Xb, Yb, kept), True
    try:
        with torch.no_grad():
            ours = list(backward(own, Xb, Yb, kept))
    except Exception as error:
        ours = [error] * 7
    for name, mine, true in zip(bundle["seven"], ours, due):
        verdict = judge(name, mine, true)
        right = right and verdict["kind"] == "right"
        print(f"{name:7}", verdict["mark"], verdict["text"])
    return backward if right else by_autograd


chosen = judged_together()
trained = [p.detach().clone().requires_grad_() for p in draw_parameters(n_hidden, g)]
steps = 2_000
for step in range(steps):
    ix = torch.randint(0, len(Xtr), (n,), generator=g)
    kept = forward(trained, Xtr[ix])[1]
    with torch.set_grad_enabled(chosen is by_autograd):
        gradients = chosen(trained, Xtr[ix], Ytr[ix], kept)
    with torch.no_grad():
        for p, dp in zip(trained, gradients):
            p -= 0.1 * dp
    if step % 500 == 0 or step == steps - 1:
        loss_now = F.cross_entropy(forward(trained, Xtr)[1][-1], Ytr).item()
        print(f"step {step:5,}: loss on all training examples {loss_now:.4f}")
print("trained with", "autograd's gradients" if chosen is by_autograd else "your gradients")'''
