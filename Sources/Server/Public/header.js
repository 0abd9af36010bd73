// The line on top: session, which requests, state, rate, search, help, theme; and the navigation and notices, which belong to
// the frame.

import { h, icon, setAttr, setChildren, setText } from "./dom.js";
import { FRESH, currentSession, isGrowing } from "./store.js";
import { duration, count, rate } from "./format.js";
import { isLight, toggleTheme } from "./theme.js";
import { clock } from "./time.js";

/** @typedef {import("./main.js").Context} Context */

const BRAND = "M2 4.500h7M4 8h9M7 11.500h5";
const MOON = "M13 9.500A5.500 5.500 0 1 1 6.500 3a4.500 4.500 0 0 0 6.500 6.500z";

/** @param {string} name */
const brief = (name) => (name.length > 64 ? `${name.slice(0, 63)}…` : name);

/**
 * The models or variants to choose one of: there only where requests have more than one, or one is asked for.
 * @param {Context} context
 * @param {"model" | "variant"} dimension
 */
function createFilter(context, dimension) {
  const all = `All ${dimension}s`;
  const select = h("select", { "aria-label": `Requests of which ${dimension}`, class: "filter", onchange: () => context.open({ [dimension]: select.value }) });
  let listed = "";
  return {
    element: select,
    /** @param {import("./types.js").State} state */
    update(state) {
      const wanted = state[dimension];
      const values = state.envelope?.values[dimension] ?? [];
      select.hidden = values.length < 2 && !wanted;
      // what a link asks for stays there to be seen and undone, even where no request has it
      const names = values.some((v) => v.value === wanted) || !wanted ? values.map((v) => v.value) : [...values.map((v) => v.value), wanted];
      const key = JSON.stringify(names);
      if (key !== listed) {
        listed = key;
        select.replaceChildren(h("option", { value: "" }, all), ...names.map((name) => h("option", { value: name, title: name }, brief(name))));
      }
      if (select.value !== wanted) select.value = wanted;
      const requests = values.find((v) => v.value === wanted)?.requests ?? 0;
      setAttr(select, "title", wanted ? `${wanted}: ${requests.toLocaleString("en-US")} requests so far` : `requests of every ${dimension}`);
      select.classList.toggle("on", wanted !== "");
    },
  };
}

/** @param {Context} context @param {() => void} help */
export function createHeader(context, help) {
  const { store } = context;
  const session = h("select", { "aria-label": "Session", onchange: () => context.open({ ...FRESH, session: session.value }) });
  const filters = [createFilter(context, "model"), createFilter(context, "variant")];
  const badge = h("span", { class: "badge" });
  const now = h("span", { class: "now muted" });
  const search = h("input", { type: "search", placeholder: "Search   /", "aria-label": "Search spans and requests", oninput: () => store.set({ query: search.value }),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter") context.searchNext(event.shiftKey ? -1 : 1);
      else if (event.key === "Escape") {
        store.set({ query: "" });
        search.blur();
      }
    } });
  const element = [h("span", { class: "brand" }, icon(BRAND), h("span", null, "Spanreel")), session, ...filters.map((filter) => filter.element), badge, now, h("span", { class: "spacer" }), search,
    h("button", { class: "square help", type: "button", title: "Keys (?)", "aria-label": "Keys", onclick: help }, "?"),
    h("button", { class: "square", type: "button", title: "Dark or light", "aria-label": "Switch between dark and light", onclick: () => {
      toggleTheme();
      context.announce(isLight() ? "light" : "dark");
    } }, icon(MOON))];
  let listed = "";

  /** @param {import("./types.js").State} state */
  function update(state) {
    const sessions = state.sessions ?? [];
    const current = currentSession(state);
    const key = sessions.map((s) => s.id + s.name + s.state).join();
    if (key !== listed) {
      listed = key;
      session.replaceChildren(...sessions.map((s) => h("option", { value: s.id, title: s.name }, brief(s.name))));
    }
    session.hidden = sessions.length === 0;
    if (current && session.value !== current.id) session.value = current.id;
    setAttr(session, "title", current?.name);
    for (const filter of filters) filter.update(state);
    const replay = state.at !== "live";
    const growing = isGrowing(state);
    const lost = state.connection === "lost";
    const text = lost ? "OFFLINE" : !current ? "" : replay ? `REPLAY ${clock(/** @type {number} */ (state.at))}` : growing ? "LIVE" : current.state === "crashed" ? "CRASHED" : "SAVED";
    setText(badge, text);
    badge.hidden = !text;
    badge.className = `badge ${lost ? "crashed" : replay ? "replay" : text.toLowerCase()}`;
    const overview = state.views.overview;
    setText(now, overview ? rate(overview.tokensPerSecond).text : "");
    now.title = "tokens per second of the whole system, in the window";
    if (document.activeElement !== search && search.value !== state.query) search.value = state.query;
    document.title = overview && current ? `${rate(overview.tokensPerSecond).text} · ${current.name.slice(0, 40)} · Spanreel` : "Spanreel";
  }
  return { element, update, focusSearch: () => search.focus() };
}

/**
 * @param {Context} context
 * @param {{name: string, label: string, path: string}[]} views
 */
export function createNav(context, views) {
  const links = views.map((view) => h("a", { href: `#view=${view.name}`, onclick: (/** @type {Event} */ event) => {
    event.preventDefault();
    context.open({ view: view.name, focus: null });
  } }, icon(view.path), view.label));
  return {
    element: links,
    /** @param {import("./types.js").State} state */
    update(state) {
      views.forEach((view, i) => {
        const here = view.name === state.view;
        if (here && links[i].getAttribute("aria-current") !== "page" && links[i].parentElement) {
          const nav = links[i].parentElement;
          if (nav.scrollWidth > nav.clientWidth) nav.scrollLeft = links[i].offsetLeft - nav.clientWidth / 2 + 33;
        }
        setAttr(links[i], "aria-current", here ? "page" : null);
      });
    },
  };
}

/** @param {HTMLElement} host @param {() => void} retry */
export function createNotices(host, retry) {
  const texts = h("span");
  const lost = h("div", { class: "notice error" }, texts, h("button", { type: "button", onclick: retry }, "Try now"));
  /** @type {Map<string, HTMLElement>} */
  const kept = new Map();
  /** @param {string} key @param {string} text @param {string} kind */
  function notice(key, text, kind) {
    const node = kept.get(key) ?? h("div", { class: kind });
    kept.set(key, node);
    setText(node, text);
    return node;
  }
  return {
    /** @param {import("./types.js").State} state */
    update(state) {
      const nodes = [];
      document.body.classList.toggle("lost", state.connection === "lost");
      if (state.connection === "lost") {
        const seconds = Math.max(0, Math.ceil((state.retryAtMs - Date.now()) / 1000));
        setText(texts, `Connection lost. What you see is as of ${clock(state.envelope?.atNanos ?? 0)}; trying again in ${seconds} s.`);
        nodes.push(lost);
      }
      const overview = state.views.overview;
      for (const silent of overview?.silent ?? []) nodes.push(notice(`silent ${silent.device}`, `${silent.device} silent for ${duration(silent.silentNanos).text}: its last numbers stand, the others go on.`, "notice"));
      if (overview?.dropped > 0) nodes.push(notice("dropped", `${count(overview.dropped).text} events were dropped, so counts are too low. Processes says where and why.`, "notice"));
      if (state.problem) nodes.push(notice("problem", state.problem, "notice error"));
      setChildren(host, nodes);
    },
  };
}
