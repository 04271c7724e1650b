// "Copy this page's program": fetch the published file and put it on the clipboard.
// The button is hidden until this runs: without JavaScript the link beside it does.
document$.subscribe(() => {
  for (const button of document.querySelectorAll("button.copy-program")) button.hidden = !navigator.clipboard;
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy-program");
  if (!button) return;
  const label = button.textContent;
  try {
    const reply = await fetch(button.dataset.program);
    if (!reply.ok) throw new Error(reply.statusText);
    await navigator.clipboard.writeText(await reply.text());
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not copied: use the link";
  }
  setTimeout(() => (button.textContent = label), 2000);
});
