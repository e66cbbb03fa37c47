// Makes the pages nicer; every page works without it. What it does is said by data attributes:
// data-go: where to go after a moment. data-mark and data-news: reload once the page is another one.
// data-close: a window whose work is done. data-opened: a person has the page before them.
// data-draft: what is typed is kept. data-window: a sign-in gets a window of its own.
(() => {
  const main = document.getElementById("main");
  if (!main) return;
  // A page that is on its way elsewhere is not loaded again: that would stop it.
  let leaving = false;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("gangway") : null;
  const post = (address, fields) =>
    fetch(address, {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(fields),
    });

  // This page as the server would show it now.
  const load = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  const goOn = () => {
    if (main.dataset.go) setTimeout(() => location.assign(main.dataset.go), 2500);
    if ("close" in main.dataset) {
      // Other tabs look for themselves; this one may close only if a script has opened it.
      channel?.postMessage("look");
      setTimeout(() => window.close(), 1500);
    }
  };

  // Another page is to be shown once the server says another mark. Without news it is asked now and then.
  const watch = () => {
    const { mark, news, seconds } = main.dataset;
    if (!mark) return;
    const pause = Math.max(2, Number(seconds) || 15) * 1000;
    // What somebody is typing is not taken from under their hands; sending it shows what is so.
    const typed = () =>
      [...document.querySelectorAll("input:not([type=hidden]), textarea")].some(
        (field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked,
      );
    const reload = () => leaving || typed() || location.reload();
    const look = async () => {
      try {
        const page = await load();
        const there = page.getElementById("main");
        if (!there || there.dataset.mark !== mark) return reload();
      } catch {
        // Offline for a moment: look again.
      }
    };
    const poll = () => setTimeout(async () => { await look(); poll(); }, pause);
    channel?.addEventListener("message", look);
    if (!("EventSource" in window)) return poll();
    const source = new EventSource(news);
    let polls = false;
    source.addEventListener("mark", (event) => event.data !== mark && reload());
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED && !polls) {
        polls = true;
        poll();
      }
    });
    addEventListener("pagehide", () => source.close());
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  };

  // Mail scanners do not stay, and do not look.
  const tellOpened = () => {
    const { opened, proof } = main.dataset;
    if (!opened) return;
    const tell = () => document.hidden || post(opened, { "form-token": proof }).catch(() => {});
    setTimeout(tell, 1500);
  };

  // A second click does nothing; coming back by the back button makes it work again.
  const sendOnce = () => {
    // After a step, whoever reads with a screen reader or a keyboard begins at the new heading.
    const heading = document.querySelector("h1");
    if (sessionStorage.getItem("gangway-sent") && heading && !document.querySelector("[autofocus]")) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
    sessionStorage.removeItem("gangway-sent");
    for (const form of document.querySelectorAll("form[method=post]")) {
      form.addEventListener("submit", (event) => {
        if (form.dataset.sent) return event.preventDefault();
        form.dataset.sent = "yes";
        sessionStorage.setItem("gangway-sent", "yes");
        form.setAttribute("aria-busy", "true");
        leaving = true;
        // Whoever handles it in another window stays here.
        setTimeout(() => event.defaultPrevented && (leaving = false));
      });
    }
    addEventListener("pageshow", () => {
      leaving = false;
      for (const form of document.querySelectorAll("form[data-sent]")) release(form);
    });
  };
  const release = (form) => {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  };

  const copy = () => {
    for (const button of document.querySelectorAll("[data-copy]")) {
      if (!navigator.clipboard) continue;
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
        button.textContent = button.dataset.copied;
      });
    }
  };

  const keepDrafts = () => {
    const form = document.querySelector("form[data-draft]");
    if (!form) return;
    const saved = form.querySelector("[data-saved]");
    // Loading what was refused again would send it again, over what was typed since.
    const here = form.dataset.draft.replace(/\/draft$/, "");
    if (location.pathname !== here) history.replaceState(null, "", here);
    let timer;
    const keep = async () => {
      try {
        const answer = await post(form.dataset.draft, new FormData(form));
        saved.hidden = !answer.ok;
      } catch {
        saved.hidden = true;
      }
    };
    const changed = (event) => {
      if (event.target.dataset.search) return;
      saved.hidden = true;
      clearTimeout(timer);
      timer = setTimeout(keep, 700);
    };
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("submit", () => clearTimeout(timer));
    loadLists(form);
  };

  // A list that was still loading is fetched again, and only its field is put in.
  const loadLists = (form) => {
    let tries = 0;
    const look = async () => {
      const waiting = form.querySelectorAll("[data-loading]");
      if (!waiting.length || (tries += 1) > 40) return;
      try {
        const page = await load();
        for (const field of waiting) {
          const fresh = page.getElementById(field.id);
          if (fresh && !("loading" in fresh.dataset)) {
            field.replaceWith(document.adoptNode(fresh));
            search(fresh);
          }
        }
      } catch {
        // Look again.
      }
      setTimeout(look, 1500);
    };
    setTimeout(look, 800);
  };

  const search = (place) => {
    for (const box of place.querySelectorAll("[data-search]")) {
      const list = document.getElementById(box.dataset.search);
      const found = document.querySelector(`[data-found="${box.dataset.search}"]`);
      const words = found.textContent;
      const options = [...list.options];
      box.hidden = false;
      box.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
      box.addEventListener("input", () => {
        const wanted = box.value.trim().toLocaleLowerCase();
        const shown = options.filter(
          (option) => !option.value || option.selected || option.text.toLocaleLowerCase().includes(wanted),
        );
        list.replaceChildren(...shown);
        found.textContent = words.replace(/\d+/, shown.filter((option) => option.value).length);
      });
    }
  };

  // The window is opened in the click, or it would be blocked; where it goes is known a moment later.
  const openWindows = () => {
    for (const form of document.querySelectorAll("form[data-window]")) {
      const mode = { popup: "window", message: "message" }[form.dataset.window];
      if (!mode) continue;
      form.addEventListener("submit", async (event) => {
        const name = `gangway-${Math.random().toString(36).slice(2)}`;
        const opened = window.open("about:blank", name, "popup,width=560,height=760");
        if (!opened) return; // Blocked: the form is sent in this window.
        event.preventDefault();
        try {
          const answer = await post(form.action, { ...Object.fromEntries(new FormData(form)), mode });
          if (!answer.ok || answer.redirected) throw new Error("not opened");
          const there = await answer.json();
          if (mode === "message") listen(form, there.message);
          opened.location = there.address;
        } catch {
          opened.close();
          location.reload();
        }
        release(form);
      });
    }
  };

  // A message is a reason to look, if it is ours and from Cyclr's pages; the server asks Cyclr.
  const listen = (form, expected) => {
    const hear = async (event) => {
      if (event.origin !== form.dataset.serviceOrigin || event.data !== expected) return;
      removeEventListener("message", hear);
      event.source?.close?.();
      await post(form.dataset.look, { "form-token": new FormData(form).get("form-token") });
    };
    addEventListener("message", hear);
  };

  goOn();
  watch();
  tellOpened();
  sendOnce();
  copy();
  keepDrafts();
  search(document);
  openWindows();
})();
