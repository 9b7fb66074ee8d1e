// What moves by itself. All tabs of a browser share one stream: the tab that holds the lock reads it and passes each
// message on by BroadcastChannel. When it closes, the lock goes to another tab, which reads on after the last message.
// Without locks (plain http, not localhost) each tab reads for itself.
const body = document.body;
const signedIn = "position" in body.dataset;
const NAME = `comptoir-live-${document.documentElement.lang}`;
const ME = crypto.randomUUID?.() ?? String(Math.random());
const PATIENCE = 4000; // milliseconds before a broken stream is called offline

const bus = new BroadcastChannel(NAME);
const topicsHere = () => [...document.querySelectorAll("x-live")].map((place) => place.dataset.topic);
const wanted = new Map([[ME, topicsHere()]]); // tab → its topics; the reader's list of all tabs
let last = body.dataset.position ?? "";
let stream = null; // the reader's EventSource; null in tabs that listen
let reading = false;
let letGo = null; // gives the lock up
let state = "loading";
let busy = 0;
let silence = 0;
let announcing = 0;

let paused = localStorage.getItem("paused") === "1"; // told by message, too: storage is slower between tabs

// ---------- what the reader of the page sees

function show(next = state) {
  state = next;
  body.dataset.link = busy ? "loading" : state;
  const words = document.querySelector("x-link");
  if (words && words.textContent !== words.dataset[state]) words.textContent = words.dataset[state];
  const button = document.querySelector("[data-pause]");
  if (button) button.ariaPressed = String(paused);
}

function beat(clock) {
  for (const place of document.querySelectorAll("[data-beat]")) place.textContent = clock;
}

function say({ topic, html, id }) {
  last = id;
  for (const place of document.querySelectorAll(`x-live[data-topic="${CSS.escape(topic)}"]`)) place.take(html);
}

customElements.define("x-live", class extends HTMLElement {
  connectedCallback() { announce(); }
  disconnectedCallback() { announce(); }
  take(html) {
    const target = this.firstElementChild;
    const grows = this.dataset.mode === "prepend";
    htmx.swap({ sourceElement: this, target, text: html, swap: grows ? "prepend" : "innerMorph" }).then(() => {
      while (grows && target.childElementCount > Number(this.dataset.keep)) target.lastElementChild.remove();
    });
  }
});
customElements.define("x-link", class extends HTMLElement {});

// ---------- between the tabs

function announce() {
  cancelAnimationFrame(announcing);
  announcing = requestAnimationFrame(() => {
    const topics = topicsHere();
    wanted.set(ME, topics);
    if (reading) read();
    else bus.postMessage({ kind: "want", tab: ME, topics });
  });
}

bus.onmessage = ({ data }) => {
  if (data.kind === "say") say(data);
  else if (data.kind === "beat") beat(data.clock);
  else if (data.kind === "link") { if (!reading) show(data.state); }
  else if (data.kind === "who") announce();
  else if (data.kind === "pause") pause(data.on);
  else if (data.kind === "bye") wanted.delete(data.tab);
  else if (data.kind === "want" && reading) {
    wanted.set(data.tab, data.topics);
    read();
    tell("link", { state });
    tell("beat", { clock: document.querySelector("[data-beat]")?.textContent ?? "" });
  }
};

function tell(kind, more) { bus.postMessage({ kind, ...more }); }

// ---------- the one who reads

function read() {
  if (paused) return close("paused");
  const topics = [...new Set([...wanted.values()].flat())].sort();
  const missing = topics.filter((topic) => !stream?.topics.includes(topic));
  if (stream && stream.readyState !== EventSource.CLOSED && !missing.length) return;
  close(stream ? state : "loading");
  stream = new EventSource(`/live?${new URLSearchParams({ topics: topics.join(), after: last })}`);
  stream.topics = topics;
  stream.addEventListener("beat", ({ data }) => {
    quiet();
    link("live");
    beat(data);
    tell("beat", { clock: data });
  });
  for (const topic of topics) {
    stream.addEventListener(topic, ({ data, lastEventId }) => {
      const message = { topic, html: data, id: lastEventId };
      say(message);
      tell("say", message);
    });
  }
  stream.onerror = () => {
    silence ||= setTimeout(() => { silence = 0; link("offline"); read(); }, PATIENCE);
  };
}

function link(next) {
  show(next);
  tell("link", { state: next });
}

function quiet() {
  clearTimeout(silence);
  silence = 0;
}

function close(next) {
  quiet();
  stream?.close();
  stream = null;
  link(next);
}

function pause(on) {
  paused = on;
  if (reading) read();
  else show(paused ? "paused" : "loading");
}

function lead() {
  reading = true;
  tell("who");
  read();
  return new Promise((done) => { letGo = done; });
}

function start() {
  announce();
  show(paused ? "paused" : "loading");
  if (navigator.locks) navigator.locks.request(NAME, lead);
  else lead();
}

if (signedIn) {
  start();
  addEventListener("pagehide", () => {
    tell("bye", { tab: ME });
    reading = false;
    stream?.close();
    stream = null;
    letGo?.();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) start(); });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-pause]")) return;
    localStorage.setItem("paused", paused ? "0" : "1");
    pause(!paused);
    tell("pause", { on: paused });
  });
  // A request of htmx that lasts makes the brass rail slide.
  document.addEventListener("htmx:before:request", (event) => {
    const wait = setTimeout(() => { busy += 1; event.detail.ctx.slow = true; show(); }, 300);
    event.target.addEventListener("htmx:finally:request", () => {
      clearTimeout(wait);
      if (event.detail.ctx.slow) { busy -= 1; show(); }
    }, { once: true });
  });
}
