// Two buttons: one copies a block of code, one the page's program, which it fetches.
// Both are hidden until this runs: without JavaScript the text and a link are there.
document$.subscribe(() => {
  for (const button of document.querySelectorAll("button.copy-program, button.copy-code")) button.hidden = !navigator.clipboard;
});

async function wanted(button) {
  if (button.matches(".copy-code")) return button.parentElement.querySelector("code").textContent;
  const reply = await fetch(button.dataset.program);
  if (!reply.ok) throw new Error(reply.statusText);
  return reply.text();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy-program, button.copy-code");
  if (!button) return;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(await wanted(button));
    button.textContent = "Copied";
  } catch {
    button.textContent = button.matches(".copy-code") ? "Not copied" : "Not copied: use the link";
  }
  setTimeout(() => (button.textContent = label), 2000);
});
