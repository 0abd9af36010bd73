// Only wires: state, feed, frame, views, keys, URL. What a view shows and how is in its own file.

import { createCache, needs as cacheNeeds } from "./cache.js";
import { createDevices, needs as deviceNeeds } from "./devices.js";
import { createDiff, needs as diffNeeds } from "./diff.js";
import { createEmpty } from "./empty.js";
import { createHeader, createNav, createNotices } from "./header.js";
import { createHelp } from "./help.js";
import { createLayers, needs as layerNeeds } from "./layers.js";
import { createLinks, needs as linkNeeds } from "./links.js";
import { createMemory, needs as memoryNeeds } from "./memory.js";
import { createOverview, needs as overviewNeeds } from "./overview.js";
import { createProcesses, needs as processNeeds } from "./processes.js";
import { createRequests, needs as requestNeeds } from "./requests.js";
import { createScrubber } from "./scrubber.js";
import { createSessions, needs as sessionNeeds } from "./sessions.js";
import { createStore, endOf, initialState, instantOf } from "./store.js";
import { createWaterfall, needs as waterfallNeeds } from "./waterfall.js";
import { decode, encode, pushHash, writeHash } from "./url.js";
import { handleKey } from "./keys.js";
import { initTheme } from "./theme.js";
import { openGoTo } from "./goto.js";
import { setChildren, setText } from "./dom.js";
import { startFeed } from "./feed.js";

/**
 * What a view may use of the page.
 * @typedef {object} Context
 * @property {import("./store.js").Store} store
 * @property {string[]} viewNames
 * @property {(patch: Partial<import("./types.js").State>) => void} open like a link: leaves an entry to go back to
 * @property {(text: string) => void} announce to screen readers
 * @property {(by: number) => void} searchNext
 */

/** @typedef {{element: HTMLElement, update: (state: import("./types.js").State, changed: Set<string>) => void, key?: (event: KeyboardEvent) => boolean, search?: (by: number) => void}} View */

/** @type {{name: string, label: string, path: string, needs: string[], create: (context: Context) => View}[]} */
const VIEWS = [
  { name: "overview", label: "Overview", path: "M2.500 2.500h5v5h-5zM9.500 2.500h4v3h-4zM9.500 7.500h4v6h-4zM2.500 9.500h5v4h-5z", needs: overviewNeeds, create: createOverview },
  { name: "waterfall", label: "Waterfall", path: "M2 3.500h8M4 6.500h9M6 9.500h5M9 12.500h5", needs: waterfallNeeds, create: createWaterfall },
  { name: "requests", label: "Requests", path: "M2.500 4h11M2.500 8h11M2.500 12h11", needs: requestNeeds, create: createRequests },
  { name: "layers", label: "Layers", path: "M8 2.500l6 3-6 3-6-3zM2 8.500l6 3 6-3M2 11l6 3 6-3", needs: layerNeeds, create: createLayers },
  { name: "devices", label: "Devices", path: "M2.500 3h11v8h-11zM6 13.500h4", needs: deviceNeeds, create: createDevices },
  { name: "links", label: "Links", path: "M4 8h8M9.500 5.500L12 8l-2.500 2.500M2 4v8M14 4v8", needs: linkNeeds, create: createLinks },
  { name: "cache", label: "Cache", path: "M2.500 4.500h11v3h-11zM2.500 9.500h11v3h-11zM5 6h.1M5 11h.1", needs: cacheNeeds, create: createCache },
  { name: "memory", label: "Memory", path: "M3 5h10v7H3zM5 5V3M8 5V3M11 5V3", needs: memoryNeeds, create: createMemory },
  { name: "processes", label: "Processes", path: "M1.500 8h3l2-5 3 10 2-5h3", needs: processNeeds, create: createProcesses },
  { name: "sessions", label: "Sessions", path: "M2.500 3.500h4l1.500 2h5.500v7h-11z", needs: sessionNeeds, create: createSessions },
  { name: "diff", label: "Diff", path: "M4.500 3v8M2 8.500l2.500 2.500L7 8.500M11.500 13V5M9 7.500L11.500 5 14 7.500", needs: diffNeeds, create: createDiff },
];

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const viewNames = VIEWS.map((view) => view.name);

initTheme();
const store = createStore({ ...initialState(), ...decode(location.hash, viewNames) });
const feed = startFeed(store, (name) => VIEWS.find((view) => view.name === name)?.needs ?? []);

/** @type {Map<string, View>} */
const made = new Map();
/** @type {Context} */
const context = {
  store,
  viewNames,
  open(patch) {
    store.set(patch);
    pushHash(encode(store.state));
  },
  announce: (text) => setText(byId("announce"), text),
  searchNext: (by) => made.get(store.state.view)?.search?.(by),
};

const help = createHelp(byId("overlay"));
const header = createHeader(context, help.toggle);
const nav = createNav(context, VIEWS);
const notices = createNotices(byId("notices"), feed.retryNow);
const scrubber = createScrubber(store);
byId("header").append(...header.element);
byId("nav").append(...nav.element);
byId("scrubber").append(...scrubber.element);
const empty = createEmpty();

/** The view asked for, made at its first showing. */
function view() {
  const name = store.state.view;
  const known = made.get(name);
  if (known) return known;
  const spec = VIEWS.find((v) => v.name === name) ?? VIEWS[0];
  const fresh = spec.create(context);
  made.set(name, fresh);
  return fresh;
}

const everything = new Set(["at", "selection", "query", "range", "recent", "alerts", "timeFormat"]);
let shown = "";
/**
 * @param {import("./types.js").State} state
 * @param {Set<string>} changed
 */
function render(state, changed) {
  const none = state.sessions !== null && state.sessions.length === 0;
  header.update(state);
  nav.update(state);
  notices.update(state);
  scrubber.update();
  byId("scrubber").hidden = none;
  const host = byId("view");
  const key = none ? "none" : state.view;
  if (none) {
    host.className = "view";
    setChildren(host, [empty]);
  } else if (state.sessions !== null || state.connection === "lost") {
    const current = view();
    host.className = "view flush";
    setChildren(host, [current.element]);
    current.update(state, key === shown ? changed : new Set([...changed, ...everything]));
  }
  if (key !== shown) byId("main").scrollTop = 0;
  shown = key;
}

let urlTimer = 0;
store.subscribe((state, changed) => {
  render(state, changed);
  // a drag changes the state at every frame: the address follows when it rests
  window.clearTimeout(urlTimer);
  urlTimer = window.setTimeout(() => writeHash(encode(state)), 250);
});
window.addEventListener("hashchange", () => store.set({ ...decode(location.hash, viewNames), playing: false }));
window.setInterval(() => store.state.connection === "lost" && notices.update(store.state), 500);
document.addEventListener("keydown", (event) => handleKey(event, {
  store, context, help, viewNames, actions: scrubber.actions, focusSearch: header.focusSearch, goTo: () => openGoTo(byId("overlay"), { now: instantOf(store.state), end: endOf(store.state), go: scrubber.actions.seek }),
  viewKey: (e) => (shown === store.state.view && view().key?.(e)) || false,
}));
render(store.state, everything);
