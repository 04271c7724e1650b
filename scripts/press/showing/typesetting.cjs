// Typeset a batch of equations: JSON on standard input, JSON on standard output.
//   [{tex, display}] -> {results: [{html} | {error}], glyphs: {id: path}}
// Every glyph is a <use> of a path that the page holds once.
const fs = require("node:fs");
const MathJax = require("mathjax");

async function main() {
  await MathJax.init({
    loader: { load: ["input/tex", "output/svg", "a11y/assistive-mml"] },
    startup: { typeset: false },
    output: { font: "mathjax-newcm", linebreaks: { inline: false } },
    svg: { fontCache: "global" },
    tex: {
      // Without the first two an error is an error, not red text; without the
      // third no formula depends on another one.
      packages: { "[-]": ["noundefined", "noerrors", "newcommand"] },
      formatError: (jax, error) => { throw error; },
    },
  });
  const adaptor = MathJax.startup.adaptor;
  const results = [];
  for (const { tex, display } of JSON.parse(fs.readFileSync(0, "utf8"))) {
    try {
      const node = await MathJax.tex2svgPromise(tex, { display });
      results.push({ html: adaptor.outerHTML(node) });
    } catch (error) {
      results.push({ error: error.message });
    }
  }
  const glyphs = {};
  const table = MathJax.startup.output.fontCache.getCache();
  for (const path of adaptor.tags(table, "path")) {
    glyphs[adaptor.getAttribute(path, "id")] = adaptor.getAttribute(path, "d");
  }
  // exit() before the write is done would cut a long answer.
  process.stdout.write(JSON.stringify({ results, glyphs }), () => process.exit(0));
}

main().catch((error) => { console.error(error.message); process.exit(1); });
