// The palette: a combobox over what the server found. Arrows move, Enter goes, Escape closes (the dialog does that).
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = document.getElementById("palette-list");

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

dialog?.addEventListener("toggle", (event) => {
  if (event.newState !== "open") return;
  input.select();
  htmx.trigger(input, "ask"); // the answers may have changed since
});
document.addEventListener("htmx:after:swap", (event) => {
  if (list && event.detail.ctx.target === list) choose(options()[0]);
});
input?.addEventListener("keydown", (event) => {
  const all = options();
  const place = all.findIndex((option) => option.ariaSelected === "true");
  if (event.key === "ArrowDown") choose(all[(place + 1) % all.length]);
  else if (event.key === "ArrowUp") choose(all.at(place - 1));
  else if (event.key === "Enter") all[place]?.click();
  else return;
  event.preventDefault();
});
list?.addEventListener("pointermove", (event) => {
  const option = event.target.closest('[role="option"]');
  if (option && option.ariaSelected !== "true") choose(option);
});
