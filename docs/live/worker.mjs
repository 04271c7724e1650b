// Python in a worker of its own: it can be ended whatever it does, and the page stays alive.
const MOST = 100; // lines that a reader's code may print
const at = (name) => new URL(name, import.meta.url).href;
let printed = [];

async function boot() {
  const [{ loadMicroPython }, reply] = await Promise.all([import(at("micropython.mjs")), fetch(at("python.json"))]);
  if (!reply.ok) throw new Error(`${reply.status} for ${reply.url}`);
  const python = await loadMicroPython({
    url: at("micropython-ulab.wasm"),
    heapsize: 4 << 20,
    pystack: 64 << 10,
    linebuffer: true,
    stdout: (line) => printed.length < MOST && printed.push(line),
  });
  for (const [path, text] of Object.entries(await reply.json())) {
    path.split("/").slice(0, -1).reduce((above, folder) => {
      const here = `${above}/${folder}`;
      if (!python.FS.analyzePath(here).exists) python.FS.mkdir(here);
      return here;
    }, "");
    python.FS.writeFile(`/${path}`, text);
  }
  python.runPython("import sys; sys.path.insert(0, '/'); import exercise_run");
  return python;
}

const booted = boot();
booted.then(
  () => postMessage({ ready: true }),
  (error) => postMessage({ lost: String(error.message ?? error) }),
);

// {id, page, bundle, name, code}; without a name, the page's set-up runs and nothing more.
onmessage = async ({ data: { id, ...asked } }) => {
  const python = await booted;
  printed = [];
  try {
    python.globals.set("asked", JSON.stringify(asked));
    python.runPython("verdict = exercise_run.answer(asked)"); // memory is freed between such calls
    postMessage({ id, verdict: JSON.parse(python.globals.get("verdict")), printed: printed.join("\n") });
  } catch (error) {
    postMessage({ lost: `Python ended: ${error.message ?? error}` });
  }
};
