// Keys that hold on every view. Letters go by their place on the keyboard where they move things, so that any layout works.

/**
 * @param {KeyboardEvent} event
 * @param {object} page
 * @param {import("./store.js").Store} page.store
 * @param {import("./main.js").Context} page.context
 * @param {ReturnType<import("./help.js").createHelp>} page.help
 * @param {string[]} page.viewNames
 * @param {ReturnType<import("./scrubber.js").createScrubber>["actions"]} page.actions
 * @param {() => void} page.focusSearch
 * @param {() => void} page.goTo
 * @param {(event: KeyboardEvent) => boolean} page.viewKey
 */
export function handleKey(event, page) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (page.help.isOpen()) {
    if (event.key === "Escape" || event.key === "?") page.help.close();
    return;
  }
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  // a focused button or row keeps its own Space and Enter
  if ((event.key === " " || event.key === "Enter") && /^(BUTTON|A|TR)$/.test(target.tagName)) return;
  if (common(event, page) || page.viewKey(event)) event.preventDefault();
}

/**
 * @param {KeyboardEvent} event
 * @param {Parameters<typeof handleKey>[1]} page
 */
function common(event, page) {
  const { actions, store } = page;
  switch (event.key) {
    case "?": page.help.toggle(); return true;
    case "/": page.focusSearch(); return true;
    case " ": actions.toggle(); return true;
    case "Home": actions.seek(0); return true;
    case "End": actions.end(); return true;
  }
  switch (event.code) {
    case "KeyJ": actions.faster(-1); return true;
    case "KeyK": actions.pause(); return true;
    case "KeyL": actions.faster(1); return true;
    case "KeyG": page.goTo(); return true;
    case "KeyT": {
      const formats = /** @type {const} */ (["relative", "local", "utc"]);
      const next = formats[(formats.indexOf(store.state.timeFormat) + 1) % formats.length];
      store.set({ timeFormat: next });
      page.context.announce(`${next} time`);
      return true;
    }
  }
  const digit = /^Digit([1-9])$/.exec(event.code);
  const name = digit && !event.shiftKey ? page.viewNames[Number(digit[1]) - 1] : undefined;
  if (!name) return false;
  page.context.open({ view: name, focus: null });
  return true;
}
