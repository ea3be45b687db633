// Every control, link and region that a screen reader could not name.
() => {
  const named = (element) =>
    element.getAttribute("aria-label") || element.getAttribute("aria-labelledby") || element.textContent.trim() || element.labels?.length;
  const selector = "a, button, input, select, summary, [role=region], [role=img], nav, section";
  return [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility() && !named(element)).map((element) => element.outerHTML.slice(0, 120));
}
