// Building and updating elements. Text goes through textContent alone, so nothing that a trace carries becomes markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. `class`, `data-*` and `aria-*` are attributes, `on*` are listeners, `title` etc. are attributes too.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) node.append(child);
  return node;
}

/**
 * A 16 x 16 line icon from path data.
 * @param {string} path
 */
export function icon(path) {
  const node = document.createElementNS(SVG, "svg");
  node.setAttribute("viewBox", "0 0 16 16");
  node.setAttribute("class", "icon");
  node.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  node.append(line);
  return node;
}

/**
 * Writes text only when it differs: keeps selections alive and layout quiet.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * @param {Element} node
 * @param {string} name
 * @param {string | null | undefined} value null removes it
 */
export function setAttr(node, name, value) {
  if (value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Replaces the children of a node only when the list differs.
 * @param {Element} node
 * @param {Node[]} children
 */
export function setChildren(node, children) {
  const same = node.childNodes.length === children.length && children.every((child, i) => node.childNodes[i] === child);
  if (!same) node.replaceChildren(...children);
}

/**
 * Runs at most once per frame, with the last arguments.
 * @template {any[]} A
 * @param {(...args: A) => void} work
 * @returns {(...args: A) => void}
 */
export function perFrame(work) {
  let pending = 0;
  /** @type {A} */
  let last;
  return (...args) => {
    last = args;
    if (pending) return;
    pending = requestAnimationFrame(() => {
      pending = 0;
      work(...last);
    });
  };
}
