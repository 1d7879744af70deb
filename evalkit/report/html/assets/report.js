"use strict";
/* Search, filter and timelines. All text goes in as text: nothing of a run is ever parsed as markup. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const rows = [...document.querySelectorAll("#session-table tbody tr")];
  const form = document.querySelector(".filters");
  const dialog = document.getElementById("story");
  const FIELDS = ["q", "scenario", "service", "fault", "answer", "outcome"];
  const SVG = "http://www.w3.org/2000/svg";

  /* small helpers */
  function el(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (key === "class") made.className = value;
      else made.setAttribute(key, value === true ? "" : String(value));
    }
    made.append(...children.filter((each) => each !== null && each !== undefined && each !== ""));
    return made;
  }
  function shape(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    return made;
  }
  function digits(value) {
    const size = Math.abs(value);
    if (size >= 99.95) return value.toFixed(0);
    return value.toFixed(size >= 9.995 ? 1 : 2);
  }
  function took(ns) {
    if (!ns) return "0 s";
    for (const [size, unit] of [[3600e9, "h"], [60e9, "min"], [1e9, "s"], [1e6, "ms"], [1e3, "µs"]])
      if (ns >= (size >= 60e9 ? 2 * size : size)) return `${digits(ns / size)} ${unit}`;
    return `${ns} ns`;
  }
  function laidOut(text) {
    if (!/^[{[]/.test(text)) return text;
    try { return JSON.stringify(JSON.parse(text), null, 1); } catch { return text; }
  }
  const nameOf = (story) => `${story.scenario}/${story.session}`;
  const byName = new Map(data.sessions.map((story, at) => [nameOf(story), at]));

  /* the hash keeps what is looked for, and what is looked at */
  function state() {
    const text = location.hash.slice(1);
    return new URLSearchParams(text.includes("=") ? text : "");
  }
  function address(change) {
    const params = state();
    for (const [key, value] of Object.entries(change)) {
      if (value) params.set(key, value);
      else params.delete(key);
    }
    return `#${params}`;
  }
  function move(change, silent) {
    const next = address(change);
    if (next === location.hash || (next === "#" && !location.hash)) return apply();
    if (silent) { history.replaceState(null, "", next === "#" ? location.pathname + location.search : next); apply(); }
    else location.hash = next;
  }

  /* search and filter */
  const words = data.sessions.map((story) => JSON.stringify([
    story.scenario, story.session, story.answer, story.reason, story.faults, story.turns, story.findings,
    (story.calls || []).map((call) => [call.svc, call.op, call.req, call.out, call.complaint, call.effects,
      data.texts[call.asked], data.texts[call.said]]),
  ]).toLowerCase());
  function options() {
    const known = { scenario: new Set(), service: new Set(), fault: new Set(), answer: new Set(), outcome: new Set(["went wrong", "went well"]) };
    for (const story of data.sessions) {
      known.scenario.add(story.scenario);
      (story.services || []).forEach((each) => known.service.add(each));
      (story.faults || []).forEach((each) => known.fault.add(each));
      if (story.answer) known.answer.add(story.answer);
    }
    for (const [field, values] of Object.entries(known)) {
      const select = form.elements[field];
      select.append(el("option", { value: "" }, "all"));
      [...values].sort().forEach((each) => select.append(el("option", { value: each }, each.replaceAll("_", " "))));
    }
  }
  function fits(story, at, wanted) {
    const text = (wanted.get("q") || "").toLowerCase().trim();
    return (!wanted.get("scenario") || story.scenario === wanted.get("scenario"))
      && (!wanted.get("service") || (story.services || []).includes(wanted.get("service")))
      && (!wanted.get("fault") || (story.faults || []).includes(wanted.get("fault")))
      && (!wanted.get("answer") || story.answer === wanted.get("answer"))
      && (!wanted.get("outcome") || (wanted.get("outcome") === "went well") === Boolean(story.good))
      && text.split(/\s+/).every((word) => words[at].includes(word));
  }
  function filter(wanted) {
    let shown = 0;
    for (const row of rows) {
      const at = Number(row.dataset.story);
      row.hidden = !fits(data.sessions[at], at, wanted);
      shown += row.hidden ? 0 : 1;
    }
    form.querySelector(".count").textContent = shown === rows.length ? `${rows.length} sessions` : `${shown} of ${rows.length} sessions`;
    document.querySelector(".nothing").hidden = shown > 0;
    for (const field of FIELDS) {
      const value = wanted.get(field) || "";
      if (form.elements[field].value !== value) form.elements[field].value = value;
    }
  }

  /* timelines */
  let open = -1;
  let opener = null;
  function apply() {
    const wanted = state();
    filter(wanted);
    const at = byName.get(wanted.get("session") || "");
    if (at === undefined) { if (dialog.open) dialog.close(); open = -1; return; }
    if (at !== open) { open = at; draw(at); }
    if (!dialog.open) { opener = document.activeElement; dialog.showModal(); }
    reveal(Number(wanted.get("call")));
  }
  function reveal(call) {
    const lane = call ? dialog.querySelector(`button.lane[data-call="${call}"]`) : null;
    for (const each of dialog.querySelectorAll('button.lane[aria-expanded="true"]')) if (each !== lane) fold(each);
    if (!lane) return;
    if (lane.getAttribute("aria-expanded") !== "true") unfold(lane);
    lane.focus({ preventScroll: true });
    lane.scrollIntoView({ block: "center" });
  }
  function fold(lane) {
    lane.setAttribute("aria-expanded", "false");
    lane.nextElementSibling?.remove();
  }
  function unfold(lane) {
    lane.setAttribute("aria-expanded", "true");
    lane.after(details(data.sessions[open], lane.story));
  }
  function shift(by) {
    const visible = rows.filter((row) => !row.hidden).map((row) => Number(row.dataset.story));
    const list = visible.includes(open) ? visible : rows.map((row) => Number(row.dataset.story));
    const next = list[(list.indexOf(open) + by + list.length) % list.length];
    move({ session: nameOf(data.sessions[next]), call: "" });
  }
  function button(text, act) {
    const made = el("button", { type: "button" }, text);
    made.addEventListener("click", act);
    return made;
  }
  function draw(at) {
    const story = data.sessions[at];
    const parts = sections(story);
    dialog.replaceChildren(
      el("div", { class: "story-head" },
        el("div", { class: "story-bar" },
          el("h2", { id: "story-title" }, `${story.session} `, el("span", { class: "kind" }, story.scenario)),
          el("div", {}, button("Previous", () => shift(-1)), button("Next", () => shift(1)), button("Close", () => dialog.close())))),
      el("div", { class: "story-body" },
        el("p", { class: "note" }, "Arrow keys go from call to call, Enter opens one, [ and ] go to other sessions, Esc closes. The address is a link to what is shown."),
        el("div", { class: "again" }, el("span", { class: "soft" }, "Do it again"), el("code", { class: "command" }, story.again)),
        findings(story), ...parts, ledger(story)));
    dialog.scrollTop = 0;
  }
  function findings(story) {
    if (!story.findings) return null;
    return el("ul", { class: "story-findings" }, ...story.findings.map((each) => {
      const bad = each.severity === "violation";
      return el("li", { class: `problem ${bad ? "bad" : "mild"}` },
        el("div", { class: "problem-head" }, el("span", { class: "mark", "aria-hidden": "true" }, bad ? "✗" : "·"), el("h3", {}, each.text)),
        each.hint ? el("p", { class: "hint" }, el("b", {}, "Do: "), each.hint) : null,
        el("p", { class: "meta" }, el("span", { class: "label" }, `${each.severity} · ${each.check}`),
          ...(each.calls || []).map((call) => el("a", { class: "place", href: address({ session: nameOf(story), call }) }, `#${call}`))),
        each.expected || each.seen ? el("dl", { class: "pairs" },
          ...(each.expected ? [el("dt", {}, "expected"), el("dd", {}, each.expected)] : []),
          ...(each.seen ? [el("dt", {}, "seen"), el("dd", {}, each.seen)] : [])) : null);
    }));
  }
  function sections(story) {
    if (!story.turns && !story.calls)
      return [el("p", { class: "empty" }, `The timeline of this session was left out for size: evalkit show ${data.run} ${nameOf(story)} prints it.`)];
    const parts = [];
    const turns = story.turns || [];
    const own = (list, turn) => (list || []).filter((each) => (each.turn || 0) === turn);
    turns.forEach((turn, place) => {
      const before = turns[place - 1];
      if (before && turn.at - (before.end ?? turn.at) >= 1e6)
        parts.push(el("p", { class: "between" }, `${took(turn.at - before.end)} until the next turn`));
      parts.push(turnPart(story, turn, own(story.calls, turn.n), own(story.hooks, turn.n), [...own(story.missed, turn.n), ...own(story.loose, turn.n)]));
    });
    const loose = own(story.calls, 0), hooks = own(story.hooks, 0), rest = [...own(story.missed, 0), ...own(story.loose, 0)];
    if (loose.length || hooks.length || rest.length) {
      const at = Math.min(...[...loose, ...hooks, ...rest].map((each) => each.at));
      parts.push(el("section", { class: "turn" }, el("h3", {}, "Outside of turns"), lanes(story, at, at, loose, hooks, rest)));
    }
    if (story.more) parts.push(el("p", { class: "note" }, `${story.more} more calls are not shown.`));
    if (story.reason) parts.push(el("p", { class: "said wrong" }, el("b", {}, "The session ended"), story.reason));
    return parts;
  }
  function turnPart(story, turn, calls, hooks, rest) {
    const about = [turn.end === undefined ? "never ended" : took(turn.end - turn.at)];
    if (turn.late >= 1e6) about.push(`began ${took(turn.late)} late`);
    if (turn.answer) about.push(turn.answer.replaceAll("_", " "));
    if (turn.confidence !== undefined) about.push(`confidence ${turn.confidence}`);
    const failed = turn.error || turn.cut;
    return el("section", { class: "turn" },
      el("h3", {}, `Turn ${turn.n}`, el("span", { class: "soft" }, about.join(" · "))),
      turn.input ? el("div", { class: "said" }, el("b", {}, "asked"), turn.input) : null,
      lanes(story, turn.at, turn.end ?? turn.at, calls, hooks, rest),
      failed ? el("div", { class: "said wrong" }, el("b", {}, turn.cut ? "timed out" : "raised"), turn.error || "cut at its deadline",
        turn.trace ? el("details", {}, el("summary", {}, "Traceback"), el("pre", {}, turn.trace)) : null) : null,
      turn.text ? el("div", { class: "said agent" }, el("b", {}, "replied"), turn.text) : null);
  }
  function lanes(story, begin, end, calls, hooks, rest) {
    const all = [...calls, ...hooks].sort((a, b) => a.at - b.at || (a.n || 0) - (b.n || 0));
    const last = Math.max(end, ...all.map((each) => each.end ?? each.at), ...rest.map((each) => each.at), begin + 1);
    const scale = { begin, span: last - begin };
    const items = [el("li", { class: "axis", "aria-hidden": "true" }, el("span", {}, "call"),
      el("span", { class: "scale" }, ...[0, 0.25, 0.5, 0.75, 1].map((part) => el("span", {}, took(scale.span * part)))), el("span", {}))];
    let free = begin;
    const wait = (from, to, then) => {
      if (to - from < 1e6) return;
      items.push(el("li", {}, el("div", { class: "lane wait" }, el("span", { class: "who" }, "no call in flight"),
        track(scale, [["wait", from, to]], []), el("span", { class: "took" }, `${took(to - from)}${then}`))));
    };
    for (const each of all) {
      wait(free, each.at, each.try ? ` before attempt ${each.try}` : "");
      items.push(el("li", {}, lane(story, each, scale)));
      free = Math.max(free, each.end ?? last);
    }
    if (end > begin && calls.length) wait(free, end, "");
    for (const each of rest) items.push(el("li", {}, el("div", { class: "lane wait" }, el("span", { class: "who" }, each.log ? "log" : "fault"), el("span", { class: "tags" }, el("span", { class: each.log ? "tag" : "tag fault" }, each.text)), el("span", { class: "took" }, `at ${took(each.at - begin)}`))));
    return items.length > 1 ? el("ol", { class: "lanes" }, ...items) : null;
  }
  function track(scale, bars, effects) {
    const svg = shape("svg", { class: "track", viewBox: "0 0 1000 20", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" });
    const x = (at) => Math.max(0, Math.min(1000, (at - scale.begin) / scale.span * 1000));
    svg.append(shape("rect", { class: "back", x: 0, y: 8.5, width: 1000, height: 3 }));
    for (const [name, from, to] of bars)
      svg.append(shape("rect", { class: name, x: Math.min(x(from), 997).toFixed(2), y: 4, width: Math.max(x(to) - x(from), 3).toFixed(2), height: 12 }));
    for (const at of effects) svg.append(shape("rect", { class: "effect", x: Math.max(0, Math.min(x(at) - 3, 993)).toFixed(2), y: 1, width: 7, height: 18 }));
    return svg;
  }
  function lane(story, call, scale) {
    const end = call.end ?? scale.begin + scale.span;
    const bars = [];
    if (call.bad) bars.push(["wrongbar", call.at, end]);
    else if (call.tokens && call.first !== undefined) bars.push(["pending", call.at, call.first], ["stream", call.first, call.last ?? end]);
    else bars.push([call.tokens ? "stream" : "tool", call.at, end]);
    const made = el("button", { type: "button", class: `lane${call.bad ? " wrong" : ""}`, "aria-expanded": "false", "data-call": call.n },
      el("span", { class: "who" }, el("span", { class: "no" }, call.n ? `#${call.n}` : "←"), el("b", { class: "svc" }, call.svc), ` ${call.op}`,
        el("span", { class: "tags" },
          call.try ? el("span", { class: "tag try" }, `attempt ${call.try} of #${call.of}`) : null,
          call.layer ? el("span", { class: "tag try" }, call.layer) : null,
          ...(call.faults || []).map((each) => el("span", { class: "tag fault" }, `fault ${each}`)),
          ...(call.effects || []).map((each) => el("span", { class: "tag effect" }, `effect ${each.text}`)))),
      track(scale, bars, (call.effects || []).map((each) => each.at)),
      el("span", { class: "took" }, `${call.bad ? "✗ " : ""}${call.out} · ${call.end === undefined ? "open" : took(call.end - call.at)}`));
    made.story = call;
    made.addEventListener("click", () => {
      if (!call.n) return made.getAttribute("aria-expanded") === "true" ? fold(made) : unfold(made);
      const shut = made.getAttribute("aria-expanded") === "true";
      move({ session: nameOf(story), call: shut ? "" : call.n }, true);
    });
    return made;
  }
  function details(story, call) {
    const pairs = [];
    const pair = (name, text) => { if (text !== undefined && text !== null && text !== "") pairs.push(el("dt", {}, name), el("dd", {}, text)); };
    pair("asked", call.req);
    pair("began", `${took(call.at)} of world time`);
    if (call.first !== undefined) pair("first piece", `after ${took(call.first - call.at)}`);
    if (call.last !== undefined) pair("last piece", `after ${took(call.last - call.at)}`);
    if (call.end !== undefined) pair("ended", `after ${took(call.end - call.at)}: ${call.out}${call.sent ? `, ${call.sent.toLocaleString("en")} bytes sent` : ""}`);
    pair("answered by", call.route);
    if (call.tokens) pair("model", `${call.model || ""} · ${call.tokens[0].toLocaleString("en")} tokens in, ${call.tokens[1].toLocaleString("en")} out`);
    pair("the mock says", call.complaint);
    (call.breaches || []).forEach((each) => pair("breaks the contract", each));
    (call.faults || []).forEach((each) => pair("fault", each));
    (call.effects || []).forEach((each) => pair("effect", `${each.text}${each.data ? `: ${each.data}` : ""}`));
    if (call.n) pair("more", el("code", {}, `evalkit explain ${data.run} ${nameOf(story)}#${call.n}`));
    const body = (title, number, size) => size || number !== undefined ? el("div", {}, el("h4", {}, size ? `${title}, ${size.toLocaleString("en")} bytes` : title),
      number === undefined || number < 0 ? el("p", { class: "soft" }, "left out for size") : el("pre", { tabindex: "0", role: "group", "aria-label": title }, laidOut(data.texts[number]))) : null;
    return el("div", { class: "detail" }, el("dl", {}, ...pairs),
      el("div", { class: "bodies" }, el("div", {}, body("Request", call.asked, call.askedSize), call.heads !== undefined ? body("Headers", call.heads) : null),
        el("div", {}, body(call.broken ? "Reply, had it come whole" : "Reply", call.said, call.saidSize))));
  }
  function ledger(story) {
    const all = (story.calls || []).flatMap((call) => (call.effects || []).map((each) => ({ ...each, call }))).sort((a, b) => a.at - b.at);
    if (!all.length) return null;
    return el("section", { class: "turn" }, el("h3", { id: "ledger" }, "Ledger: what was changed"),
      el("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "ledger" }, el("table", {},
        el("thead", {}, el("tr", {}, ...["Effect", "By", "Data"].map((each) => el("th", { scope: "col" }, each)), el("th", { scope: "col", class: "num" }, "World time"))),
        el("tbody", {}, ...all.map((each) => el("tr", {}, el("th", { scope: "row" }, each.text),
          el("td", {}, el("a", { href: address({ session: nameOf(story), call: each.call.n }) }, `#${each.call.n} ${each.call.svc}`)),
          el("td", {}, each.data || "–"), el("td", { class: "num" }, took(each.at))))))));
  }

  /* wiring */
  dialog.addEventListener("keydown", (event) => {
    if (event.target.matches?.("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "[" || event.key === "]") return shift(event.key === "[" ? -1 : 1);
    const stops = [...dialog.querySelectorAll("button.lane")];
    const at = stops.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: stops.length - 1 }[event.key];
    if (to === undefined || !stops.length || document.activeElement?.tagName === "PRE") return;
    event.preventDefault();
    stops[Math.max(0, Math.min(to, stops.length - 1))].focus();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    open = -1;
    if (state().get("session")) move({ session: "", call: "" }, true);
    opener?.focus?.({ preventScroll: true });
  });
  form.addEventListener("input", () => move(Object.fromEntries(FIELDS.map((each) => [each, form.elements[each].value])), true));
  form.addEventListener("reset", (event) => { event.preventDefault(); move(Object.fromEntries(FIELDS.map((each) => [each, ""])), true); });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", apply);
  document.addEventListener("click", (event) => {
    const list = event.target instanceof Element && event.target.closest("a.filtered");
    if (list) document.getElementById("sessions").scrollIntoView();
  });
  for (const row of rows) row.addEventListener("click", (event) => {
    if (!event.target.closest("a") && !String(getSelection())) move({ session: nameOf(data.sessions[Number(row.dataset.story)]), call: "" });
  });
  document.querySelectorAll(".js").forEach((each) => { each.hidden = false; });
  options();
  apply();
})();
