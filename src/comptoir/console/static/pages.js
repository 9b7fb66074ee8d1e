// What the pages need beyond the frame. Each element does one thing; without this file every page still works.

// <x-copy><code>…</code><button data-said="Copied">: the text, or data-copy, goes to the clipboard.
customElements.define("x-copy", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", async (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const code = this.querySelector("code");
      await navigator.clipboard.writeText(code.dataset.copy ?? code.textContent);
      const label = button.lastChild;
      const before = label.textContent;
      label.textContent = button.dataset.said;
      setTimeout(() => { label.textContent = before; }, 2000);
    });
  }
});

// <x-pulse data-for="tail" data-at="…">: when the number moves, the part of that id asks for itself again, with the
// filters of its own address. So a list that is filtered by the server is live by the one stream.
customElements.define("x-pulse", class extends HTMLElement {
  static observedAttributes = ["data-at"];
  attributeChangedCallback(_, before, now) {
    if (before !== null && before !== now) htmx.trigger(document.getElementById(this.dataset.for), "pulse");
  }
});

// A box in the head of a table chooses all boxes below it.
document.addEventListener("change", (event) => {
  const all = event.target.closest("input[data-all]");
  if (!all) return;
  for (const one of all.closest("table").querySelectorAll("tbody input[type=checkbox]")) one.checked = all.checked;
});
