// Keeps a page up to date: fetches the same page and swaps <main>. Without this script everything works, by reload.
"use strict";

(() => {
  const EVERY = 5000;
  const STORE = "adapter-live";
  const main = () => document.getElementById("main");
  if (!main().hasAttribute("data-live")) return;

  const words = main().dataset;
  const footer = document.getElementById("footer");
  const label = document.createElement("label");
  const box = document.createElement("input");
  const told = document.createElement("span");
  box.type = "checkbox";
  box.checked = localStorage.getItem(STORE) !== "off";
  label.append(box, " " + words.switch);
  footer.append(label, told);

  let shown = new Date();
  const clock = (date) => date.toLocaleTimeString("sv-SE", { timeZone: "Europe/Stockholm" });
  const tell = (text, failed) => {
    told.textContent = `${text} ${clock(shown)}`;
    told.className = failed ? "failed" : "";
  };

  // A person who reads a menu, writes a reason or moves through the page must not have it taken away.
  const busy = () =>
    document.hidden ||
    !box.checked ||
    main().querySelector("details[open]") !== null ||
    (main() !== document.activeElement && main().contains(document.activeElement)) ||
    !document.getSelection().isCollapsed;

  const refresh = async () => {
    if (busy()) return;
    try {
      const answer = await fetch(location.href, { cache: "no-store", redirect: "error" });
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("main");
      if (busy() || !fresh) return;
      shown = new Date();
      if (fresh.innerHTML !== main().innerHTML) main().replaceChildren(...fresh.childNodes);
      tell(words.updated, false);
    } catch {
      tell(words.offline, true);
    }
  };

  box.addEventListener("change", () => {
    localStorage.setItem(STORE, box.checked ? "on" : "off");
    refresh();
  });
  document.addEventListener("visibilitychange", refresh);
  tell(words.updated, false);
  setInterval(refresh, EVERY);
})();
