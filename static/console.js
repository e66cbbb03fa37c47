// Refreshes what is looked at, and listens for keys. Without it everything works as well.
"use strict";
(() => {
  const main = document.querySelector("#main");
  const pause = document.querySelector("#pause");
  const fresh = document.querySelector("#fresh");
  const every = 5000;
  let paused = false;
  let seen = Date.now();
  let current = -1;

  const lines = () => [...document.querySelectorAll("[data-lines] tbody tr")];
  const choose = (place) => {
    const all = lines();
    if (all.length === 0) return;
    current = Math.max(0, Math.min(all.length - 1, place));
    all.forEach((line, number) => line.classList.toggle("current", number === current));
    all[current].scrollIntoView({ block: "nearest" });
    const link = all[current].querySelector("a");
    if (link) link.focus({ preventScroll: true });
  };

  // Nothing that somebody is busy with is taken from under their hands.
  const isBusy = () => {
    const active = document.activeElement;
    const typing = active && active.matches("input, select, textarea");
    const changed = [...main.querySelectorAll("input, textarea")]
      .some((one) => one.value !== one.defaultValue || one.checked !== one.defaultChecked);
    return paused || document.hidden || typing || changed || String(window.getSelection()) !== "";
  };

  const refresh = async () => {
    if (isBusy()) return;
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
    if (!answer.ok || isBusy()) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.querySelector("#main");
    if (!next || !next.hasAttribute("data-live")) return location.reload();
    const open = [...main.querySelectorAll("details")].map((details) => details.open);
    const focused = document.activeElement && document.activeElement.getAttribute("href");
    main.replaceChildren(...next.childNodes);
    [...main.querySelectorAll("details")].forEach((details, place) => {
      if (place < open.length) details.open = open[place];
    });
    if (focused) {
      const again = main.querySelector(`a[href="${CSS.escape(focused)}"]`);
      if (again) again.focus({ preventScroll: true });
    }
    if (current >= 0) lines().forEach((line, number) => line.classList.toggle("current", number === current));
    document.querySelector("#made-at").textContent = page.querySelector("#made-at").textContent;
    seen = Date.now();
  };

  const tell = () => {
    const age = Math.round((Date.now() - seen) / 1000);
    fresh.textContent = paused ? `(paused, ${age} s old)` : `(${age} s old)`;
  };

  const toggle = () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    tell();
  };

  if (main && main.hasAttribute("data-live") && pause) {
    pause.hidden = false;
    pause.addEventListener("click", toggle);
    setInterval(() => refresh().catch(() => {}), every);
    setInterval(tell, 1000);
  }

  let before = "";
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const search = document.querySelector("#q");
    const keys = document.querySelector("#keys");
    const go = { gh: "/console", go: "/console/onboardings" }[before + event.key];
    before = event.key === "g" ? "g" : "";
    if (go) location.assign(go);
    else if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "j") choose(current + 1);
    else if (event.key === "k") choose(current - 1);
    else if (event.key === "p" && pause && !pause.hidden) toggle();
    else if (event.key === "?" && keys && !keys.open) keys.showModal();
  });
})();
