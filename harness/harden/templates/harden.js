// Colours as the system has them, and buttons that copy a whole text.
if (matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.dataset.theme = "dark";

for (const button of document.querySelectorAll("button[data-copies]")) {
  const text = byId(button.dataset.copies);
  const words = button.textContent;
  button.addEventListener("click", async () => {
    const done = await copy(text.textContent, text);
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    say(done ? "Copied." : "The browser does not allow this page to copy. The text is selected: press Ctrl+C.");
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}
