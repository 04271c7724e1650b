// What the theme makes in the browser and leaves without a name or out of the keyboard's reach.
const SCROLLS = { "div.arithmatex": "Equation", ".lines": "Code", ".md-typeset__scrollwrap": "Table" };
const ANY = Object.keys(SCROLLS).join();
// Soon, even in a browser that is never idle.
const idle = (work) => window.requestIdleCallback?.(work, { timeout: 300 }) ?? setTimeout(work, 20);

// A box that scrolls sideways is a stop of the Tab key, so that the arrow keys move it;
// one whose content fits is none. A group, not a region: a page may hold fifty of them.
function reach(box) {
  if (box.scrollWidth > box.clientWidth) {
    const kind = Object.keys(SCROLLS).find((each) => box.matches(each));
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `${SCROLLS[kind]}, scrolls sideways`);
  } else {
    for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
}

// Measuring lays out what is far away: a few boxes at a time, when there is nothing else to do.
function reachAll(boxes) {
  boxes.splice(0, 4).forEach(reach);
  if (boxes.length) idle(() => reachAll(boxes));
}

const sizes = new ResizeObserver((entries) => entries.forEach((entry) => reach(entry.target)));

function repair(part) {
  const boxes = [...part.querySelectorAll(ANY)];
  for (const box of boxes) sizes.observe(box);
  idle(() => reachAll(boxes));
}

// The theme adds its boxes late, and changes the page without loading it anew.
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node instanceof Element && node.isConnected) repair(node.parentNode);
  }
}).observe(document.body, { childList: true, subtree: true });

// What opens has its size from now on; far away, no observer is told.
addEventListener("toggle", ({ target }) => target.open && repair(target), { capture: true });
addEventListener("change", ({ target }) => target.closest?.(".tabbed-set") && repair(target.parentNode), { capture: true });

// A link within the page. The theme would fetch the page anew for the first one, and close all
// that the reader has opened; so would the browser, because it tells the theme of its jumps.
addEventListener("click", (event) => {
  const link = event.target.closest?.(":is(.md-content, .md-sidebar--secondary) a[href*='#']");
  const inside = link?.host === location.host && link.pathname === location.pathname;
  const goal = inside && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!goal || link.closest("label") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  for (let fold = goal.closest("details"); fold; fold = fold.parentNode.closest("details")) fold.open = true;
  history.pushState(null, "", link.hash);
  document.querySelector(".reached")?.classList.remove("reached");
  goal.classList.add("reached");
  goal.scrollIntoView();
  // What comes near is laid out only now, and may be higher than it was taken for.
  setTimeout(() => goal.scrollIntoView(), 100);
  if (goal.tabIndex < 0) goal.tabIndex = -1; // so that the Tab key goes on from there
  goal.focus({ preventScroll: true });
}, { capture: true });

// Before that the styles may be missing, and what is narrow then fits in no column later.
addEventListener("load", () => repair(document));
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
