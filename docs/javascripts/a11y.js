// What the theme makes in the browser and leaves without a name or out of the keyboard's reach.
const SCROLLS = "div.arithmatex, .md-typeset__scrollwrap";

// A box that scrolls sideways is a stop of the Tab key, so that the arrow keys move it;
// one whose content fits is none. A group, not a region: a page may hold fifty of them.
const sizes = new ResizeObserver((entries) => {
  for (const { target: box } of entries) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", box.matches(".arithmatex") ? "Equation, scrolls sideways" : "Table, scrolls sideways");
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  }
});

function repair(part) {
  // A landmark of one button beside every block of code helps nobody to find anything.
  for (const nav of part.querySelectorAll("nav.md-code__nav")) nav.setAttribute("role", "none");
  for (const box of part.querySelectorAll(SCROLLS)) sizes.observe(box);
}

// The theme adds its boxes and buttons late, and changes the page without loading it anew.
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node instanceof Element && node.isConnected) repair(node.parentNode);
  }
}).observe(document.body, { childList: true, subtree: true });

repair(document);
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
