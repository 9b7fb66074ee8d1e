// Keyboard shortcuts. The page is the registry: an element with data-keys="g c" is pressed by G, then C;
// alternatives are parted by "|" ("/|mod+k"), its name in the help is data-label or its text. So a page adds a
// shortcut by an attribute, and two that clash are told to the console (a test looks there).
const PATIENCE = 1200; // milliseconds between the two letters of a sequence

function bindings() {
  const found = new Map();
  for (const element of document.querySelectorAll("[data-keys]")) {
    for (const keys of element.dataset.keys.split("|")) {
      if (found.has(keys)) console.error(`two elements answer to the keys "${keys}"`);
      found.set(keys, element);
    }
  }
  return found;
}

let started = "";
let timer = 0;

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.isComposing || document.querySelector("dialog:modal")) return;
  const mod = event.ctrlKey || event.metaKey;
  if (!mod) {
    if (event.target.matches?.("input, textarea, select, [contenteditable]")) return;
    if (document.documentElement.dataset.shortcuts === "off") return; // WCAG 2.1.4
  }
  const key = (mod ? "mod+" : "") + event.key.toLowerCase();
  const keys = started ? `${started} ${key}` : key;
  const all = bindings();
  started = "";
  clearTimeout(timer);
  const element = all.get(keys);
  if (element) {
    event.preventDefault();
    element.click();
    if (element.matches("input")) element.focus();
  } else if (!mod && [...all.keys()].some((other) => other.startsWith(`${keys} `))) {
    started = keys;
    timer = setTimeout(() => { started = ""; }, PATIENCE);
  }
});

// The help lists what this page answers to.
const help = document.getElementById("keys");
help?.addEventListener("toggle", (event) => {
  if (event.newState !== "open") return;
  const list = help.querySelector("[data-keys-list]");
  const row = (element) => {
    const term = document.createElement("dt");
    term.textContent = element.dataset.label ?? element.textContent.trim();
    const keys = document.createElement("dd");
    element.dataset.keys.split("|").forEach((one, place) => {
      if (place) keys.append(` ${list.dataset.or} `);
      one.split(" ").forEach((key, step) => {
        if (step) keys.append(` ${list.dataset.then} `);
        const cap = document.createElement("kbd");
        cap.textContent = key.replace("mod+", "Ctrl ").toUpperCase().replace("CTRL", "Ctrl");
        keys.append(cap);
      });
    });
    const line = document.createElement("div");
    line.append(term, keys);
    return line;
  };
  list.replaceChildren(...[...document.querySelectorAll("[data-keys]")].map(row));
});
bindings();
