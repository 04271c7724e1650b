"""The names, and the examples that a network learns from them."""

import os

import torch

if not os.path.exists("names.txt"):  # run in the repository: take its own list
    os.chdir(os.path.dirname(os.path.abspath(__file__)))

# --8<-- [start:fetch]
import hashlib
import urllib.request

HOME = "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt"
SHA256 = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"
HINT = "Put a file names.txt into this folder: one name a line, a to z only."


def fetch_names():
    """Bring the lecture's list of names from its public home."""
    try:
        names = urllib.request.urlopen(HOME, timeout=30).read()
    except OSError as error:
        raise SystemExit(f"names.txt cannot be fetched ({error}). {HINT}")
    if hashlib.sha256(names).hexdigest() != SHA256:
        raise SystemExit(f"{HOME} is not the list it was. {HINT}")
    with open("names.txt", "wb") as file:
        file.write(names)


# --8<-- [end:fetch]

# --8<-- [start:names]
import os
import random

if not os.path.exists("names.txt"):
    fetch_names()
with open("names.txt", encoding="utf-8") as file:
    words = file.read().splitlines()
random.seed(42)
random.shuffle(words)
# --8<-- [end:names]

# --8<-- [start:examples]
block_size = 3  # letters that the network sees before it guesses the next
stoi = {letter: k for k, letter in enumerate(".abcdefghijklmnopqrstuvwxyz")}
vocab_size = len(stoi)


def build_dataset(words):
    """Every context in the words, and the letter that follows it."""
    X, Y = [], []
    for word in words:
        context = [stoi["."]] * block_size
        for letter in word + ".":
            X.append(context)
            Y.append(stoi[letter])
            context = context[1:] + [stoi[letter]]
    # (examples, block_size), (examples,)
    return torch.tensor(X), torch.tensor(Y)


Xtr, Ytr = build_dataset(words[: int(0.8 * len(words))])
# --8<-- [end:examples]
