// Run Python in MicroPython with ulab, as a browser would: what is to run comes on stdin as JSON.
//   {"files": {path: text}, "main": source}; what the source prints goes to stdout.
// With "times" in the JSON, the last line printed says how long each part took, in milliseconds.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const home = dirname(createRequire(import.meta.url).resolve(
  "@micropython/micropython-webassembly-pyscript/package.json"));
const { files, main, times } = JSON.parse(readFileSync(0, "utf8"));

const clock = [performance.now()];
const { loadMicroPython } = await import(join(home, "micropython.mjs"));
const python = await loadMicroPython({
  url: join(home, "micropython-ulab.wasm"),
  heapsize: 4 << 20,
  pystack: 64 << 10,
  linebuffer: true,
  stdout: (line) => console.log(line),
});
clock.push(performance.now());

for (const [path, text] of Object.entries(files)) {
  const folders = path.split("/").slice(1, -1);
  folders.forEach((_, k) => {
    const folder = "/" + folders.slice(0, k + 1).join("/");
    if (!python.FS.analyzePath(folder).exists) python.FS.mkdir(folder);
  });
  python.FS.writeFile(path, text);
}
for (const source of [].concat(main)) {
  python.runPython(source);
  clock.push(performance.now());
}
if (times) console.log(JSON.stringify(clock.slice(1).map((t, k) => t - clock[k])));
