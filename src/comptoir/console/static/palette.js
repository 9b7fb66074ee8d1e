// The palette: a combobox over what the server found. Arrows move, Enter goes, Escape closes (the dialog does that).
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = document.getElementById("palette-list");
let answered = null; // the question that the list answers to
let hurried = false; // Enter was pressed before the answer to what is typed: it goes when that comes

const options = () => [...list.querySelectorAll('[role="option"]:not([aria-disabled])')];

function choose(option) {
  for (const other of options()) other.ariaSelected = String(other === option);
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

// Not at the toggle, which comes after the first keys of who types fast and would forget them.
dialog?.addEventListener("beforetoggle", (event) => {
  if (event.newState !== "open") return;
  answered = null;
  hurried = false;
  input.select(); // the word of last time goes with the first key, also where no focus event comes
  htmx.trigger(input, "ask"); // the answers may have changed since
});
input?.addEventListener("focus", () => input.select());
input?.addEventListener("input", () => { hurried = false; });
document.addEventListener("htmx:before:request", (event) => {
  if (event.detail.ctx.sourceElement === input) event.detail.ctx.question = input.value;
});
document.addEventListener("htmx:after:swap", (event) => {
  if (!list || event.detail.ctx.target !== list) return;
  answered = event.detail.ctx.question;
  choose(options()[0]);
  if (hurried && answered === input.value) options()[0]?.click();
});
input?.addEventListener("keydown", (event) => {
  const all = options();
  const place = all.findIndex((option) => option.ariaSelected === "true");
  if (event.key === "ArrowDown") choose(all[(place + 1) % all.length]);
  else if (event.key === "ArrowUp") choose(all.at(place - 1));
  else if (event.key === "Enter") {
    if (answered === input.value) all[place]?.click();
    else hurried = true;
  } else return;
  event.preventDefault();
});
list?.addEventListener("pointermove", (event) => {
  const option = event.target.closest('[role="option"]');
  if (option && option.ariaSelected !== "true") choose(option);
});
