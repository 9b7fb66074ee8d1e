// The console's own script: this file and the four it loads. No build; each does one thing.
//   live.js     one stream for all tabs, <x-live>, pause
//   keys.js     keyboard shortcuts, read from the page
//   palette.js  Ctrl K
//   pages.js    copy, live lists that are filtered, choose all
import "./live.js";
import "./keys.js";
import "./palette.js";
import "./pages.js";

const root = document.documentElement;

// Popovers that came with a part take the place of those it brought last time.
customElements.define("x-popovers", class extends HTMLElement {
  connectedCallback() {
    for (const other of document.querySelectorAll(`x-popovers[data-of="${CSS.escape(this.dataset.of)}"]`)) {
      if (other !== this) other.remove();
    }
  }
});

// A toast leaves after six seconds, but not while it is looked at.
customElements.define("x-toast", class extends HTMLElement {
  connectedCallback() {
    if (this.parentElement?.id !== "toasts") return; // the styleguide shows one that stays
    const leave = () => { this.timer = setTimeout(() => this.remove(), 6000); };
    const stay = () => clearTimeout(this.timer);
    for (const event of ["pointerenter", "focusin"]) this.addEventListener(event, stay);
    for (const event of ["pointerleave", "focusout"]) this.addEventListener(event, () => { stay(); leave(); });
    this.addEventListener("htmx:after:request", () => this.remove());
    leave();
  }
});

// What could not be asked is said, so that nobody takes the old answer for the new one.
document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.ctx) document.getElementById("toasts").replaceChildren(document.getElementById("unasked").content.cloneNode(true));
});

// A button with data-opens shows the dialog of that id.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
});

// Light, density, shortcuts: at once here, and kept by the server. A new language needs a new page.
function keep(form, name, value) {
  if (name === "theme" && value === "system") delete root.dataset.theme;
  else if (name === "theme") root.dataset.theme = value;
  if (name === "shortcuts") root.dataset.shortcuts = value;
  if (name === "density") {
    for (const place of [document.body, document.getElementById("main")]) {
      if (value === "dense") place.dataset.density = value;
      else delete place.dataset.density;
    }
  }
  for (const button of document.querySelectorAll(`form[data-tastes] button[name="${name}"]`)) {
    button.ariaPressed = String(button.value === value);
  }
  fetch(form.action, { method: "POST", body: new URLSearchParams({ [name]: value }), redirect: "manual" });
}
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-tastes]");
  const choice = event.submitter;
  if (!form || !choice || choice.name === "lang") return;
  event.preventDefault();
  keep(form, choice.name, choice.value);
});
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-tastes]");
  if (form) keep(form, event.target.name, event.target.checked ? "on" : "off");
});

// What is swapped into #side opens beside the page; Escape closes it and gives the focus back.
const side = document.getElementById("side");
let before = null;
document.addEventListener("htmx:after:swap", (event) => {
  if (!side || event.detail.ctx.target !== side) return;
  if (!side.open) { before = document.activeElement; side.show(); }
  side.querySelector("h2")?.focus();
});
side?.addEventListener("close", () => before?.focus());
side?.addEventListener("keydown", (event) => { if (event.key === "Escape") side.close(); });

// On a phone the tabs are wider than the page: the one that is open is in sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
