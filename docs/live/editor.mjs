// The exercises of a page. Each gets an editor; one worker runs what readers write in them.
// Nothing of Python is fetched before a reader shows interest, and no page depends on it.

const PATIENCE = 5000; // milliseconds that a reader's code may run
const SOON = 300; // after which a reader is told that something is going on

// ---- the worker: started when it is first wanted, and anew when it was stopped

let python;

function start() {
  if (python) return python;
  const mine = { waiting: new Map() };
  mine.worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
  mine.ready = new Promise((ready, failed) => {
    const lost = (why) => {
      failed(new Error(why));
      end(mine, why);
    };
    mine.worker.onerror = (event) => {
      event.preventDefault();
      lost(event.message || "its files did not come");
    };
    mine.worker.onmessage = ({ data }) => {
      if (data.lost) lost(data.lost);
      else if (data.ready) ready();
      else mine.waiting.get(data.id)?.done(data);
    };
  });
  mine.ready.catch(() => {}); // whoever waits for it is told
  python = mine;
  return mine;
}

function end(mine, why) {
  mine.worker.terminate();
  if (python === mine) python = undefined;
  for (const { failed } of mine.waiting.values()) failed(new Error(why));
  mine.waiting.clear();
}

let asked = 0;

// Sends a message to the worker; gives its answer. The clock runs from when Python is there.
async function ask(message) {
  const mine = start();
  await mine.ready;
  const id = ++asked;
  let clock;
  try {
    return await new Promise((done, failed) => {
      mine.waiting.set(id, { done, failed });
      clock = setTimeout(() => stop(`No answer after ${PATIENCE / 1000} seconds.`), PATIENCE);
      mine.worker.postMessage({ ...message, id });
    });
  } finally {
    clearTimeout(clock);
    mine.waiting.delete(id);
  }
}

class Stopped extends Error {}

// Ends what runs, and starts Python again for the next try.
function stop(why) {
  const mine = python;
  if (!mine) return;
  for (const { failed } of mine.waiting.values()) failed(new Stopped(why));
  end(mine, why);
  start();
}

// ---- a page's exercises.json, fetched once

const bundles = new Map();

function bundleOf(address) {
  if (!bundles.has(address)) {
    const bundle = fetch(address).then((reply) => {
      if (!reply.ok) throw new Error(`${reply.status} for ${reply.url}`);
      return reply.text();
    });
    bundle.catch(() => bundles.delete(address)); // the next try may do better
    bundles.set(address, bundle);
  }
  return bundles.get(address);
}

// ---- what an exercise looks like

function made(tag, properties, ...inside) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
}

// Text with `code` in it.
function rich(text) {
  const parts = text.split("`").map((part, k) => (k % 2 ? made("code", {}, part) : part));
  return made("p", {}, ...parts);
}

function mount(box) {
  const name = box.dataset.name;
  const fold = box.nextElementSibling; // the page's own lines
  const address = new URL("exercises.json", document.baseURI).href;
  const key = `exercise ${location.pathname} ${name}`;
  const empty = `${name} = `;

  const editor = made("textarea", { value: kept(key) ?? empty, rows: 2, spellcheck: false });
  for (const attribute of ["autocomplete", "autocorrect", "autocapitalize"]) editor.setAttribute(attribute, "off");
  const button = (text, does) => made("button", { type: "button", onclick: does }, text);
  const check = button("Check", judge);
  const halt = button("Stop", () => stop("Stopped."));
  const hint = button("Hint", help);
  check.title = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘ Enter" : "Ctrl+Enter";
  const status = made("div", { role: "status", className: "told" });
  const hints = made("div", { className: "hints", ariaLive: "polite" });
  halt.hidden = true;
  box.append(
    made("label", {}, made("span", {}, "Your turn: write ", made("code", {}, name), "."), editor),
    made("div", { className: "keys" }, check, halt, hint, button("Reset", reset)),
    status,
    hints,
  );
  fit();

  const interest = () => bundleOf(address).then((bundle) => ask({ page: address, bundle })).catch(() => {});
  for (const sign of ["pointerenter", "pointerdown", "focusin"]) box.addEventListener(sign, interest, { once: true });
  editor.addEventListener("input", () => {
    keep(key, editor.value === empty ? null : editor.value);
    status.classList.add("old");
    fit();
  });
  editor.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    judge();
  });

  function fit() {
    editor.rows = Math.max(2, editor.value.split("\n").length);
  }

  function tell(state, ...inside) {
    box.dataset.state = state;
    status.classList.remove("old");
    status.replaceChildren(...inside);
  }

  async function judge() {
    if (check.ariaDisabled === "true") return;
    check.ariaDisabled = "true"; // and not disabled, which would take the focus away
    const late = setTimeout(() => {
      halt.hidden = false;
      tell("busy", rich(python?.waiting.size ? "Running …" : "Fetching Python, once …"));
    }, SOON);
    try {
      const bundle = await bundleOf(address);
      show(await ask({ page: address, bundle, name, code: editor.value }));
    } catch (error) {
      if (error instanceof Stopped) {
        tell("wrong", rich(`✗ ${error.message} Is there a loop that never ends? Python has been started again.`));
      } else {
        tell("wrong", rich(`Python could not be loaded (${error.message}). The page's own line is below; to try again, press Check.`));
        fold.open = true;
      }
    }
    clearTimeout(late);
    halt.hidden = true;
    check.ariaDisabled = null;
  }

  function show({ verdict, printed }) {
    const text = rich(`${verdict.mark} ${verdict.text}`);
    const lines = (verdict.lines ?? []).map((line) => line.replace(/^[ |]+/, "").replace(/ +/g, " "));
    const blocks = [lines.join("\n"), printed && `printed:\n${printed}`].filter(Boolean);
    tell(verdict.state, text, ...blocks.map((block) => made("pre", {}, block)));
    status.dataset.kind = verdict.kind;
    if (verdict.state === "right") fold.open = true;
  }

  // First the bundle's hints, then the page's own equation.
  async function help() {
    let texts;
    try {
      texts = JSON.parse(await bundleOf(address)).exercises[name].hints;
    } catch (error) {
      return tell("wrong", rich(`The hints could not be loaded (${error.message}).`));
    }
    const equation = fold.querySelector(`#eq-${name} .arithmatex`);
    const [text, link] = texts[hints.children.length] ?? [];
    if (text) {
      const next = rich(text);
      if (link) next.append(" ", made("a", { href: link }, "The rule card"));
      hints.append(next);
    } else {
      hints.append(made("div", { className: "arithmatex" }, ...equation.cloneNode(true).childNodes));
    }
    hint.disabled = hints.children.length > texts.length;
    if (hint.disabled) check.focus();
  }

  function reset() {
    editor.value = empty;
    keep(key, null);
    fit();
    delete box.dataset.state;
    status.replaceChildren();
    hints.replaceChildren();
    hint.disabled = fold.open = false;
    editor.focus();
  }
}

// What a reader wrote stays in the browser, where the browser lets it.
function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key, text) {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {} // full, or forbidden
}

// Only what is near: a browser looks at every field of a page when it opens, and lays it out.
const near = new IntersectionObserver((boxes) => {
  for (const { isIntersecting, target } of boxes) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    mount(target);
  }
}, { rootMargin: "100%" });

const mountAll = () => document.querySelectorAll(".exercise:empty").forEach((box) => near.observe(box));
if (globalThis.document$) document$.subscribe(mountAll); // the theme tells of every page it brings
else mountAll();
